// The one event loop of a server process: an Executor, signals, and the ground the Server and the client stand on.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>

#include "backupctl/executor.hpp"

namespace backupctl::http {

// Thread rule: post, post_after and stop from any thread; run by one thread, which then is the executor; the rest
// before run or on the executor. Outlives the Server, the clients and every task posted to it.
class Runtime final : public Executor {
 public:
  Runtime();
  ~Runtime() override;
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  void post(Task task) override;
  void post_after(Duration delay, Task task) override;

  // Calls `task` on the executor each time one of these signals comes, in place of its default action.
  void on_signal(std::initializer_list<int> signals, Task task);

  // Runs tasks until stop(). What was posted and not yet run is dropped with the Runtime.
  void run();
  void stop();

 private:
  friend struct RuntimeAccess;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace backupctl::http
