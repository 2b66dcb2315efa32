// By which index each page of a list has to be read, whatever is in the store. Thread rule: plain values.
#pragma once

#include <string>
#include <vector>

#include "backupctl/testing/repository_fixture.hpp"
#include "soci/rows/list_text.hpp"

namespace backupctl::testing {

struct ListPlan {
  std::string what;
  std::string text;   // of the SELECT, with a column of the table that no index has
  std::string index;  // empty: that of the table's primary key
  bool sorts = false;
  bool begins = false;  // after an id
};

// Of each filter that a list has, and of those together that are told apart; each for a first and for a later page.
template <class Select>
class ListPlans : protected RepositoryContract {
 public:
  static std::vector<ListPlan> all() {
    std::vector<ListPlan> plans;
    const auto job = job_id(1);
    const Scope mine{.requester = owner("ann")};
    const auto requests = [&](const char* what, RequestQuery query, const char* index, bool sorts = false) {
      plans.push_back({what, text("SELECT last_error FROM backup_request", query), index, sorts});
      query.after = request_id(1);
      plans.push_back({what, text("SELECT last_error FROM backup_request", query), index, sorts, true});
    };
    requests("requests", {}, "");
    requests("of a job", {.job_id = job}, "backup_request_job");
    requests("of a requester", {.scope = mine}, "backup_request_requester");
    requests("of a requester's job", {.job_id = job, .scope = mine}, "backup_request_job");
    requests("of an owner with many jobs", {.scope = {.job_owner = owner("ann")}}, "");
    requests("of an owner or a requester", {.scope = {.requester = owner("ann"), .job_owner = owner("ann")}}, "");
    requests("in a zone", {.zone = zone()}, "");
    requests("of a transport", {.transport = TransportKind::library}, "");
    requests("received", {.received_from = at(0), .received_to = at(1)}, "");
    requests("everything of a job",
             {.job_id = job, .transport = TransportKind::http, .received_from = at(0), .zone = zone(), .scope = mine},
             "backup_request_job");
    requests("named",
             {.ids = {request_id(1), request_id(2)}, .job_id = job, .state = RequestState::sent, .scope = mine}, "",
             true);
    for (const auto state : {RequestState::received, RequestState::allowed, RequestState::sent}) {
      requests("open", {.state = state}, "backup_request_state");
      requests("a job's, open", {.job_id = job, .state = state}, "backup_request_state");
      requests("a requester's, open", {.state = state, .scope = mine}, "backup_request_state");
    }
    for (const auto state : {RequestState::not_allowed, RequestState::failed, RequestState::cancelled}) {
      requests("ended otherwise", {.state = state}, "backup_request_state");
      requests("a job's, ended otherwise", {.job_id = job, .state = state}, "backup_request_job_state");
      requests("a requester's, ended otherwise", {.state = state, .scope = mine}, "backup_request_requester_state");
      requests("a requester's job's, ended otherwise", {.job_id = job, .state = state, .scope = mine},
               "backup_request_job_state");
    }
    const auto succeeded = RequestState::succeeded;
    requests("succeeded", {.state = succeeded}, "backup_request_state");
    requests("a job's, succeeded", {.job_id = job, .state = succeeded}, "backup_request_job");
    requests("a requester's, succeeded", {.state = succeeded, .scope = mine}, "backup_request_requester");

    const auto backups = [&](const char* what, BackupQuery query, const char* index, bool sorts = false) {
      plans.push_back({what, text("SELECT verify_hash FROM backup", query), index, sorts});
      query.after = backup_id(1);
      plans.push_back({what, text("SELECT verify_hash FROM backup", query), index, sorts, true});
    };
    backups("one", {.id = backup_id(1), .job_id = job, .scope = mine}, "", true);
    const auto day = date("2021-01-08"), next_week = date("2021-01-15"), next_year = date("2022-01-08");
    backups("backups", {}, "");
    backups("of a job", {.job_id = job}, "backup_job");
    backups("of an owner or a requester", {.scope = {.requester = owner("ann"), .job_owner = owner("ann")}}, "");
    backups("in a zone", {.zone = zone()}, "");
    backups("stored", {.state = BackupState::stored}, "");
    backups("a job's, stored", {.job_id = job, .state = BackupState::stored}, "backup_job");
    backups("of a job and date", {.job_id = job, .as_of_from = day, .as_of_to = day}, "backup_date");
    backups("of a date", {.as_of_from = day, .as_of_to = day}, "backup_date", true);
    backups("of a few dates", {.as_of_from = day, .as_of_to = next_week}, "backup_date", true);
    backups("of many dates", {.as_of_from = day, .as_of_to = next_year}, "");
    backups("of a job and many dates", {.job_id = job, .as_of_from = day, .as_of_to = next_year}, "backup_job");
    for (const auto state : {BackupState::deleting, BackupState::deleted, BackupState::missing}) {
      backups("not stored", {.state = state}, "backup_state");
      backups("a job's, not stored", {.job_id = job, .state = state, .as_of_from = day}, "backup_job_state");
    }
    return plans;
  }

 private:
  struct Text : Select {
    using Select::Select;
    using Select::text;
  };
  template <class Query>
  static std::string text(const char* select, const Query& query) {
    Text made(select);
    soci::list(made, query);
    return made.text();
  }
};

// What fills a store with requests that have succeeded, of one job and one requester but for a few, and their backups.
inline const char* const many_ended_requests =
    "WITH RECURSIVE row (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM row WHERE n < 3000)"
    " INSERT INTO backup_request SELECT 'request-' || (10000 + n), 'job-' || (n / 2900), '/p', '2021-01-08',"
    " 'requester-' || (n / 2900), 'HTTP', NULL, '', 1, CASE WHEN n % 500 = 0 THEN 'Failed' ELSE 'Succeeded' END, '', 1,"
    " NULL, 1, NULL, 1, 1, 1, 'files', 'p', 1, CASE WHEN n % 500 = 0 THEN NULL ELSE 'backup-' || (10000 + n) END,"
    " 1, 1, '', NULL, NULL, NULL, 0, 1 FROM row";
inline const char* const backups_of_them =
    "INSERT INTO backup SELECT backup_id, backup_request_id, backup_job_id, zone,"
    " CASE WHEN backup_id LIKE '%777' THEN 'Missing' ELSE 'Stored' END, data_as_of_date, 'p', 1, NULL, NULL, NULL, "
    "NULL,"
    " '', 1, 1, NULL, row_number() OVER (ORDER BY backup_id) FROM backup_request WHERE backup_id IS NOT NULL";

}  // namespace backupctl::testing
