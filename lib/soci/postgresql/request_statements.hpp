// The statements that read and write requests in sets, each prepared once for its session.
// Thread rule: that of the session. All throw what SOCI throws, and CorruptRow.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "backupctl/repository.hpp"
#include "soci/ground/postgresql_session.hpp"
#include "soci/rows/request_row.hpp"

namespace backupctl::soci::postgresql {

std::string request_columns();  // "backup_request_id, …", in the order of RequestRow::columns

std::map<RequestId, BackupRequest> find_requests(PostgresqlSession& session, const std::vector<RequestId>& ids);
std::optional<BackupRequest> find_request(PostgresqlSession& session, const OwnerName& requester,
                                          const IdempotencyKey& key);

struct NewRequest {
  const BackupOrder* order;
  const RequestProgress* progress;
};
// Those that were written; of the others an id, or a key of a requester, is there already.
std::set<RequestId> insert_requests(PostgresqlSession& session, const std::vector<NewRequest>& requests);

struct NextProgress {
  RequestId id;
  RequestState from;
  const RequestProgress* next;
};
// Guarded each by itself: a row is changed when its revision is next.revision - 1 and its state `from`. The orders of
// those that were. No id twice: of two changes of one row, one would be left out.
std::map<RequestId, BackupOrder> update_requests(PostgresqlSession& session, const std::vector<NextProgress>& changes);

// What the step that led to `revision` left.
struct NewHistory {
  RequestId id;
  std::int64_t revision;
  const std::vector<HistoryEntry>* entries;
};
void append_history(PostgresqlSession& session, const std::vector<NewHistory>& histories);

struct ZonePlaces {
  bool paused = false;
  std::int64_t taken = 0;  // Sent requests of the zone, and Allowed ones that have an owner
};
// Locks the zones until the end of the transaction, then counts: whoever takes a place does this first.
std::map<ZoneName, ZonePlaces> lock_places(PostgresqlSession& session, const std::set<ZoneName>& zones);

}  // namespace backupctl::soci::postgresql
