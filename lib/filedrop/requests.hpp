// What the file drop asks of the controller: the port that its tests replace.
#pragma once

#include <string>
#include <vector>

#include "backupctl/controller.hpp"

namespace backupctl::filedrop {

using History = std::vector<HistoryEntry>;

// Thread rule: called on the thread that works on the files; handlers from any thread, also from inside the call.
class Requests {
 public:
  virtual ~Requests() = default;
  virtual void submit(Submission submission, Handler<SubmitReply> handler) = 0;
  // Those of them that the store has, in any order. Errors: unavailable, corrupt.
  virtual void find(std::vector<RequestId> ids, Handler<Result<std::vector<BackupRequest>>> handler) = 0;
  // One for each id, oldest entry first; empty for a request that the store does not have. Errors: unavailable,
  // corrupt.
  virtual void histories(std::vector<RequestId> ids, Handler<Result<std::vector<History>>> handler) = 0;
  virtual void cancel(RequestId id, Act act, Handler<Result<BackupRequest>> handler) = 0;
};

}  // namespace backupctl::filedrop
