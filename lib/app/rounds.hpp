// Keeps everything moving: heartbeats, and rounds in which whatever is due is claimed and given to its stage. What is
// fresh never waits for a round; what a crash, a delay or another controller left does. On the executor.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/check_stage.hpp"
#include "app/collector.hpp"
#include "app/context.hpp"
#include "app/notices.hpp"
#include "app/store_answers.hpp"
#include "app/zone_lane.hpp"

namespace backupctl::app {

class Rounds {
 public:
  Rounds(Context& context, Committer& committer, CheckStage& checks, Collector& collector, Telling& telling,
         std::vector<ZoneLane*> lanes)
      : context_(context),
        committer_(committer),
        checks_(checks),
        collector_(collector),
        telling_(telling),
        lanes_(std::move(lanes)) {}

  // The first heartbeat, which also frees what dead controllers owned; then rounds until stop().
  void start(Handler<Result<void>> handler);
  void stop() { stopped_ = true; }
  // A round soon: something may have become due.
  void wake();

  bool is_under_way() const { return under_way_; }
  std::string store_trouble() const { return store_.trouble(context_.monotonic()); }

 private:
  using Next = std::function<void()>;
  using Step = std::function<void(Next)>;

  void beat(Handler<Result<void>> handler);
  void give_up_strays(Handler<Result<void>> handler);
  void run_round();
  void run_steps(std::shared_ptr<std::vector<Step>> steps, std::size_t at);
  void end_round();
  void tie_audit();
  void plan_next(Duration delay);
  void on_due(const Result<DueWork>& due);
  void claim(ClaimOrder order, std::function<void(std::vector<BackupRequest>)> take, Next next);
  void add_checks(std::vector<Step>& steps);
  void add_sends(std::vector<Step>& steps, const DueWork& due);
  void add_follows(std::vector<Step>& steps, const DueWork& due);

  Context& context_;
  Committer& committer_;
  CheckStage& checks_;
  Collector& collector_;
  Telling& telling_;
  std::vector<ZoneLane*> lanes_;
  bool started_ = false;
  bool stopped_ = false;
  bool under_way_ = false;
  bool again_ = false;
  bool more_results_ = false;
  StoreAnswers store_;
  Duration next_beat_{};
  Duration next_tie_{};
  Duration next_delay_{};
  std::uint64_t plan_ = 0;  // only the latest planned round starts
};

}  // namespace backupctl::app
