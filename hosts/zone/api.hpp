// The zone's calls over HTTP.
#pragma once

#include "backupctl/executor.hpp"
#include "backupctl/log.hpp"
#include "http/router.hpp"
#include "system/worker_threads.hpp"
#include "zone/command_store.hpp"
#include "zone/driver.hpp"
#include "zone/metrics.hpp"
#include "zone/workers.hpp"

namespace backupctl::zone {

// On the executor; what it borrows must outlive it, the Router it is added to must not outlive it. Disks are waited for
// on threads of its own, so that a slow one never holds up /livez.
class Api {
 public:
  struct Parts {
    ZoneName zone;
    Executor& executor;
    CommandStore& store;
    Workers& workers;
    Driver& driver;
    Clock& clock;
    Logger& logger;
    Metrics& metrics;
    std::function<void()> on_result;  // a result is in the outbox; called on the executor
  };
  explicit Api(Parts parts) : parts_(std::move(parts)) {}

  void add_to(http::Router& router);
  void drain() { is_draining_ = true; }  // /readyz says no from now on

 private:
  using Call = http::Response (Api::*)(const http::Request&);
  http::Handler offload(Call call);  // runs on a thread of threads_

  http::Response put_command(const http::Request& request);
  http::Response get_command(const http::Request& request);
  http::Response delete_command(const http::Request& request);
  http::Response list_backups(const http::Request& request);
  http::Response ready(const http::Request& request);
  http::Response metrics(const http::Request& request);
  http::Response status(int code, RequestId id, const StoredCommand& command) const;

  Parts parts_;
  std::atomic<bool> is_draining_{false};
  WorkerThreads threads_{4};  // the last member: its tasks end before the others go
};

}  // namespace backupctl::zone
