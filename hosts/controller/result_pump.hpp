// Brings results from a result store of its own to the controller: removed there only once the controller has them
// durably, so that a crash in between brings one twice, which changes nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "backupctl/controller.hpp"
#include "backupctl/soci/result_store.hpp"
#include "system/worker_threads.hpp"

namespace backupctl::host {

// On the executor. What it borrows outlives it.
class ResultPump {
 public:
  ResultPump(std::unique_ptr<soci::ResultStore> results, Controller& controller, Executor& executor, Logger& logger)
      : results_(std::move(results)), controller_(controller), executor_(executor), logger_(logger) {}

  void start() { read(); }
  void stop() { stopped_ = true; }

 private:
  struct Page;

  void read();
  void on_page(const Result<std::vector<soci::LeftResult>>& page);
  void on_all_kept(const std::shared_ptr<Page>& page);
  void again(bool at_once);

  std::unique_ptr<soci::ResultStore> results_;
  Controller& controller_;
  Executor& executor_;
  Logger& logger_;
  bool stopped_ = false;
  WorkerThreads thread_{1};  // the last member: its tasks end before the others go
};

}  // namespace backupctl::host
