// Carries out commands, one a thread, in the order they came.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "backupctl/executor.hpp"
#include "backupctl/log.hpp"
#include "zone/command_store.hpp"
#include "zone/driver.hpp"
#include "zone/metrics.hpp"

namespace backupctl::zone {

struct WorkersOptions {
  ZoneName zone;
  std::size_t count = 2;
  std::chrono::milliseconds store_retry_delay{1000};  // after the store could not be read or written
  std::function<void()> on_result;                    // a result is in the outbox; called on a worker's thread
};

// Thread-safe. What it borrows must outlive it.
class Workers {
 public:
  Workers(CommandStore& store, Driver& driver, Clock& clock, Logger& logger, Metrics& metrics, WorkersOptions options);
  ~Workers();  // stop(), and waits for the threads
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  void start();
  void wake();  // there may be a new command

  // A running command is told, one that waits is finished as cancelled; see CommandStore::cancel.
  Result<CancelOutcome> cancel(const ZoneResult& cancelled, std::int64_t fence, const std::string& traceparent);
  std::optional<Progress> progress(RequestId id) const;  // of one that is running

  // Takes no more commands and asks the running ones to stop; they are taken up again at the next start.
  void stop();
  bool wait_until_idle(Duration bound);  // after stop(); false: something is still running

 private:
  void run();
  std::optional<Work> take(Monitor*& monitor);
  void carry_out(const Work& work, Monitor& monitor);
  void record(const ZoneResult& result);
  bool pause_after(const Error& error, const char* doing);  // false: stopping

  CommandStore& store_;
  Driver& driver_;
  Clock& clock_;
  Logger& logger_;
  Metrics& metrics_;
  const WorkersOptions options_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool is_stopping_ = false;
  bool may_have_work_ = true;
  std::size_t busy_ = 0;
  std::map<RequestId, std::unique_ptr<Monitor>> running_;
  std::vector<std::thread> threads_;
};

}  // namespace backupctl::zone
