// A job service in a file: a read-only list of approved backup jobs, for sites that have no job service. No second
// person stands behind what it says.
//
//   [[job]]
//   backupJobId = "0190…"
//   zone = "files"
//   …the members that a job has in JSON
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "backupctl/job_client.hpp"
#include "config/problem.hpp"

namespace backupctl::config {

struct JobsRead {
  std::vector<BackupJob> jobs{};
  std::vector<Problem> problems{};  // not empty: `jobs` must not be used
};

// Thread rule: any.
JobsRead read_jobs_file(const std::string& path);

// On the executor. The file is looked at for every check and read again when it has changed. While it cannot be read,
// or holds a problem, checks are answered as unavailable: what it said before may be just what was taken back.
class JobsFile final : public JobClient {
 public:
  explicit JobsFile(std::string path) : path_(std::move(path)) {}
  void fetch(JobId id, CallContext context, Handler<Result<std::optional<BackupJob>>> handler) override;

 private:
  // Device, inode, size, and modification time in seconds and nanoseconds.
  using Stamp = std::tuple<std::uint64_t, std::uint64_t, std::int64_t, std::int64_t, std::int64_t>;

  std::optional<Stamp> stamp() const;

  std::string path_;
  std::optional<Stamp> seen_{};
  JobsRead read_{};
};

}  // namespace backupctl::config
