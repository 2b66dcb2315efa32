#include "cli/job_version.hpp"

#include <limits>

namespace backupctl::cli {

std::string job_path(const std::string& id) { return "/api/backup-jobs/" + id; }

CLI::Option& add_version(CLI::App& verb, std::int64_t& version, const std::string& help) {
  return *verb.add_option("--version", version, help)
              ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()))
              ->option_text("N");
}

Result<Document> read_job(const Session& session, const std::string& id, Which which, std::int64_t version) {
  const auto read_version = [&](std::int64_t number) {
    return ask(session, Service::jobs, get(job_path(id) + "?version=" + std::to_string(number)));
  };
  if (which == Which::given) return read_version(version);
  auto job = ask(session, Service::jobs, get(job_path(id)));
  if (!job || which == Which::shown) return job;
  const auto pending = integer_of(job->json, "pendingVersion");
  return pending ? read_version(*pending) : job;
}

}  // namespace backupctl::cli
