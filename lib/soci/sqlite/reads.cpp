#include "soci/sqlite/reads.hpp"

#include <algorithm>

#include "soci/rows/backup_row.hpp"
#include "soci/rows/list_text.hpp"
#include "soci/rows/request_row.hpp"
#include "soci/rows/result_row.hpp"
#include "soci/sqlite/request_statements.hpp"
#include "soci/sqlite/select.hpp"

namespace backupctl::soci {

namespace {

std::string select_from_backup() {
  BackupRow row;
  return "SELECT " + listed([&](auto&& f) { row.columns(f); }, "@") + ", version_of_date, " +
         std::string(is_newest_of_date) + " FROM backup";
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

std::vector<BackupRequest> page_of(SqliteSession& session, const RequestQuery& query) {
  Select select("SELECT " + request_columns() + " FROM backup_request");
  list(select, query);
  std::vector<BackupRequest> requests;
  RequestRow row;
  select.run(
      session, [&](auto&& f) { row.columns(f); }, [&] { requests.push_back(row.request()); });
  return requests;
}

std::vector<Backup> page_of(SqliteSession& session, const BackupQuery& query) {
  Select select(select_from_backup());
  list(select, query);
  return run(session, select);
}

std::vector<JobId> owned_jobs(SqliteSession& session, const OwnerName& owner) {
  Select select("SELECT owned.backup_job_id FROM job_version AS owned");
  list_owned_jobs(select, owner);
  std::vector<JobId> jobs;
  std::string job;
  select.run(
      session, [&](auto&& f) { f("", job); }, [&] { jobs.push_back(stored(JobId::parse(job), "backup_job_id")); });
  return jobs;
}

template <class Query, class IdOf>
auto page_in_scope(SqliteSession& session, const Query& query, const IdOf& id_of) {
  return soci::page_in_scope(
      query, [&](const OwnerName& owner) { return owned_jobs(session, owner); },
      [&](const Query& part) { return page_of(session, part); }, id_of);
}

}  // namespace

std::vector<BackupRequest> select_requests(SqliteSession& session, const RequestQuery& query) {
  if (!query.ids.empty()) return page_of(session, query);
  return page_in_scope(session, query, [](const BackupRequest& request) { return request.order.id; });
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
  if (query.id || !query.request_ids.empty()) return page_of(session, query);
  return page_in_scope(session, query, [](const Backup& backup) { return backup.id; });
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
