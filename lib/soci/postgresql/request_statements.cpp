#include "soci/postgresql/request_statements.hpp"

#include "soci/postgresql/dialect.hpp"
#include "soci/postgresql/row_set.hpp"
#include "soci/rows/history_position.hpp"

namespace backupctl::soci::postgresql {

namespace {

std::string list_of_all(std::string_view pattern) {
  RequestRow row;
  return listed([&](auto&& f) { row.columns(f); }, pattern);
}

struct FindByIds {
  explicit FindByIds(::soci::session& sql) : select(sql) {
    prepare(select,
            "SELECT " + request_columns() + " FROM backup_request WHERE backup_request_id = ANY (CAST(:ids AS text[]))",
            [&](auto results, auto parameters) {
              row.columns(results);
              parameters("ids", ids.text());
            });
  }
  ArrayText ids;
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
  explicit Insert(::soci::session& sql) : rows([this](auto&& f) { row.columns(f); }), insert(sql) {
    prepare(insert,
            "INSERT INTO backup_request (" + request_columns() + ") SELECT " + request_columns() + " FROM " +
                rows.rows() + " ON CONFLICT DO NOTHING RETURNING backup_request_id",
            [&](auto results, auto parameters) {
              results("", inserted);
              rows.bind(parameters);
            });
  }
  RequestRow row;
  RowSet rows;
  std::string inserted;
  ::soci::statement insert;
};

struct Update {
  explicit Update(::soci::session& sql) : rows([this](auto&& f) { columns(f); }), update(sql) {
    const auto changes = listed([&](auto&& f) { next.progress_columns(f); }, "@ = n.@");
    const auto order_columns = listed([&](auto&& f) { found.order_columns(f); }, "r.@");
    // The concatenation keeps PostgreSQL from looking rows up by their state.
    prepare(update,
            "UPDATE backup_request AS r SET " + changes + " FROM " + rows.rows() +
                " WHERE r.backup_request_id = n.wanted_id AND r.revision = n.revision - 1"
                " AND r.state_code || '' = n.from_state RETURNING " +
                order_columns,
            [&](auto results, auto parameters) {
              found.order_columns(results);
              rows.bind(parameters);
            });
  }
  template <class F>
  void columns(F&& f) {
    next.progress_columns(f);
    f("wanted_id", wanted);
    f("from_state", from);
  }
  std::string wanted, from;
  RequestRow next, found;
  RowSet rows;
  ::soci::statement update;
};

struct AppendHistory {
  explicit AppendHistory(::soci::session& sql) : rows([this](auto&& f) { columns(f); }), insert(sql) {
    prepare(insert,
            "INSERT INTO request_history (backup_request_id, position, state_code, time, detail)"
            " SELECT n.id, n.position, n.state, n.at, n.detail FROM " +
                rows.rows(),
            [&](auto, auto parameters) { rows.bind(parameters); });
  }
  template <class F>
  void columns(F&& f) {
    f("id", id);
    f("position", position);
    f("state", state);
    f("at", time);
    f("detail", detail);
  }
  std::string id, state, detail;
  std::int64_t position = 0, time = 0;
  RowSet rows;
  ::soci::statement insert;
};

struct LockZones {
  explicit LockZones(::soci::session& sql) : select(sql) {
    prepare(select,
            "SELECT " + pg_lock("'zone ' || z.zone") +
                " FROM (SELECT zone FROM unnest(CAST(:zones AS text[])) AS n (zone) ORDER BY zone) AS z",
            [&](auto, auto parameters) { parameters("zones", zones.text()); });
  }
  ArrayText zones;
  ::soci::statement select;
};

// A statement of its own: it has to see what was committed before the lock was had.
struct CountPlaces {
  explicit CountPlaces(::soci::session& sql) : select(sql) {
    const std::string open(pg_is_open);
    prepare(select,
            "SELECT n.zone, (SELECT count(*) FROM paused_zone AS p WHERE p.zone = n.zone),"
            " (SELECT count(*) FROM backup_request AS r WHERE r.state_code = 'Sent' AND r.zone = n.zone AND r." +
                open +
                ") + (SELECT count(*) FROM backup_request AS r WHERE r.state_code = 'Allowed' AND r.zone = n.zone"
                " AND r.next_action_time IS NULL AND r.owner_instance_id IS NOT NULL AND r." +
                open + ") FROM unnest(CAST(:zones AS text[])) AS n (zone)",
            [&](auto results, auto parameters) {
              results("", zone);
              results("", paused);
              results("", taken);
              parameters("zones", zones.text());
            });
  }
  ArrayText zones;
  std::string zone;
  std::int64_t paused = 0, taken = 0;
  ::soci::statement select;
};

template <class Statement>
void set_zones(Statement& statement, const std::set<ZoneName>& zones) {
  statement.zones.clear();
  for (const auto& zone : zones) statement.zones.append(zone.str());
  statement.zones.close();
}

}  // namespace

std::string request_columns() { return list_of_all("@"); }

std::map<RequestId, BackupRequest> find_requests(PostgresqlSession& session, const std::vector<RequestId>& ids) {
  std::map<RequestId, BackupRequest> found;
  if (ids.empty()) return found;
  auto& find = session.prepared<FindByIds>();
  find.ids.clear();
  for (const auto& id : ids) find.ids.append(id.to_string());
  find.ids.close();
  for (bool more = find.select.execute(true); more; more = find.select.fetch()) {
    auto request = find.row.request();
    found.emplace(request.order.id, std::move(request));
  }
  return found;
}

std::optional<BackupRequest> find_request(PostgresqlSession& session, const OwnerName& requester,
                                          const IdempotencyKey& key) {
  auto& find = session.prepared<FindByKey>();
  find.requester = requester.str();
  find.key = key.str();
  if (!find.select.execute(true)) return {};
  return find.row.request();
}

std::set<RequestId> insert_requests(PostgresqlSession& session, const std::vector<NewRequest>& requests) {
  std::set<RequestId> inserted;
  if (requests.empty()) return inserted;
  auto& statement = session.prepared<Insert>();
  statement.rows.clear();
  for (const auto& [order, progress] : requests) {
    statement.row.set(*order);
    statement.row.set(*progress);
    statement.rows.add([&](auto&& f) { statement.row.columns(f); });
  }
  statement.rows.close();
  for (bool more = statement.insert.execute(true); more; more = statement.insert.fetch()) {
    inserted.insert(stored(RequestId::parse(statement.inserted), "backup_request_id"));
  }
  return inserted;
}

std::map<RequestId, BackupOrder> update_requests(PostgresqlSession& session, const std::vector<NextProgress>& changes) {
  std::map<RequestId, BackupOrder> updated;
  if (changes.empty()) return updated;
  auto& statement = session.prepared<Update>();
  statement.rows.clear();
  for (const auto& [id, from, next] : changes) {
    statement.wanted = id.to_string();
    statement.from = to_string(from);
    statement.next.set(*next);
    statement.rows.add([&](auto&& f) { statement.columns(f); });
  }
  statement.rows.close();
  for (bool more = statement.update.execute(true); more; more = statement.update.fetch()) {
    auto order = statement.found.order();
    updated.emplace(order.id, std::move(order));
  }
  return updated;
}

void append_history(PostgresqlSession& session, const std::vector<NewHistory>& histories) {
  auto& statement = session.prepared<AppendHistory>();
  statement.rows.clear();
  bool any = false;
  for (const auto& [id, revision, entries] : histories) {
    statement.id = id.to_string();
    std::int64_t ordinal = 0;
    for (const auto& entry : *entries) {
      statement.position = history_position(revision, ++ordinal);
      statement.state = to_string(entry.state);
      statement.time = to_integer(entry.time);
      statement.detail = entry.detail;
      statement.rows.add([&](auto&& f) { statement.columns(f); });
      any = true;
    }
  }
  statement.rows.close();
  if (any) statement.insert.execute(true);
}

std::map<ZoneName, ZonePlaces> lock_places(PostgresqlSession& session, const std::set<ZoneName>& zones) {
  auto& lock = session.prepared<LockZones>();
  set_zones(lock, zones);
  lock.select.execute(true);
  auto& count = session.prepared<CountPlaces>();
  set_zones(count, zones);
  std::map<ZoneName, ZonePlaces> places;
  for (bool more = count.select.execute(true); more; more = count.select.fetch()) {
    places[stored(ZoneName::parse(count.zone), "zone")] = {count.paused != 0, count.taken};
  }
  return places;
}

}  // namespace backupctl::soci::postgresql
