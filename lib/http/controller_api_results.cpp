#include "http/controller_api_context.hpp"
#include "http/controller_api_query.hpp"
#include "wire/json.hpp"
#include "wire/object_reader.hpp"
#include "wire/zone_result_json.hpp"

namespace backupctl::http {
namespace {

using Context = ControllerApi::Context;

constexpr char list_of_parked = 'p';

// Who left the result: the zone that its token speaks for; where there are no tokens, the one that the body names.
ZoneName zone_of(const Request& request) {
  const auto unknown = [] { return ZoneName::parse("unknown").value(); };
  if (request.principal.zone) return ZoneName::parse(*request.principal.zone).value_or(unknown());
  const auto document = wire::parse_strict(request.body);
  if (!document) return unknown();
  return wire::ObjectReader{*document, wire::UnknownMembers::ignore}.optional<ZoneName>("zone").value_or(unknown());
}

void put_result(const Context& context, const Request& request, Respond respond) {
  // Whatever was left is kept: what cannot be read, or names another command than the path, is parked for a person.
  auto record =
      wire::read_result_record(request.path_parameter("commandId"), zone_of(request), request.body, context.now());
  if (!record.result) {
    context.log(LogLevel::warning, "result cannot be read",
                {{"requestId", record.command_id.to_string()},
                 {"zone", record.zone.str()},
                 {"traceId", request.trace.trace_id},
                 {"problem", record.problem}});
  }
  auto answer = [respond = std::move(respond)](const Result<void>& kept) {
    if (!kept) return respond(store_problem(kept.error()));
    respond(empty_response(202));
  };
  context.ports.controller.async_put_result(std::move(record), context.back<Result<void>>(std::move(answer)));
}

void list_parked(const ControllerReads& reads, const Request& request, Respond respond) {
  QueryReader in(request);
  ParkedQuery query{.after = in.cursor<ParkedResultId>(list_of_parked)};
  const auto limit = in.limit();
  query.limit = limit + 1;
  if (auto refused = in.refusal()) return respond(*std::move(refused));
  auto answer = [limit, respond = std::move(respond)](Result<std::vector<ParkedResult>> rows) {
    if (!rows) return respond(store_problem(rows.error()));
    const auto next = cut_page(*rows, limit, list_of_parked, [](const auto& row) { return row.id; });
    respond(json_response(200, wire::list_text(*rows, wire::write_parked_result, next)));
  };
  reads.repository().list_parked(std::move(query), reads.back<Result<std::vector<ParkedResult>>>(std::move(answer)));
}

}  // namespace

void add_result_routes(Router& router, ControllerApi::Context& context) {
  router.add("PUT", "/api/zone-results/{commandId}", {Role::zone},
             [&context](const Request& request, Respond respond) { put_result(context, request, std::move(respond)); });
}

void add_result_reads(Router& router, const ControllerReads& reads) {
  router.add("GET", "/api/parked-results", {Role::operator_, Role::auditor},
             [&reads](const Request& request, Respond respond) { list_parked(reads, request, std::move(respond)); },
             {"limit", "cursor"});
}

}  // namespace backupctl::http
