// Takes new requests in: makes each durable, checks it, and tells its caller. On the executor.
#pragma once

#include <deque>
#include <memory>

#include "app/check_stage.hpp"
#include "app/committer.hpp"
#include "app/context.hpp"
#include "app/watchers.hpp"

namespace backupctl::app {

class Admissions {
 public:
  using Observer = std::function<void(const BackupRequest& row)>;

  // `admitted` is told of every request that was newly written.
  Admissions(Context& context, Committer& committer, CheckStage& checks, Watchers& watchers, Observer admitted)
      : context_(context),
        committer_(committer),
        checks_(checks),
        watchers_(watchers),
        admitted_(std::move(admitted)) {}

  void submit(Submission submission, Handler<SubmitReply> handler);

 private:
  struct Visit;

  void on_admitted(const std::shared_ptr<Visit>& visit, Outcome outcome);
  void on_checked(const std::shared_ptr<Visit>& visit, Checked checked);
  void wait_for_outcome(const std::shared_ptr<Visit>& visit, const BackupRequest& known, bool seen_before);
  void answer_late();
  void answer_for_known(const std::shared_ptr<Visit>& visit, const BackupRequest& known);

  Context& context_;
  Committer& committer_;
  CheckStage& checks_;
  Watchers& watchers_;
  Observer admitted_;
  std::deque<std::weak_ptr<Visit>> waiting_;  // in the order in which they came
  bool looks_after_waiting_ = false;
};

// What the caller of a request hears, given the request as it stands.
SubmitReply reply_for(BackupRequest row, bool seen_before);

}  // namespace backupctl::app
