// Who works on what: claims, heartbeats, and freeing the rows of the dead. Inside the transaction under way.
// Thread rule: that of the session.
#pragma once

#include <optional>
#include <vector>

#include "backupctl/repository.hpp"
#include "soci/ground/postgresql_session.hpp"

namespace backupctl::soci::postgresql {

std::vector<BackupRequest> claim_requests(PostgresqlSession& session, const ClaimOrder& order);

// `now` is when the beat is and what leases are measured by; nothing: the server's clock, one for all controllers.
BeatReply beat_instance(PostgresqlSession& session, const InstanceBeat& beat, std::optional<Timestamp> now);

// Its rows are due at `now`.
void leave_instance(PostgresqlSession& session, InstanceId id, Timestamp now);

}  // namespace backupctl::soci::postgresql
