// The statements that read and write single requests, each prepared once for its session.
// Thread rule: that of the session.
#pragma once

#include <optional>
#include <string>

#include "backupctl/repository.hpp"
#include "soci/ground/sqlite_session.hpp"
#include "soci/rows/request_row.hpp"

namespace backupctl::soci {

std::string request_columns();  // "backup_request_id, …", in the order of RequestRow::columns

std::optional<BackupRequest> find_request(SqliteSession& session, RequestId id);
std::optional<BackupRequest> find_request(SqliteSession& session, const OwnerName& requester,
                                          const IdempotencyKey& key);

// False: its id, or its key of its requester, is there already.
bool insert_request(SqliteSession& session, const BackupOrder& order, const RequestProgress& progress);

// Guarded: nothing is changed, and nothing answered, unless the row's revision is next.revision - 1 and its state
// `from`.
std::optional<BackupOrder> update_request(SqliteSession& session, RequestId id, RequestState from,
                                          const RequestProgress& next);

// What the step that led to `revision` left.
void append_history(SqliteSession& session, RequestId id, std::int64_t revision,
                    const std::vector<HistoryEntry>& entries);

struct ZonePlaces {
  bool paused = false;
  std::int64_t taken = 0;  // Sent requests of the zone, and Allowed ones that have an owner
};
ZonePlaces zone_places(SqliteSession& session, const ZoneName& zone);

}  // namespace backupctl::soci
