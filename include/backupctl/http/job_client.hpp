// The job service over HTTP: GET /api/backup-jobs/{id}.
#pragma once

#include <memory>

#include "backupctl/http/client_options.hpp"
#include "backupctl/http/runtime.hpp"
#include "backupctl/job_client.hpp"

namespace backupctl::http {

// `runtime` outlives the client and is the executor on which it is called, calls its handlers and is destroyed (or it
// is destroyed while the runtime is not running); handlers not yet called by then are dropped. Errors: invalid (an
// option).
//
// What counts as an answer: 200 with application/json that reads as the job that was asked for, and 404 with a problem
// document of code `backup-job-not-found`. All else is unavailable, its detail says what came, its code is
//   `unauthorized`  401 or 403: our token is not accepted
//   `bad-answer`    anything that a job service of ours does not say, redirects and other servers' pages among it
//   `no-answer`     429 and 5xx; and, with `connect-failed`, where nothing came at all
Result<std::unique_ptr<JobClient>> make_job_client(Runtime& runtime, ClientOptions options);

}  // namespace backupctl::http
