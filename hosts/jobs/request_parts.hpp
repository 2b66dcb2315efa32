// What the calls have in their path, query and headers.
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <optional>

#include "backupctl/result.hpp"
#include "http/message.hpp"
#include "jobs/store.hpp"
#include "jobs/workflow.hpp"

namespace backupctl::jobs {

Actor actor_of(const http::Principal& principal);

// The "{id}" of the path. What is no UUID names no job: not_found "backup-job-not-found".
Result<JobId> job_id_of(const http::Request& request);

// The version in If-Match, quoted or bare; "*" names none. Empty: there is no such header. Errors: invalid.
Result<std::optional<std::int64_t>> if_match_of(const http::Request& request);

// ?approvalStateCode= &zone= &ownerId= &limit= &cursor= . Errors: invalid, naming every bad parameter.
Result<JobQuery> job_query_of(const http::Request& request);

// ?version= . Errors: invalid.
Result<std::optional<std::int64_t>> version_of(const http::Request& request);

}  // namespace backupctl::jobs
