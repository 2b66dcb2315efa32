// Calls with which people help: many requests at once, parked results, a zone that has drifted from the master store.
#include "http/controller_api_context.hpp"
#include "wire/acts_json.hpp"
#include "wire/backup_request_json.hpp"
#include "wire/zone_result_json.hpp"

namespace backupctl::http {
namespace {

using Context = ControllerApi::Context;

// The refusal of a body that does not come as JSON; none is fine where it may be left out.
std::optional<Response> refuse_body(const Request& request) {
  return request.body.empty() ? std::nullopt : refuse_unless_json(request);
}

void act_on_all(const Context& context, const Request& request, Respond respond, BulkAct what) {
  if (auto refused = refuse_unless_json(request)) return respond(*std::move(refused));
  auto order = wire::read_bulk_order(request.body);
  if (!order) return respond(problem_response(order.error()));
  auto answer = [respond = std::move(respond)](const Result<BulkReport>& report) {
    if (!report) return respond(store_problem(report.error()));
    respond(json_response(200, wire::json_text(wire::write_bulk_report, *report)));
  };
  context.ports.controller.async_on_all(std::move(order->filter), what, act_of(request, std::move(order->reason)),
                                        context.back<Result<BulkReport>>(std::move(answer)));
}

void reconcile(const Context& context, const Request& request, Respond respond) {
  if (auto refused = refuse_body(request)) return respond(*std::move(refused));
  auto order = wire::read_reconcile_order(request.body);
  if (!order) return respond(problem_response(order.error()));
  const auto zone = ZoneName::parse(request.path_parameter("name"));
  if (!zone) return respond(not_there("zone"));
  auto answer = [zone = *zone, respond = std::move(respond)](const Result<ReconcileReport>& report) {
    if (report) return respond(json_response(200, wire::json_text(wire::write_reconcile_report, zone, *report)));
    const auto& error = report.error();
    if (error.kind == ErrorKind::invalid) return respond(problem_response(409, "zone-cannot-list", error.detail));
    respond(store_problem(error));
  };
  context.ports.controller.async_reconcile(*zone, order->import, act_of(request, std::move(order->reason)),
                                           context.back<Result<ReconcileReport>>(std::move(answer)));
}

// Parses id and body, then does what is asked.
template <class Then>
void with_parked_id(const Request& request, const Respond& respond, Then&& then) {
  if (auto refused = refuse_body(request)) return respond(*std::move(refused));
  auto reason = wire::read_reason(request.body);
  if (!reason) return respond(problem_response(reason.error()));
  const auto id = ParkedResultId::parse(request.path_parameter("id"));
  if (!id) return respond(not_there("parked result"));
  then(*id, act_of(request, *std::move(reason)));
}

void dismiss(const Context& context, const Request& request, Respond respond) {
  with_parked_id(request, respond, [&](ParkedResultId id, Act act) {
    auto answer = [respond](const Result<void>& done) {
      if (!done) return respond(store_problem(done.error()));
      respond(empty_response(204));
    };
    context.ports.controller.async_dismiss(id, std::move(act), context.back<Result<void>>(std::move(answer)));
  });
}

void adopt(const Context& context, const Request& request, Respond respond) {
  with_parked_id(request, respond, [&](ParkedResultId id, Act act) {
    auto with_parked = [&context, respond, act = std::move(act)](const Result<std::vector<ParkedResult>>& found) {
      if (!found) return respond(store_problem(found.error()));
      if (found->empty()) return respond(not_there("parked result"));
      const auto& parked = found->front();
      auto result = wire::read_zone_result(parked.body);
      if (!result) {
        return respond(
            problem_response(409, "not-adoptable", "it does not read as a zone's result: " + result.error().detail));
      }
      auto answer = [&context, respond](const Result<BackupRequest>& row) {
        if (!row) return respond(store_problem(row.error()));
        respond(json_response(200, wire::json_text(wire::write_backup_request, *row, context.now())));
      };
      context.ports.controller.async_adopt(parked, *std::move(result), act,
                                           context.back<Result<BackupRequest>>(std::move(answer)));
    };
    context.repository().list_parked({.id = id, .limit = 1},
                                     context.back<Result<std::vector<ParkedResult>>>(std::move(with_parked)));
  });
}

}  // namespace

void add_act_routes(Router& router, ControllerApi::Context& context) {
  const auto call = [&context](void (*function)(const Context&, const Request&, Respond)) -> Handler {
    return [&context, function](const Request& request, Respond respond) {
      function(context, request, std::move(respond));
    };
  };
  for (const auto& [target, what] : {std::pair("/api/backup-requests/resend", BulkAct::resend),
                                     std::pair("/api/backup-requests/cancel", BulkAct::cancel)}) {
    router.add("POST", target, {Role::operator_}, [&context, what](const Request& request, Respond respond) {
      act_on_all(context, request, std::move(respond), what);
    });
  }
  router.add("POST", "/api/zones/{name}/reconcile", {Role::operator_}, call(reconcile));
  router.add("POST", "/api/parked-results/{id}/adopt", {Role::operator_}, call(adopt));
  router.add("POST", "/api/parked-results/{id}/dismiss", {Role::operator_}, call(dismiss));
}

}  // namespace backupctl::http
