// The jobs that were shown last, kept until the store changes: the checks of busy controllers ask for the same few jobs
// thousands of times a second. Whether it has changed is asked each time, so that nothing older than the question is
// ever shown, whoever wrote. On the executor.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include "http/message.hpp"
#include "jobs/workflow.hpp"
#include "soci/ground/sqlite_session.hpp"

namespace backupctl::jobs {

class ShownJobs {
 public:
  struct Shown {
    Job job;
    http::Response response;  // for those who may see it
  };

  // A reading session that nobody else uses: it must see every commit for the first time here.
  explicit ShownJobs(std::unique_ptr<soci::SqliteSession> session) : session_(std::move(session)) {}

  // The state in which the store is. Empty: it cannot be told, the error is for whoever then asks the store.
  std::optional<std::int64_t> version();
  // As it is shown in that state, the last that version() told. Null: not known. Valid until the next call.
  const Shown* find(JobId id) const;
  // What was read after `version` had been told; dropped when the store has changed since.
  void keep(std::int64_t version, JobId id, Shown shown);

 private:
  std::unique_ptr<soci::SqliteSession> session_;
  std::int64_t version_ = 0;
  std::unordered_map<JobId, Shown> shown_;  // in version_
};

}  // namespace backupctl::jobs
