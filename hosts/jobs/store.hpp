// The job service's own store, on SQLite.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backupctl/result.hpp"
#include "backupctl/time.hpp"
#include "jobs/workflow.hpp"
#include "soci/ground/sqlite_store.hpp"

namespace backupctl::jobs {

struct HistoryEntry {
  Timestamp time;
  std::string actor;
  Action action;
  std::int64_t version;
  ApprovalState state;  // of that version, afterwards
  std::string comment;
};

struct JobQuery {
  std::optional<ApprovalState> state{};  // each is compared with the version that is shown
  std::optional<std::string> zone{};
  std::optional<std::string> owner{};
  std::optional<std::string> visible_to{};  // only jobs that are this owner's by the shown or the newest version
  std::optional<JobId> before{};            // the last id of the page before
  std::int64_t limit = 100;
};

struct JobPage {
  struct Item {
    JobVersion shown;
    std::optional<std::int64_t> pending_version;
  };
  std::vector<Item> items{};
  bool has_more = false;
};

struct StateCount {
  ApprovalState state;
  std::int64_t jobs;
};

// Thread rule: one thread at a time. What is not listed as an error of a function is what lib/soci's ground says; after
// code `store-commit-unknown` the process must end.
class JobStore {
 public:
  // Errors: those of soci::SqliteStore::open.
  static Result<std::unique_ptr<JobStore>> open(const std::filesystem::path& path, soci::Create create, Timestamp now);

  // One more, for reads on another thread. Errors: those of soci::SqliteStore::connect.
  Result<std::unique_ptr<soci::SqliteSession>> connect_reader() { return store_->connect(soci::Access::read); }

  // Durable when it returns. A time earlier than the job's last entry is written as that one's.
  Result<Job> create(const Change& change, Timestamp now);
  // Reads the job, asks `decide` and writes what it says, all in one transaction.
  // Errors: not_found "backup-job-not-found", and those of `decide`, with nothing written.
  Result<Job> change(JobId id, const std::function<Result<Change>(const Job&)>& decide, const std::string& comment,
                     Timestamp now);

  Result<Job> find(JobId id);                                       // error: not_found "backup-job-not-found"
  Result<JobVersion> find_version(JobId id, std::int64_t version);  // error: not_found "backup-job-version-not-found"
  Result<std::vector<HistoryEntry>> history(JobId id);              // oldest first
  Result<JobPage> list(const JobQuery& query);                      // newest first
  Result<std::vector<StateCount>> count_by_state();

 private:
  JobStore(std::unique_ptr<soci::SqliteStore> store, std::unique_ptr<soci::SqliteSession> session)
      : store_(std::move(store)), session_(std::move(session)) {}

  std::unique_ptr<soci::SqliteStore> store_;
  std::unique_ptr<soci::SqliteSession> session_;
};

}  // namespace backupctl::jobs
