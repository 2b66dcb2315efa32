// Port: where backup jobs are read. Implemented over HTTP, over a jobs file, by StaticJobs, or by the embedder.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "backupctl/backup_job.hpp"
#include "backupctl/result.hpp"

namespace backupctl {

// A handler is called exactly once, from any thread, also from inside the call; the controller brings itself back to
// its executor. It must not throw.
template <class T>
using Handler = std::function<void(T)>;

// Whom a call to a peer is made for; sent along as Backup-Request-Id and traceparent.
struct CallContext {
  RequestId request_id;
  std::string traceparent{};
};

// Thread rule: called on the controller's executor.
class JobClient {
 public:
  virtual ~JobClient() = default;
  // The version in force, else the newest. Nothing: the job service itself said that there is no such job.
  // Errors: unavailable — no answer, or one that is not well-formed ours (a proxy's page is not an answer).
  virtual void fetch(JobId id, CallContext context, Handler<Result<std::optional<BackupJob>>> handler) = 0;
};

// A fixed list of jobs, for embedders that have no job service.
class StaticJobs final : public JobClient {
 public:
  explicit StaticJobs(std::vector<BackupJob> jobs) : jobs_(std::move(jobs)) {}
  void fetch(JobId id, CallContext, Handler<Result<std::optional<BackupJob>>> handler) override {
    for (const auto& job : jobs_) {
      if (job.id == id) return handler(std::optional(job));
    }
    handler(std::optional<BackupJob>{});
  }

 private:
  std::vector<BackupJob> jobs_;
};

}  // namespace backupctl
