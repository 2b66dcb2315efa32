#include "soci/postgresql/side_statements.hpp"

#include <functional>
#include <map>
#include <utility>

#include "soci/postgresql/dialect.hpp"
#include "soci/postgresql/row_set.hpp"
#include "soci/rows/backup_row.hpp"
#include "soci/rows/result_row.hpp"

namespace backupctl::soci::postgresql {

namespace {

// The columns of a row with a body, which is written from hex.
template <class Row>
std::string values_with_body(Row& row) {
  std::string text;
  row.columns([&](std::string_view name, auto&) {
    if (!text.empty()) text += ", ";
    name == "body" ? text += "decode(n.body, 'hex')" : text.append("n.").append(name);
  });
  return text;
}

struct InsertResults {
  explicit InsertResults(::soci::session& sql) : rows([this](auto&& f) { row.columns(f); }), insert(sql) {
    const auto each = [&](auto&& f) { row.columns(f); };
    prepare(insert,
            "INSERT INTO zone_result (" + listed(each, "@") + ") SELECT " + values_with_body(row) + " FROM " +
                rows.rows() + " ON CONFLICT DO NOTHING RETURNING command_id",
            [&](auto results, auto parameters) {
              results("", written);
              rows.bind(parameters);
            });
  }
  ResultRow row;
  RowSet rows;
  std::string written;
  ::soci::statement insert;
};

// A statement over results that are named by command and body; it answers whose it found.
struct ResultsByKey {
  ResultsByKey(::soci::session& sql, const std::function<std::string(const std::string& keys)>& text)
      : rows([this](auto&& f) { columns(f); }), run(sql) {
    prepare(run, text(rows.rows()), [&](auto results, auto parameters) {
      results("", found);
      rows.bind(parameters);
    });
  }
  template <class F>
  void columns(F&& f) {
    f("command_id", command_id);
    f("body", body);
  }
  std::string command_id, body, found;
  RowSet rows;
  ::soci::statement run;
};

const std::string is_result_n = " WHERE z.command_id = n.command_id AND z.body = decode(n.body, 'hex')";

// In one order, so that two controllers cannot wait for each other.
struct LockResults : ResultsByKey {
  explicit LockResults(::soci::session& sql)
      : ResultsByKey(sql, [](const std::string& keys) {
          return "SELECT z.command_id FROM zone_result AS z, " + keys + is_result_n +
                 " ORDER BY z.arrival FOR UPDATE OF z";
        }) {}
};

struct RemoveResults : ResultsByKey {
  explicit RemoveResults(::soci::session& sql)
      : ResultsByKey(sql, [](const std::string& keys) {
          return "DELETE FROM zone_result AS z USING " + keys + is_result_n + " RETURNING z.command_id";
        }) {}
};

struct InsertParked {
  explicit InsertParked(::soci::session& sql) : rows([this](auto&& f) { row.columns(f); }), insert(sql) {
    const auto each = [&](auto&& f) { row.columns(f); };
    prepare(insert,
            "INSERT INTO parked_result (" + listed(each, "@") + ") SELECT " + values_with_body(row) + " FROM " +
                rows.rows() +
                " WHERE NOT EXISTS (SELECT 1 FROM parked_result AS p WHERE p.command_id = n.command_id"
                " AND p.zone = n.zone AND p.reason_code = n.reason_code AND p.body = decode(n.body, 'hex'))"
                " ON CONFLICT DO NOTHING RETURNING parked_result_id",
            [&](auto results, auto parameters) {
              results("", written);
              rows.bind(parameters);
            });
  }
  ParkedRow row;
  RowSet rows;
  std::string written;
  ::soci::statement insert;
};

struct RemoveParked {
  explicit RemoveParked(::soci::session& sql) : remove(sql) {
    prepare(remove,
            "DELETE FROM parked_result WHERE parked_result_id = ANY (CAST(:ids AS text[])) RETURNING parked_result_id",
            [&](auto results, auto parameters) {
              results("", removed);
              parameters("ids", ids.text());
            });
  }
  ArrayText ids;
  std::string removed;
  ::soci::statement remove;
};

struct LockDates {
  explicit LockDates(::soci::session& sql) : select(sql) {
    prepare(select,
            "SELECT " + pg_lock("'date ' || d.name") +
                " FROM (SELECT name FROM unnest(CAST(:dates AS text[])) AS n (name) ORDER BY name) AS d",
            [&](auto, auto parameters) { parameters("dates", dates.text()); });
  }
  ArrayText dates;
  ::soci::statement select;
};

struct PutBackups {
  explicit PutBackups(::soci::session& sql) : rows([this](auto&& f) { columns(f); }), insert(sql) {
    const auto each = [&](auto&& f) { row.columns(f); };
    const auto of_copy = [&](auto&& f) { row.copy_columns(f); };
    prepare(insert,
            "INSERT INTO backup (" + listed(each, "@") + ", version_of_date) SELECT " + listed(each, "n.@") +
                ", n.ordinal + coalesce((SELECT max(b.version_of_date) FROM backup AS b"
                " WHERE b.backup_job_id = n.backup_job_id AND b.data_as_of_date = n.data_as_of_date), 0) FROM " +
                rows.rows() + " ON CONFLICT (backup_id) DO UPDATE SET " + listed(of_copy, "@ = excluded.@"),
            [&](auto, auto parameters) { rows.bind(parameters); });
  }
  template <class F>
  void columns(F&& f) {
    row.columns(f);
    f("ordinal", ordinal);
  }
  BackupRow row;
  std::int64_t ordinal = 0;
  RowSet rows;
  ::soci::statement insert;
};

struct InsertVersions {
  explicit InsertVersions(::soci::session& sql) : rows([this](auto&& f) { columns(f); }), insert(sql) {
    const auto each = [&](auto&& f) { columns(f); };
    prepare(insert,
            "INSERT INTO job_version (" + listed(each, "@") + ") SELECT " + listed(each, "n.@") + " FROM " +
                rows.rows() + " ON CONFLICT DO NOTHING RETURNING backup_job_id, version",
            [&](auto results, auto parameters) {
              results("", written_id);
              results("", written_version);
              rows.bind(parameters);
            });
  }
  template <class F>
  void columns(F&& f) {
    f("backup_job_id", id);
    f("version", version);
    f("name", name);
    f("description", description);
    f("owner_id", owner_id);
    f("approval_state_code", approval);
    f("zone", zone);
    f("storage_path", storage_path);
    f("days_to_keep", days_to_keep);
    f("in_force_from_date", in_force_from);
    f("in_force_to_date", in_force_to);
    f("minimum_backups", minimum_backups);
    f("expected_every", expected_every);
  }
  void set(const BackupJob& job) {
    id = job.id.to_string();
    version = job.version;
    name = job.name;
    description = job.description;
    owner_id = job.owner_id;
    approval = to_string(job.approval);
    zone = job.zone.str();
    storage_path = job.storage_path;
    days_to_keep = job.days_to_keep;
    const auto date = [](TextColumn& column, const std::optional<CivilDate>& day) {
      column.set(day ? std::optional(day->to_string()) : std::nullopt);
    };
    date(in_force_from, job.in_force_from);
    date(in_force_to, job.in_force_to);
    minimum_backups = job.minimum_backups;
    expected_every = job.expected_every;
  }

  std::string id, name, description, owner_id, approval, zone, storage_path, expected_every, written_id;
  std::int64_t version = 0, days_to_keep = 0, minimum_backups = 0, written_version = 0;
  TextColumn in_force_from, in_force_to;
  RowSet rows;
  ::soci::statement insert;
};

struct InsertItems {
  explicit InsertItems(::soci::session& sql) : rows([this](auto&& f) { columns(f); }), insert(sql) {
    const auto each = [&](auto&& f) { columns(f); };
    prepare(insert,
            "INSERT INTO job_version_item (" + listed(each, "@") + ") SELECT " + listed(each, "n.@") + " FROM " +
                rows.rows(),
            [&](auto, auto parameters) { rows.bind(parameters); });
  }
  template <class F>
  void columns(F&& f) {
    f("backup_job_id", id);
    f("version", version);
    f("kind", kind);
    f("position", position);
    f("value", value);
  }
  void add(const BackupJob& job, const char* of_kind, const std::vector<std::string>& values) {
    id = job.id.to_string();
    version = job.version;
    kind = of_kind;
    position = 0;
    for (const auto& one : values) {
      ++position;
      value = one;
      rows.add([&](auto&& f) { columns(f); });
    }
  }
  std::string id, kind, value;
  std::int64_t version = 0, position = 0;
  RowSet rows;
  ::soci::statement insert;
};

template <bool paused>
struct SetPaused {
  explicit SetPaused(::soci::session& sql) : change(sql) {
    prepare(change,
            paused ? "INSERT INTO paused_zone (zone) VALUES (:zone) ON CONFLICT DO NOTHING"
                   : "DELETE FROM paused_zone WHERE zone = :zone",
            [&](auto, auto parameters) { parameters("zone", zone); });
  }
  bool run(const ZoneName& name) {
    zone = name.str();
    change.execute(true);
    return change.get_affected_rows() > 0;
  }
  std::string zone;
  ::soci::statement change;
};

}  // namespace

std::set<RequestId> insert_results(PostgresqlSession& session, const std::vector<const ResultRecord*>& records) {
  std::set<RequestId> written;
  if (records.empty()) return written;
  auto& statement = session.prepared<InsertResults>();
  statement.rows.clear();
  for (const auto* record : records) {
    statement.row.set(*record);
    statement.row.body = to_hex(record->body);
    statement.rows.add([&](auto&& f) { statement.row.columns(f); });
  }
  statement.rows.close();
  for (bool more = statement.insert.execute(true); more; more = statement.insert.fetch()) {
    written.insert(stored(RequestId::parse(statement.written), "command_id"));
  }
  return written;
}

template <class Statement>
std::set<RequestId> run_over(PostgresqlSession& session, const std::vector<const ResultKey*>& keys) {
  std::set<RequestId> found;
  if (keys.empty()) return found;
  ResultsByKey& statement = session.prepared<Statement>();
  statement.rows.clear();
  for (const auto* key : keys) {
    statement.command_id = key->command_id.to_string();
    statement.body = to_hex(key->body);
    statement.rows.add([&](auto&& f) { statement.columns(f); });
  }
  statement.rows.close();
  for (bool more = statement.run.execute(true); more; more = statement.run.fetch()) {
    found.insert(stored(RequestId::parse(statement.found), "command_id"));
  }
  return found;
}

std::set<RequestId> lock_results(PostgresqlSession& session, const std::vector<const ResultKey*>& keys) {
  return run_over<LockResults>(session, keys);
}

std::set<RequestId> remove_results(PostgresqlSession& session, const std::vector<const ResultKey*>& keys) {
  return run_over<RemoveResults>(session, keys);
}

std::set<ParkedResultId> insert_parked(PostgresqlSession& session, const std::vector<const ParkedResult*>& parked) {
  std::set<ParkedResultId> written;
  if (parked.empty()) return written;
  auto& statement = session.prepared<InsertParked>();
  statement.rows.clear();
  for (const auto* one : parked) {
    statement.row.set(*one);
    statement.row.body = to_hex(one->body);
    statement.rows.add([&](auto&& f) { statement.row.columns(f); });
  }
  statement.rows.close();
  for (bool more = statement.insert.execute(true); more; more = statement.insert.fetch()) {
    written.insert(stored(ParkedResultId::parse(statement.written), "parked_result_id"));
  }
  return written;
}

std::set<ParkedResultId> remove_parked(PostgresqlSession& session, const std::vector<ParkedResultId>& ids) {
  std::set<ParkedResultId> removed;
  if (ids.empty()) return removed;
  auto& statement = session.prepared<RemoveParked>();
  statement.ids.clear();
  for (const auto& id : ids) statement.ids.append(id.to_string());
  statement.ids.close();
  for (bool more = statement.remove.execute(true); more; more = statement.remove.fetch()) {
    removed.insert(stored(ParkedResultId::parse(statement.removed), "parked_result_id"));
  }
  return removed;
}

void put_backups(PostgresqlSession& session, const std::vector<const Backup*>& backups) {
  if (backups.empty()) return;
  std::map<std::pair<std::string, std::string>, std::int64_t> of_date;
  auto& statement = session.prepared<PutBackups>();
  statement.rows.clear();
  for (const auto* backup : backups) {
    statement.row.set(*backup);
    statement.ordinal = ++of_date[{statement.row.job_id, statement.row.data_as_of}];
    statement.rows.add([&](auto&& f) { statement.columns(f); });
  }
  statement.rows.close();
  auto& lock = session.prepared<LockDates>();
  lock.dates.clear();
  for (const auto& [date, count] : of_date) lock.dates.append(date.first + " " + date.second);
  lock.dates.close();
  lock.select.execute(true);
  statement.insert.execute(true);
}

void keep_job_versions(PostgresqlSession& session, const std::vector<const BackupJob*>& versions) {
  if (versions.empty()) return;
  auto& statement = session.prepared<InsertVersions>();
  statement.rows.clear();
  for (const auto* job : versions) {
    statement.set(*job);
    statement.rows.add([&](auto&& f) { statement.columns(f); });
  }
  statement.rows.close();
  std::set<std::pair<std::string, std::int64_t>> written;
  for (bool more = statement.insert.execute(true); more; more = statement.insert.fetch()) {
    written.emplace(statement.written_id, statement.written_version);
  }
  if (written.empty()) return;
  auto& items = session.prepared<InsertItems>();
  items.rows.clear();
  for (const auto* job : versions) {
    if (!written.contains({job->id.to_string(), job->version})) continue;
    items.add(*job, "allowedRequester", job->allowed_requesters);
    items.add(*job, "backupSourceRoot", job->source_roots);
    items.add(*job, "notify", job->notify);
  }
  items.rows.close();
  items.insert.execute(true);
}

bool set_paused(PostgresqlSession& session, const ZoneName& zone, bool paused) {
  return paused ? session.prepared<SetPaused<true>>().run(zone) : session.prepared<SetPaused<false>>().run(zone);
}

}  // namespace backupctl::soci::postgresql
