// GET /api/backup-jobs/{id}/backups: the controller's list, asked with the service's own token.
#include <cctype>
#include <utility>

#include "http/problem.hpp"
#include "http/request_target.hpp"
#include "jobs/api.hpp"
#include "jobs/request_parts.hpp"
#include "wire/json.hpp"
#include "wire/problem.hpp"

namespace backupctl::jobs {
namespace {

http::Response controller_away() {
  return http::problem_response(503, "controller-unavailable",
                                "the controller, which keeps the list of backups, does not give an answer now");
}

bool is_list(const http::ClientResponse& answer) {
  const auto value = wire::parse_strict(answer.body);
  if (!value || !value->is_object()) return false;
  const auto* items = value->as_object().if_contains("items");
  return items && items->is_array();
}

// What the controller found wrong with the caller's own parameters is the caller's to know; all else is between the
// two servers.
std::optional<http::Response> as_refusal(const http::ClientResponse& answer) {
  if (answer.status != 400 && answer.status != 422) return {};
  auto problem = wire::parse_problem(answer.body);
  if (!problem) return {};
  return http::problem_response(answer.status, problem->code, problem->detail, problem->errors);
}

}  // namespace

void Api::backups(Request request, Respond respond) {
  const auto id = job_id_of(request);
  if (!id) return respond(refuse(id.error()));
  const auto actor = actor_of(request.principal);
  parts_.store_thread.post([this, id = *id, actor, request = std::move(request), respond = std::move(respond)] {
    const auto job = parts_.store.find(id);
    const auto visible = job ? check_visible(*job, actor) : Result<void>{job.error()};
    parts_.executor.post([this, id, request, respond, visible] {
      if (!visible) return respond(refuse(visible.error()));
      ask_controller(id, request, respond);
    });
  });
}

void Api::ask_controller(JobId id, const Request& request, Respond respond) {
  http::ClientRequest question;
  question.target = "/api/backups?backupJobId=" + id.to_string();
  for (const auto* name : {"limit", "cursor"}) {
    if (const auto text = request.query_parameter(name))
      question.target += std::string("&") + name + "=" + http::percent_encode(*text);
  }
  question.headers.add("traceparent", request.trace.to_header());
  parts_.controller.send(question, [this, respond = std::move(respond)](Result<http::ClientResponse> answer) {
    if (answer && answer->status == 200 && is_list(*answer)) {
      return respond(http::json_response(200, std::move(answer->body)));
    }
    if (answer) {
      if (auto refusal = as_refusal(*answer)) return respond(*std::move(refusal));
    }
    parts_.logger.write(LogLevel::warning, "the controller gave no list of backups",
                        {{"detail", answer ? "status " + std::to_string(answer->status) : answer.error().detail}});
    respond(controller_away());
  });
}

}  // namespace backupctl::jobs
