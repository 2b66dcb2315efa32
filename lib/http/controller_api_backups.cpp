#include "http/controller_api_context.hpp"
#include "http/controller_api_query.hpp"
#include "wire/backup_json.hpp"

namespace backupctl::http {
namespace {

using Context = ControllerApi::Context;

constexpr char list_of_backups = 'b';

void list_backups(const Context& context, const Request& request, Respond respond) {
  QueryReader in(request);
  BackupQuery query{.job_id = in.read<JobId>("backupJobId"),
                    .request_id = in.read<RequestId>("backupRequestId"),
                    .zone = in.read<ZoneName>("zone"),
                    .state = in.read_one_of("stateCode", parse_backup_state, "Stored, Deleting, Deleted, Missing"),
                    .as_of_from = in.read<CivilDate>("dataAsOfFrom"),
                    .as_of_to = in.read<CivilDate>("dataAsOfTo"),
                    .after = in.cursor<BackupId>(list_of_backups)};
  const auto limit = in.limit();
  query.limit = limit + 1;
  if (auto refused = in.refusal()) return respond(*std::move(refused));
  if (!reads_all(request.principal)) {
    auto owner = OwnerName::parse(request.principal.owner);
    if (!owner) return respond(problem_response(Error{ErrorKind::forbidden, owner.error().detail}));
    query.requester = *std::move(owner);
  }
  auto answer = [limit, respond = std::move(respond)](Result<std::vector<Backup>> rows) {
    if (!rows) return respond(store_problem(rows.error()));
    const auto next = cut_page(*rows, limit, list_of_backups, [](const auto& row) { return row.id; });
    respond(json_response(200, wire::list_text(*rows, wire::write_backup, next)));
  };
  context.repository().list_backups(std::move(query), context.back<Result<std::vector<Backup>>>(std::move(answer)));
}

void get_backup(const Context& context, const Request& request, Respond respond) {
  const auto id = BackupId::parse(request.path_parameter("id"));
  if (!id) return respond(not_there("backup"));
  auto with_backup = [&context, principal = request.principal,
                      respond = std::move(respond)](const Result<std::optional<Backup>>& found) {
    if (!found) return respond(store_problem(found.error()));
    if (!*found) return respond(not_there("backup"));
    const auto show = [](const Backup& backup) {
      return json_response(200, wire::json_text(wire::write_backup, backup));
    };
    if (reads_all(principal)) return respond(show(**found));
    // A requester sees what its own requests made.
    auto with_request = [owner = principal.owner, show, backup = **found,
                         respond](const Result<std::optional<BackupRequest>>& row) {
      if (!row) return respond(store_problem(row.error()));
      const bool own = *row && (*row)->order.requester.str() == owner;
      respond(own ? show(backup) : not_there("backup"));
    };
    context.repository().find_request((*found)->request_id,
                                      context.back<Result<std::optional<BackupRequest>>>(std::move(with_request)));
  };
  context.repository().find_backup(*id, context.back<Result<std::optional<Backup>>>(std::move(with_backup)));
}

}  // namespace

void add_backup_routes(Router& router, ControllerApi::Context& context) {
  router.add(
      "GET", "/api/backups", readers,
      [&context](const Request& request, Respond respond) { list_backups(context, request, std::move(respond)); },
      {"backupJobId", "backupRequestId", "zone", "stateCode", "dataAsOfFrom", "dataAsOfTo", "limit", "cursor"});
  router.add("GET", "/api/backups/{id}", readers,
             [&context](const Request& request, Respond respond) { get_backup(context, request, std::move(respond)); });
}

}  // namespace backupctl::http
