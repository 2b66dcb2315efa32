// A zone over HTTP: PUT, GET and DELETE /zone/commands/{id}.
#pragma once

#include <memory>

#include "backupctl/http/client_options.hpp"
#include "backupctl/http/runtime.hpp"
#include "backupctl/zone_client.hpp"

namespace backupctl::http {

// `runtime` outlives the client and is the executor on which it is called, calls its handlers and is destroyed (or it
// is destroyed while the runtime is not running); handlers not yet called by then are dropped. Errors: invalid (an
// option).
//
// What counts as an answer: 200 and 202 that carry JSON or nothing, 404, 409, 412 and 422 that carry a problem
// document, each where the protocol has it, and 401 and 403 as they are. All else is "unanswered": it may be another
// server's page.
Result<std::unique_ptr<ZoneClient>> make_zone_client(Runtime& runtime, ClientOptions options);

}  // namespace backupctl::http
