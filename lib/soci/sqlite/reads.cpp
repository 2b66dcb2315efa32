#include "soci/sqlite/reads.hpp"

#include <algorithm>

#include "soci/rows/backup_row.hpp"
#include "soci/rows/request_row.hpp"
#include "soci/rows/result_row.hpp"
#include "soci/sqlite/dialect.hpp"
#include "soci/sqlite/request_statements.hpp"
#include "soci/sqlite/select.hpp"

namespace backupctl::soci {

namespace {

std::string select_from_backup() {
  BackupRow row;
  return "SELECT " + listed([&](auto&& f) { row.columns(f); }, "@") +
         ", version_of_date, version_of_date = (SELECT max(other.version_of_date) FROM backup AS other"
         " WHERE other.backup_job_id = backup.backup_job_id AND other.data_as_of_date = backup.data_as_of_date)"
         " FROM backup";
}

std::vector<Backup> run(SqliteSession& session, Select& select) {
  std::vector<Backup> backups;
  BackupRow row;
  const auto each = [&](auto&& f) {
    row.columns(f);
    f("", row.version_of_date);
    f("", row.newest_of_date);
  };
  select.run(session, each, [&] { backups.push_back(row.backup()); });
  return backups;
}

// `of_requester` names what stands for the requester, "requester_id = " say, and is closed with `close`.
void narrow(Select& select, const Scope& scope, const std::string& of_requester, const std::string& close) {
  if (scope == Scope{}) return;
  std::string either;
  if (scope.requester) either = of_requester + select.value(scope.requester->str()) + close;
  if (scope.job_owner) {
    either +=
        (either.empty() ? "" : " OR ") +
        std::string("backup_job_id IN (SELECT owned.backup_job_id FROM job_version AS owned WHERE owned.owner_id = ") +
        select.value(scope.job_owner->str()) +
        " AND owned.version = (SELECT max(newest.version) FROM job_version AS newest"
        " WHERE newest.backup_job_id = owned.backup_job_id))";
  }
  select.where("(" + either + ")");
}

}  // namespace

std::vector<BackupRequest> select_requests(SqliteSession& session, const RequestQuery& query) {
  Select select("SELECT " + request_columns() + " FROM backup_request");
  if (query.job_id) select.where("backup_job_id =", query.job_id->to_string());
  if (query.state) select.where("state_code =", std::string(to_string(*query.state)));
  if (query.state && *query.state != RequestState::succeeded) select.where(is_not_succeeded);
  if (query.transport) select.where("transport =", std::string(to_string(*query.transport)));
  if (query.received_from) select.where("received_time >=", to_integer(*query.received_from));
  if (query.received_to) select.where("received_time <", to_integer(*query.received_to));
  if (query.zone) select.where("zone =", query.zone->str());
  select.where_one_of("backup_request_id", query.ids);
  narrow(select, query.scope, "requester_id = ", "");
  if (query.after) select.where("backup_request_id <", query.after->to_string());
  select.then("ORDER BY backup_request_id DESC");
  select.limit(query.limit);

  std::vector<BackupRequest> requests;
  RequestRow row;
  select.run(
      session, [&](auto&& f) { row.columns(f); }, [&] { requests.push_back(row.request()); });
  return requests;
}

std::vector<HistoryEntry> select_history(SqliteSession& session, RequestId id) {
  Select select("SELECT state_code, time, detail FROM request_history");
  select.where("backup_request_id =", id.to_string());
  select.then("ORDER BY position");
  std::vector<HistoryEntry> entries;
  std::string state, detail;
  std::int64_t time = 0;
  const auto each = [&](auto&& f) {
    f("", state);
    f("", time);
    f("", detail);
  };
  select.run(session, each, [&] {
    entries.push_back({stored(parse_request_state(state), "state_code"), to_time(time), detail});
  });
  return entries;
}

std::optional<Backup> select_backup(SqliteSession& session, BackupId id) {
  Select select(select_from_backup());
  select.where("backup_id =", id.to_string());
  const auto found = run(session, select);
  return found.empty() ? std::nullopt : std::optional(found.front());
}

std::vector<Backup> select_backups(SqliteSession& session, const BackupQuery& query) {
  Select select(select_from_backup());
  if (query.job_id) select.where("backup_job_id =", query.job_id->to_string());
  if (query.id) select.where("backup_id =", query.id->to_string());
  select.where_one_of("backup_request_id", query.request_ids);
  if (query.zone) select.where("zone =", query.zone->str());
  if (query.state) select.where("state_code =", std::string(to_string(*query.state)));
  if (query.as_of_from) select.where("data_as_of_date >=", query.as_of_from->to_string());
  if (query.as_of_to) select.where("data_as_of_date <=", query.as_of_to->to_string());
  narrow(select, query.scope,
         "EXISTS (SELECT 1 FROM backup_request AS request"
         " WHERE request.backup_request_id = backup.backup_request_id AND request.requester_id = ",
         ")");
  if (query.after) select.where("backup_id <", query.after->to_string());
  select.then("ORDER BY backup_id DESC");
  select.limit(query.limit);
  return run(session, select);
}

std::vector<ResultRecord> select_results(SqliteSession& session, std::int64_t limit) {
  ResultRow row;
  const auto each = [&](auto&& f) { row.columns(f); };
  Select select("SELECT " + listed(each, "@") + " FROM zone_result");
  select.then("ORDER BY arrival");
  select.limit(limit);
  std::vector<ResultRecord> records;
  select.run(session, each, [&] { records.push_back(row.record()); });
  return records;
}

std::vector<ParkedResult> select_parked(SqliteSession& session, const ParkedQuery& query) {
  ParkedRow row;
  const auto each = [&](auto&& f) { row.columns(f); };
  Select select("SELECT " + listed(each, "@") + " FROM parked_result");
  if (query.id) select.where("parked_result_id =", query.id->to_string());
  if (query.after) select.where("parked_result_id <", query.after->to_string());
  select.then("ORDER BY parked_result_id DESC");
  select.limit(query.limit);
  std::vector<ParkedResult> parked;
  select.run(session, each, [&] { parked.push_back(row.parked()); });
  return parked;
}

}  // namespace backupctl::soci
