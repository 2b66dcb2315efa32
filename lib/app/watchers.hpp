// Those who wait for a request to come to something. Told at once of what this controller does, and by reading now and
// then of what others do. On the executor.
#pragma once

#include <functional>
#include <unordered_map>
#include <vector>

#include "app/context.hpp"

namespace backupctl::app {

class Watchers {
 public:
  explicit Watchers(Context& context) : context_(context) {}

  // Answers when `until` holds, or with the row as it is after `timeout`. Errors: not_found, unavailable.
  void watch(RequestId id, std::function<bool(const BackupRequest&)> until, Duration timeout,
             Handler<Result<BackupRequest>> handler);
  void saw(const BackupRequest& row);

 private:
  struct Watcher {
    std::function<bool(const BackupRequest&)> until;
    Duration deadline;
    Handler<Result<BackupRequest>> handler;
  };

  void read(RequestId id);
  void poll();
  void answer(RequestId id, const Result<BackupRequest>& row);

  Context& context_;
  std::unordered_map<RequestId, std::vector<Watcher>> watchers_;
  bool polling_ = false;
};

}  // namespace backupctl::app
