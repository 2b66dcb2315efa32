// Who works on what: claims, heartbeats, and freeing the rows of the dead. Inside the transaction under way.
// Thread rule: that of the session.
#pragma once

#include <functional>
#include <vector>

#include "backupctl/repository.hpp"
#include "soci/ground/sqlite_session.hpp"

namespace backupctl::soci {

std::vector<BackupRequest> claim_requests(SqliteSession& session, const ClaimOrder& order);

// `is_dead` is asked of each other instance that has beaten within the lease.
struct BeatResult {
  BeatReply reply;
  std::vector<InstanceId> dead;
};
BeatResult beat_instance(SqliteSession& session, const InstanceBeat& beat,
                         const std::function<bool(InstanceId)>& is_dead);

void leave_instance(SqliteSession& session, InstanceId id);

}  // namespace backupctl::soci
