#include "soci/sqlite/request_statements.hpp"

#include "soci/rows/history_position.hpp"
#include "soci/sqlite/dialect.hpp"

namespace backupctl::soci {

namespace {

std::string list_of_all(std::string_view pattern) {
  RequestRow row;
  return listed([&](auto&& f) { row.columns(f); }, pattern);
}

struct FindById {
  explicit FindById(::soci::session& sql) : select(sql) {
    prepare(select, "SELECT " + request_columns() + " FROM backup_request WHERE backup_request_id = :wanted",
            [&](auto results, auto parameters) {
              row.columns(results);
              parameters("wanted", wanted);
            });
  }
  std::string wanted;
  RequestRow row;
  ::soci::statement select;
};

struct FindByKey {
  explicit FindByKey(::soci::session& sql) : select(sql) {
    prepare(select,
            "SELECT " + request_columns() +
                " FROM backup_request WHERE requester_id = :requester AND idempotency_key = :key",
            [&](auto results, auto parameters) {
              row.columns(results);
              parameters("requester", requester);
              parameters("key", key);
            });
  }
  std::string requester, key;
  RequestRow row;
  ::soci::statement select;
};

struct Insert {
  explicit Insert(::soci::session& sql) : insert(sql) {
    prepare(insert,
            "INSERT INTO backup_request (" + request_columns() + ") VALUES (" + list_of_all(":@") +
                ") ON CONFLICT DO NOTHING",
            [&](auto, auto parameters) { row.columns(parameters); });
  }
  RequestRow row;
  ::soci::statement insert;
};

// Looked up before it is changed: what RETURNING gives, SQLite first puts into a table of its own.
struct FindToChange {
  explicit FindToChange(::soci::session& sql) : select(sql) {
    const auto order_columns = listed([&](auto&& f) { found.order_columns(f); }, "@");
    // The plus keeps SQLite from looking the row up by its state.
    prepare(select,
            "SELECT rowid, " + order_columns +
                " FROM backup_request WHERE backup_request_id = :wanted AND revision = :revision - 1"
                " AND +state_code = :from_state",
            [&](auto results, auto parameters) {
              results("", row);
              found.order_columns(results);
              parameters("wanted", wanted);
              parameters("revision", revision);
              parameters("from_state", from);
            });
  }
  std::string wanted, from;
  std::int64_t revision = 0, row = 0;
  RequestRow found;
  ::soci::statement select;
};

struct Update {
  explicit Update(::soci::session& sql) : update(sql) {
    const auto changes = listed([&](auto&& f) { next.progress_columns(f); }, "@ = :@");
    prepare(update, "UPDATE backup_request SET " + changes + " WHERE rowid = :row", [&](auto, auto parameters) {
      next.progress_columns(parameters);
      parameters("row", row);
    });
  }
  std::int64_t row = 0;
  RequestRow next;
  ::soci::statement update;
};

struct AppendHistory {
  explicit AppendHistory(::soci::session& sql) : insert(sql) {
    prepare(insert,
            "INSERT INTO request_history (backup_request_id, position, state_code, time, detail)"
            " VALUES (:id, :position, :state, :time, :detail)",
            [&](auto, auto parameters) {
              parameters("id", id);
              parameters("position", position);
              parameters("state", state);
              parameters("time", time);
              parameters("detail", detail);
            });
  }
  std::string id, state, detail;
  std::int64_t position = 0, time = 0;
  ::soci::statement insert;
};

struct CountPlaces {
  explicit CountPlaces(::soci::session& sql) : select(sql) {
    const std::string open(is_open);
    prepare(select,
            "SELECT (SELECT count(*) FROM paused_zone WHERE zone = :zone),"
            " (SELECT count(*) FROM backup_request WHERE state_code = 'Sent' AND zone = :zone AND " +
                open +
                ") + (SELECT count(*) FROM backup_request WHERE state_code = 'Allowed' AND zone = :zone"
                " AND next_action_time IS NULL AND owner_instance_id IS NOT NULL AND " +
                open + ")",
            [&](auto results, auto parameters) {
              results("", paused);
              results("", taken);
              parameters("zone", zone);
            });
  }
  std::string zone;
  std::int64_t paused = 0, taken = 0;
  ::soci::statement select;
};

}  // namespace

std::string request_columns() { return list_of_all("@"); }

std::optional<BackupRequest> find_request(SqliteSession& session, RequestId id) {
  auto& find = session.prepared<FindById>();
  find.wanted = id.to_string();
  if (!find.select.execute(true)) return {};
  return find.row.request();
}

std::optional<BackupRequest> find_request(SqliteSession& session, const OwnerName& requester,
                                          const IdempotencyKey& key) {
  auto& find = session.prepared<FindByKey>();
  find.requester = requester.str();
  find.key = key.str();
  if (!find.select.execute(true)) return {};
  return find.row.request();
}

bool insert_request(SqliteSession& session, const BackupOrder& order, const RequestProgress& progress) {
  auto& statement = session.prepared<Insert>();
  statement.row.set(order);
  statement.row.set(progress);
  statement.insert.execute(true);
  return statement.insert.get_affected_rows() > 0;
}

std::optional<BackupOrder> update_request(SqliteSession& session, RequestId id, RequestState from,
                                          const RequestProgress& next) {
  auto& find = session.prepared<FindToChange>();
  find.wanted = id.to_string();
  find.revision = next.revision;
  find.from = to_string(from);
  if (!find.select.execute(true)) return {};
  find.select.fetch();  // to its end: nothing reads the row while it is changed
  auto& statement = session.prepared<Update>();
  statement.row = find.row;
  statement.next.set(next);
  statement.update.execute(true);
  return find.found.order();
}

void append_history(SqliteSession& session, RequestId id, std::int64_t revision,
                    const std::vector<HistoryEntry>& entries) {
  if (entries.empty()) return;
  auto& statement = session.prepared<AppendHistory>();
  statement.id = id.to_string();
  std::int64_t ordinal = 0;
  for (const auto& entry : entries) {
    statement.position = history_position(revision, ++ordinal);
    statement.state = to_string(entry.state);
    statement.time = to_integer(entry.time);
    statement.detail = entry.detail;
    statement.insert.execute(true);
  }
}

ZonePlaces zone_places(SqliteSession& session, const ZoneName& zone) {
  auto& statement = session.prepared<CountPlaces>();
  statement.zone = zone.str();
  statement.select.execute(true);
  return {statement.paused != 0, statement.taken};
}

}  // namespace backupctl::soci
