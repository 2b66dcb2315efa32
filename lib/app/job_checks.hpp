// Reads backup jobs for checks. All requests that wait for one job share one call: a call that starts after a request
// was received is as fresh as one made for it alone, so nothing older is ever used. On the executor.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "app/breaker.hpp"
#include "app/context.hpp"

namespace backupctl::app {

struct JobAnswer {
  Result<std::optional<BackupJob>> job;
  RequestId asked_for;  // whose id and trace the call carried
};
using SharedJobAnswer = std::shared_ptr<const JobAnswer>;  // by all who waited for it

class JobChecks {
 public:
  explicit JobChecks(Context& context)
      : context_(context), breaker_(context.options().breaker_failures, context.options().breaker_probe_every) {}

  void read(JobId id, CallContext asking, Handler<SharedJobAnswer> handler);
  const Breaker& breaker() const { return breaker_; }

 private:
  struct Waiter {
    CallContext asking;
    Handler<SharedJobAnswer> handler;
  };
  struct Calls {
    std::vector<Waiter> next;  // came while a call was under way: it may have been answered before they were received
  };

  void call(JobId id, std::vector<Waiter> waiters);
  void finish(JobId id, const std::vector<Waiter>& waiters, JobAnswer answer);

  Context& context_;
  Breaker breaker_;
  std::unordered_map<JobId, Calls> under_way_;
};

}  // namespace backupctl::app
