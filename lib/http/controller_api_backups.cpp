#include "http/controller_api_context.hpp"
#include "http/controller_api_query.hpp"
#include "wire/backup_json.hpp"

namespace backupctl::http {
namespace {

constexpr char list_of_backups = 'b';

void list_backups(const ControllerReads& reads, const Request& request, Respond respond) {
  QueryReader in(request);
  BackupQuery query{.job_id = in.read<JobId>("backupJobId"),
                    .zone = in.read<ZoneName>("zone"),
                    .state = in.read_one_of("stateCode", parse_backup_state, "Stored, Deleting, Deleted, Missing"),
                    .as_of_from = in.read<CivilDate>("dataAsOfFrom"),
                    .as_of_to = in.read<CivilDate>("dataAsOfTo"),
                    .scope = scope_of(request.principal),
                    .after = in.cursor<BackupId>(list_of_backups)};
  if (const auto made_by = in.read<RequestId>("backupRequestId")) query.request_ids = {*made_by};
  const auto limit = in.limit();
  query.limit = limit + 1;
  if (auto refused = in.refusal()) return respond(*std::move(refused));
  auto answer = [limit, respond = std::move(respond)](Result<std::vector<Backup>> rows) {
    if (!rows) return respond(store_problem(rows.error()));
    const auto next = cut_page(*rows, limit, list_of_backups, [](const auto& row) { return row.id; });
    respond(json_response(200, wire::list_text(*rows, wire::write_backup, next)));
  };
  reads.repository().list_backups(std::move(query), reads.back<Result<std::vector<Backup>>>(std::move(answer)));
}

void get_backup(const ControllerReads& reads, const Request& request, Respond respond) {
  const auto id = BackupId::parse(request.path_parameter("id"));
  if (!id) return respond(not_there("backup"));
  auto answer = [respond = std::move(respond)](const Result<std::vector<Backup>>& found) {
    if (!found) return respond(store_problem(found.error()));
    if (found->empty()) return respond(not_there("backup"));
    respond(json_response(200, wire::json_text(wire::write_backup, found->front())));
  };
  reads.repository().list_backups({.id = *id, .scope = scope_of(request.principal), .limit = 1},
                                  reads.back<Result<std::vector<Backup>>>(std::move(answer)));
}

}  // namespace

void add_backup_reads(Router& router, const ControllerReads& reads) {
  router.add("GET", "/api/backups", readers,
             [&reads](const Request& request, Respond respond) { list_backups(reads, request, std::move(respond)); },
             {"backupJobId", "backupRequestId", "zone", "stateCode", "dataAsOfFrom", "dataAsOfTo", "limit", "cursor"});
  router.add("GET", "/api/backups/{id}", readers,
             [&reads](const Request& request, Respond respond) { get_backup(reads, request, std::move(respond)); });
}

}  // namespace backupctl::http
