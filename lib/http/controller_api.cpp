#include "http/controller_api.hpp"

#include "embedded/controller_openapi.hpp"
#include "http/controller_api_context.hpp"

namespace backupctl::http {
namespace {

Response openapi() { return json_response(200, std::string(embedded::controller_openapi().front().content)); }

Response ready(const ControllerApi::Context& context) {
  if (context.draining) return problem_response(503, "draining", "the controller is shutting down");
  if (const auto why = context.ports.controller.why_not_ready(); !why.empty()) {
    return problem_response(503, "store-unavailable", "the controller cannot take requests: " + why);
  }
  if (context.options.health_beside) {
    const auto beside = context.options.health_beside();
    if (!beside.ready) return problem_response(503, "transport-unavailable", beside.detail);
  }
  return json_response(200, R"({"ready":true})");
}

std::string metrics_text(const ControllerApi::Context& context) {
  auto text = context.ports.controller.metrics();
  text += "# TYPE backupctl_http_refused_total counter\n";
  for (const auto& [code, count] : context.refused) {
    text += "backupctl_http_refused_total{code=\"" + code + "\"} " + std::to_string(count) + "\n";
  }
  if (context.options.metrics_beside) text += context.options.metrics_beside();
  return text;
}

}  // namespace

ControllerApi::ControllerApi(Ports ports, ControllerApiOptions options)
    : context_(std::make_unique<Context>(ports, std::move(options))) {}
ControllerApi::~ControllerApi() = default;

void ControllerApi::add_to(Router& router) {
  auto& context = *context_;
  context.ControllerReads::add_to(router);
  add_request_routes(router, context);
  add_result_routes(router, context);
  add_operation_routes(router, context);
  add_act_routes(router, context);

  router.add("GET", "/livez", Access::open(),
             [](Request, const Respond& respond) { respond(json_response(200, R"({"live":true})")); });
  router.add("GET", "/readyz", Access::open(),
             [&context](Request, const Respond& respond) { respond(ready(context)); });
  router.add("GET", "/openapi.json", Access::open(), [](Request, const Respond& respond) { respond(openapi()); });
  router.add("GET", "/metrics", Access::open(), [&context](Request, Respond respond) {
    // The gauges among the metrics are as fresh as the last look at the status.
    auto answer = [&context, respond = std::move(respond)](const Result<ControllerStatus>&) {
      respond(
          {.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, .body = metrics_text(context)});
    };
    context.ask_status(context.back<Result<ControllerStatus>>(std::move(answer)));
  });
}

Handler ControllerApi::counting(Handler handler) {
  return [this, handler = std::move(handler)](Request request, Respond respond) {
    handler(std::move(request), [this, respond = std::move(respond)](Response response) {
      count_refusal(response);
      respond(std::move(response));
    });
  };
}

void ControllerApi::count_refusal(const Response& response) {
  if (response.status >= 400) ++context_->refused[response.code.empty() ? "none" : response.code];
}

void ControllerApi::drain() { context_->draining = true; }

Response store_problem(const Error& error) {
  if (error.kind != ErrorKind::unavailable && error.kind != ErrorKind::unknown_outcome) return problem_response(error);
  return problem_response(503, "store-unavailable", error.detail);
}

Response not_there(std::string_view what) {
  return problem_response(404, "not-found", "there is no such " + std::string(what));
}

}  // namespace backupctl::http
