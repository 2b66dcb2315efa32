// A job service inside the test. Thread rule: any thread.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "integration/support/fake_server.hpp"
#include "wire/backup_job_json.hpp"

namespace backupctl::testing {

inline const char* const ledger_job_id = "01900000-0000-7000-8000-0000000000aa";

// An approved job of zone "files" that everyone of this test may ask for.
inline BackupJob ledger_job() {
  return {.id = JobId::parse(ledger_job_id).value(),
          .version = 3,
          .name = "ledger",
          .owner_id = "ann",
          .approval = ApprovalState::approved,
          .zone = ZoneName::parse("files").value(),
          .storage_path = "ledger",
          .days_to_keep = 3650,
          .allowed_requesters = {"local", "batch"},
          .source_roots = {"/data/ledger"}};
}

class FakeJobs {
 public:
  explicit FakeJobs(BackupJob job = ledger_job()) : server_([this](const auto& request) { return answer(request); }) {
    put(std::move(job));
  }

  FakeServer& server() { return server_; }
  std::string url() const { return server_.url(); }
  void put(BackupJob job) {
    const std::lock_guard lock(mutex_);
    jobs_.insert_or_assign(job.id.to_string(), std::move(job));
  }

 private:
  http::Response answer(const http::Request& request) {
    const std::lock_guard lock(mutex_);
    const auto found = request.segments.size() == 3 ? jobs_.find(request.segments[2]) : jobs_.end();
    if (found == jobs_.end()) return http::problem_response(404, "backup-job-not-found", "there is no such backup job");
    return http::json_response(
        200, wire::json_text([](auto& out, const BackupJob& job) { wire::write_backup_job(out, job); }, found->second));
  }

  std::mutex mutex_;
  std::map<std::string, BackupJob> jobs_;
  FakeServer server_;
};

}  // namespace backupctl::testing
