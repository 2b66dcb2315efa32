// Port: one way in which backup requests come to a Controller and their outcomes go back: HTTP, a folder of files, a
// queue. Whoever writes one runs testing/transport_contract.hpp over it.
//
// What every transport keeps to:
//  - It acknowledges a request only after Controller::async_submit has answered with the request: then it is durable.
//  - The same request sent again under the same idempotency key is the first one's request, also after a restart.
//  - `overloaded` and `store-unavailable` promise nothing: it passes them on, or waits and submits again. It never
//  drops.
//  - Checking, sending and recording are the controller's. A transport that cannot answer later (nobody waits) submits
//    with respond_async and tells the outcome where its callers look for it.
#pragma once

#include <string>

#include "backupctl/backup_request.hpp"
#include "backupctl/job_client.hpp"
#include "backupctl/result.hpp"
#include "backupctl/time.hpp"

namespace backupctl {

struct TransportHealth {
  bool ready = false;    // requests are taken in
  std::string detail{};  // when not: why, for a person
};

// Thread rule: kind, start and stop on the executor of the controller that it drives; health from any thread. Handlers
// are called on that executor. The controller outlives the transport.
class Transport {
 public:
  virtual ~Transport() = default;

  virtual TransportKind kind() const = 0;

  // Begins to take requests; called once, when the controller has started. Errors: invalid (it can never be used as it
  // is configured), unavailable.
  virtual void start(Handler<Result<void>> handler) = 0;

  // Takes no more requests from this call on. What is under way ends within `grace`, or is left so that the next start,
  // here or elsewhere, goes on with it. Answers once nothing of it runs any more. Errors: unavailable (something was
  // cut off; its callers were told nothing).
  virtual void stop(Duration grace, Handler<Result<void>> handler) = 0;

  // Ready exactly while requests are taken in. Before start, after stop and while its medium is away it is not, and
  // says why.
  virtual TransportHealth health() const = 0;
};

}  // namespace backupctl
