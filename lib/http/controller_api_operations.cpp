#include <algorithm>

#include "http/controller_api_context.hpp"
#include "wire/controller_status_json.hpp"

namespace backupctl::http {
namespace {

using Context = ControllerApi::Context;

constexpr RoleSet watchers{Role::operator_, Role::auditor, Role::admin, Role::jobs};

std::string zones_text(const ControllerStatus& status) {
  const auto write = [&status](wire::JsonWriter& out, const ZoneCount& zone) {
    out.begin_object()
        .member("name", zone.zone)
        .member("paused", zone.paused)
        .member("inFlight", zone.in_flight)
        .member("waiting", zone.waiting);
    // A zone that this controller is not configured for has no breaker here.
    const auto& peers = status.dependencies;
    const auto peer = std::ranges::find(peers, "zone:" + zone.zone.str(), &DependencyStatus::name);
    if (peer != peers.end()) {
      out.member("breaker", to_string(peer->breaker)).member_if_filled("lastError", peer->last_error);
    }
    out.end_object();
  };
  return wire::list_text(status.store.zones, write);
}

void get_status(const ControllerReads& reads, Respond respond, bool zones_only) {
  auto answer = [&reads, zones_only, respond = std::move(respond)](const Result<ControllerStatus>& status) {
    if (!status) return respond(store_problem(status.error()));
    respond(json_response(
        200, zones_only ? zones_text(*status) : wire::json_text(wire::write_controller_status, *status, reads.now())));
  };
  reads.ask_status(reads.back<Result<ControllerStatus>>(std::move(answer)));
}

void pause_zone(const Context& context, const Request& request, Respond respond, bool paused) {
  auto zone = ZoneName::parse(request.path_parameter("name"));
  if (!zone) return respond(not_there("zone"));
  auto answer = [&context, zone = *zone, paused, requester = request.principal.owner, trace_id = request.trace.trace_id,
                 respond = std::move(respond)](const Result<void>& done) {
    if (!done) return respond(store_problem(done.error()));
    context.log(LogLevel::info, paused ? "zone paused" : "zone resumed",
                {{"zone", zone.str()}, {"requester", requester}, {"traceId", trace_id}});
    std::string text;
    wire::JsonWriter out(text);
    out.begin_object().member("name", zone).member("paused", paused).end_object();
    respond(json_response(200, std::move(text)));
  };
  context.ports.controller.async_pause_zone(*std::move(zone), paused, act_of(request),
                                            context.back<Result<void>>(std::move(answer)));
}

}  // namespace

void add_operation_reads(Router& router, const ControllerReads& reads) {
  router.add("GET", "/api/status", watchers,
             [&reads](const Request&, Respond respond) { get_status(reads, std::move(respond), false); });
  router.add("GET", "/api/zones", watchers,
             [&reads](const Request&, Respond respond) { get_status(reads, std::move(respond), true); });
}

void add_operation_routes(Router& router, ControllerApi::Context& context) {
  router.add("POST", "/api/zones/{name}/pause", {Role::operator_}, [&context](const Request& request, Respond respond) {
    pause_zone(context, request, std::move(respond), true);
  });
  router.add(
      "POST", "/api/zones/{name}/resume", {Role::operator_},
      [&context](const Request& request, Respond respond) { pause_zone(context, request, std::move(respond), false); });
}

}  // namespace backupctl::http
