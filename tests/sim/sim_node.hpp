// One controller process: its executor, its clock, its fault points, and the ways in which it lives and dies.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "backupctl/controller.hpp"
#include "sim/shop.hpp"
#include "sim/sim_jobs.hpp"
#include "sim/sim_repository.hpp"
#include "sim/sim_zone.hpp"

namespace backupctl::sim {

using FaultHits = std::array<std::int64_t, Faults::two_sides>;  // step * 2 + after

class SimNode final : Executor, Clock, FaultPoints, Logger, Notifier {
 public:
  SimNode(Shop& shop, SimJobs& jobs, std::vector<SimZone*> zones, std::int64_t places);
  ~SimNode() override;

  void start();
  void stop_for(Duration away);  // cleanly, then starts again
  void freeze(Duration time);    // like SIGSTOP, then SIGCONT
  void thaw();
  void die();  // as of SIGKILL, then starts again a while later

  // Nothing while it is down. What is asked of it in an earlier life is never answered.
  Controller* controller() { return is_stopping_ ? nullptr : controller_.get(); }
  std::uint64_t life() const { return life_; }
  bool knows_every_zone() const { return knows_every_zone_; }
  bool is_up() const { return controller_ && !is_stopping_ && !is_frozen_; }
  const FaultHits& crashes() const { return crashes_; }
  Executor& executor() { return *this; }

 private:
  struct Crash {};

  void post(Task task) override;
  void post_after(Duration delay, Task task) override;
  Timestamp now() override { return shop_.wall() + skew_; }
  Duration monotonic() override { return shop_.time.now(); }
  void reach(std::string_view step, bool after) override;
  void tell(Notice notice, Handler<Result<void>> handler) override;
  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) override;

  void run(std::uint64_t born, Task task);
  void run_now(const Task& task);
  void end_life(Duration away);
  Duration some_while();

  Shop& shop_;
  SimJobs& jobs_;
  std::vector<SimZone*> zones_;
  std::int64_t places_;
  Duration skew_;
  SimRepository repository_;
  std::unique_ptr<Controller> controller_;
  std::uint64_t life_ = 0;  // what was left for later in an earlier life does nothing
  Duration last_post_{};
  bool is_stopping_ = false;
  bool is_frozen_ = false;
  bool knows_every_zone_ = true;
  std::vector<Task> held_;  // while frozen
  FaultHits crashes_{};
};

}  // namespace backupctl::sim
