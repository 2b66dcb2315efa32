// The controller's HTTP API: requests, backups, results, operations. Everything it says it asks the Controller for;
// what it adds is who may see what, and how HTTP puts it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "backupctl/controller.hpp"
#include "backupctl/executor.hpp"
#include "backupctl/transport.hpp"
#include "http/router.hpp"

namespace backupctl::http {

struct ControllerApiOptions {
  // What a caller is told to wait when the job service could not be asked.
  std::chrono::seconds retry_check_after{5};
  // POST /api/backup-requests of one owner in a second; more are answered 429. 0: no limit.
  std::int64_t max_requests_per_second = 0;
  // False: requests come another way, so that there is no POST /api/backup-requests.
  bool takes_requests = true;
  // What else must be well for /readyz, and adds to /metrics: the transport beside this one. May be empty.
  std::function<TransportHealth()> health_beside{};
  std::function<std::string()> metrics_beside{};
};

// On the executor, which is the controller's own. The ports outlive it; it outlives the Router it is added to and every
// call that the Router has let in.
class ControllerApi {
 public:
  struct Ports {
    Controller& controller;
    Executor& executor;
    Clock& clock;
    Logger& logger;
  };
  explicit ControllerApi(Ports ports, ControllerApiOptions options = {});
  ~ControllerApi();
  ControllerApi(const ControllerApi&) = delete;
  ControllerApi& operator=(const ControllerApi&) = delete;

  void add_to(Router& router);

  // Counts every answer of 400 and above that `handler` gives, by code, for /metrics.
  Handler counting(Handler handler);
  // The same for what the server refuses before a handler sees it.
  void count_refusal(const Response& response);

  void drain();  // /readyz says no from now on

  struct Context;

 private:
  std::unique_ptr<Context> context_;
};

}  // namespace backupctl::http
