#include "soci/sqlite/result_statements.hpp"

#include "soci/rows/backup_row.hpp"
#include "soci/rows/result_row.hpp"

namespace backupctl::soci {

namespace {

struct InsertResult {
  explicit InsertResult(::soci::session& sql) : insert(sql) {
    const auto each = [&](auto&& f) { row.columns(f); };
    prepare(insert, "INSERT INTO zone_result (" + listed(each, "@") + ") VALUES (" + listed(each, ":@") + ")",
            [&](auto, auto parameters) { row.columns(parameters); });
  }
  ResultRow row;
  ::soci::statement insert;
};

struct FindResult {
  explicit FindResult(::soci::session& sql) : select(sql) {
    prepare(select, "SELECT arrival FROM zone_result WHERE command_id = :command_id AND body = :body",
            [&](auto results, auto parameters) {
              results("", arrival);
              parameters("command_id", command_id);
              parameters("body", body);
            });
  }
  std::string command_id, body;
  std::int64_t arrival = 0;
  ::soci::statement select;
};

struct RemoveResult {
  explicit RemoveResult(::soci::session& sql) : remove(sql) {
    prepare(remove, "DELETE FROM zone_result WHERE command_id = :command_id AND body = :body",
            [&](auto, auto parameters) {
              parameters("command_id", command_id);
              parameters("body", body);
            });
  }
  std::string command_id, body;
  ::soci::statement remove;
};

struct InsertParked {
  explicit InsertParked(::soci::session& sql) : insert(sql) {
    const auto each = [&](auto&& f) { row.columns(f); };
    prepare(insert,
            "INSERT INTO parked_result (" + listed(each, "@") + ") SELECT " + listed(each, ":@") +
                " WHERE NOT EXISTS (SELECT 1 FROM parked_result WHERE command_id = :command_id AND zone = :zone"
                " AND reason_code = :reason_code AND body = :body) ON CONFLICT DO NOTHING",
            [&](auto, auto parameters) { row.columns(parameters); });
  }
  ParkedRow row;
  ::soci::statement insert;
};

struct RemoveParked {
  explicit RemoveParked(::soci::session& sql) : remove(sql) {
    prepare(remove, "DELETE FROM parked_result WHERE parked_result_id = :id",
            [&](auto, auto parameters) { parameters("id", id); });
  }
  std::string id;
  ::soci::statement remove;
};

struct InsertBackup {
  explicit InsertBackup(::soci::session& sql) : insert(sql) {
    const auto each = [&](auto&& f) { row.columns(f); };
    prepare(insert,
            "INSERT INTO backup (" + listed(each, "@") + ", version_of_date) VALUES (" + listed(each, ":@") +
                ", (SELECT coalesce(max(version_of_date), 0) + 1 FROM backup"
                " WHERE backup_job_id = :backup_job_id AND data_as_of_date = :data_as_of_date))"
                " ON CONFLICT (backup_id) DO NOTHING",
            [&](auto, auto parameters) { row.columns(parameters); });
  }
  BackupRow row;
  ::soci::statement insert;
};

struct ReplaceCopy {
  explicit ReplaceCopy(::soci::session& sql) : update(sql) {
    const auto each = [&](auto&& f) { row.copy_columns(f); };
    prepare(update, "UPDATE backup SET " + listed(each, "@ = :@") + " WHERE backup_id = :backup_id",
            [&](auto, auto parameters) {
              row.copy_columns(parameters);
              parameters("backup_id", row.id);
            });
  }
  BackupRow row;
  ::soci::statement update;
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

bool insert_result(SqliteSession& session, const ResultRecord& record) {
  if (is_waiting(session, {record.command_id, record.body})) return false;
  auto& statement = session.prepared<InsertResult>();
  statement.row.set(record);
  statement.insert.execute(true);
  return true;
}

bool is_waiting(SqliteSession& session, const ResultKey& key) {
  auto& statement = session.prepared<FindResult>();
  statement.command_id = key.command_id.to_string();
  statement.body = key.body;
  return statement.select.execute(true);
}

bool remove_result(SqliteSession& session, const ResultKey& key) {
  auto& statement = session.prepared<RemoveResult>();
  statement.command_id = key.command_id.to_string();
  statement.body = key.body;
  statement.remove.execute(true);
  return statement.remove.get_affected_rows() > 0;
}

bool insert_parked(SqliteSession& session, const ParkedResult& parked) {
  auto& statement = session.prepared<InsertParked>();
  statement.row.set(parked);
  statement.insert.execute(true);
  return statement.insert.get_affected_rows() > 0;
}

bool remove_parked(SqliteSession& session, ParkedResultId id) {
  auto& statement = session.prepared<RemoveParked>();
  statement.id = id.to_string();
  statement.remove.execute(true);
  return statement.remove.get_affected_rows() > 0;
}

bool set_paused(SqliteSession& session, const ZoneName& zone, bool paused) {
  return paused ? session.prepared<SetPaused<true>>().run(zone) : session.prepared<SetPaused<false>>().run(zone);
}

void put_backup(SqliteSession& session, const Backup& backup) {
  auto& insert = session.prepared<InsertBackup>();
  insert.row.set(backup);
  insert.insert.execute(true);
  if (insert.insert.get_affected_rows() > 0) return;
  auto& replace = session.prepared<ReplaceCopy>();
  replace.row.set(backup);
  replace.update.execute(true);
}

}  // namespace backupctl::soci
