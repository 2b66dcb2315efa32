#include <string_view>

#include "http/controller_api_context.hpp"
#include "http/controller_api_query.hpp"
#include "http/rate_limit.hpp"
#include "wire/backup_request_json.hpp"

namespace backupctl::http {
namespace {

using Context = ControllerApi::Context;

constexpr char list_of_requests = 'r';

// The preference among those of RFC 7240 that we honour; it may stand beside others, in one field or several.
bool prefers_async(const Headers& headers) {
  for (const auto& [name, value] : headers) {
    if (!equal_ignoring_case(name, "Prefer")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const auto comma = std::min(rest.find(','), rest.size());
      const auto preference = rest.substr(0, comma);
      if (equal_ignoring_case(trim(preference.substr(0, preference.find(';'))), "respond-async")) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

// The key, if one was sent; the server has refused requests with two. Errors: invalid.
Result<std::optional<IdempotencyKey>> read_key(const Headers& headers) {
  const auto text = headers.find("Idempotency-Key");
  if (!text) return std::optional<IdempotencyKey>{};
  auto key = IdempotencyKey::parse(*text);
  if (key) return std::optional(*std::move(key));
  const auto& detail = key.error().detail;
  return Error{ErrorKind::invalid, "Idempotency-Key " + detail, false, {}, {{"Idempotency-Key", detail}}};
}

Result<Submission> read_submission(const Request& request) {
  auto body = wire::read_backup_request_body(request.body);
  auto key = read_key(request.headers);
  if (!body || !key) {
    // A text that cannot be read as a request at all has no other faults worth telling.
    if (!body && body.error().code != "invalid-request") return std::move(body).error();
    Error error = !body ? std::move(body).error() : Error{ErrorKind::invalid, key.error().detail};
    error.code = "invalid-request";
    if (!key) error.faults.insert(error.faults.end(), key.error().faults.begin(), key.error().faults.end());
    return error;
  }
  auto requester = OwnerName::parse(request.principal.owner);
  if (!requester) return Error{ErrorKind::forbidden, "the token's owner " + requester.error().detail};
  return Submission{.job_id = body->job_id,
                    .source = std::move(body->source),
                    .data_as_of = body->data_as_of,
                    .requester = *std::move(requester),
                    .key = *std::move(key),
                    .transport = TransportKind::http,
                    .traceparent = request.trace.to_header(),
                    .respond_async = prefers_async(request.headers)};
}

Response request_response(int status, const BackupRequest& request, Timestamp now) {
  return json_response(status, wire::json_text(wire::write_backup_request, request, now));
}

Response submit_response(const Context& context, const SubmitReply& reply, bool respond_async) {
  if (reply.error) {
    const auto& error = *reply.error;
    if (error.code == "idempotency-key-reused") return problem_response(422, error.code, error.detail);
    ProblemExtras extras;
    if (reply.request) extras.backup_request_id = reply.request->order.id.to_string();
    if (error.code == "job-service-unavailable") extras.retry_after = context.options.retry_check_after;
    return problem_response(error, extras);
  }
  auto response = request_response(reply.seen_before ? 200 : 202, *reply.request, context.now());
  response.headers.add("Location", "/api/backup-requests/" + reply.request->order.id.to_string());
  if (respond_async) response.headers.add("Preference-Applied", "respond-async");
  return response;
}

void post_request(const Context& context, const Request& request, Respond respond) {
  if (auto refused = refuse_unless_json(request)) return respond(*std::move(refused));
  auto submission = read_submission(request);
  if (!submission) return respond(problem_response(submission.error()));
  const bool respond_async = submission->respond_async;
  context.ports.controller.async_submit(
      *std::move(submission),
      context.back<SubmitReply>([&context, respond_async, respond = std::move(respond)](const SubmitReply& reply) {
        respond(submit_response(context, reply, respond_async));
      }));
}

// Calls `then` with the request that the path names, when it is in `scope`; else answers 404, which does not tell
// whether there is one.
using WithRequest = std::function<void(BackupRequest, const Respond&)>;
void with_request(const ControllerReads& reads, const Request& request, Respond respond, Scope scope,
                  WithRequest then) {
  const auto id = RequestId::parse(request.path_parameter("id"));
  if (!id) return respond(not_there("backup request"));
  auto answer = [respond = std::move(respond),
                 then = std::move(then)](const Result<std::vector<BackupRequest>>& found) {
    if (!found) return respond(store_problem(found.error()));
    if (found->empty()) return respond(not_there("backup request"));
    then(found->front(), respond);
  };
  reads.repository().list_requests({.ids = {*id}, .scope = std::move(scope), .limit = 1},
                                   reads.back<Result<std::vector<BackupRequest>>>(std::move(answer)));
}

void get_request(const ControllerReads& reads, const Request& request, Respond respond) {
  with_request(
      reads, request, std::move(respond), scope_of(request.principal),
      [&reads](const BackupRequest& row, const Respond& answer) { answer(request_response(200, row, reads.now())); });
}

void get_history(const ControllerReads& reads, const Request& request, Respond respond) {
  with_request(reads, request, std::move(respond), scope_of(request.principal),
               [&reads](const BackupRequest& row, const Respond& answer) {
                 auto with_history = [answer](const Result<std::vector<HistoryEntry>>& history) {
                   if (!history) return answer(store_problem(history.error()));
                   answer(json_response(200, wire::json_text(wire::write_history, *history)));
                 };
                 reads.repository().history(row.order.id,
                                            reads.back<Result<std::vector<HistoryEntry>>>(std::move(with_history)));
               });
}

void list_requests(const ControllerReads& reads, const Request& request, Respond respond) {
  QueryReader in(request);
  RequestQuery query{.job_id = in.read<JobId>("backupJobId"),
                     .state = in.read_one_of("stateCode", parse_request_state,
                                             "Received, Allowed, NotAllowed, Sent, Succeeded, Failed, Cancelled"),
                     .transport = in.read_one_of("transport", parse_transport_kind, "HTTP, FileDrop, Queue, Library"),
                     .received_from = in.read<Timestamp>("receivedFrom"),
                     .received_to = in.read<Timestamp>("receivedTo"),
                     .zone = in.read<ZoneName>("zone"),
                     .scope = scope_of(request.principal),
                     .after = in.cursor<RequestId>(list_of_requests)};
  const auto limit = in.limit();
  query.limit = limit + 1;
  if (auto refused = in.refusal()) return respond(*std::move(refused));
  auto answer = [&reads, limit, respond = std::move(respond)](Result<std::vector<BackupRequest>> rows) {
    if (!rows) return respond(store_problem(rows.error()));
    const auto next = cut_page(*rows, limit, list_of_requests, [](const auto& row) { return row.order.id; });
    const auto now = reads.now();
    const auto write = [now](wire::JsonWriter& out, const BackupRequest& row) {
      wire::write_backup_request(out, row, now);
    };
    respond(json_response(200, wire::list_text(*rows, write, next)));
  };
  reads.repository().list_requests(std::move(query), reads.back<Result<std::vector<BackupRequest>>>(std::move(answer)));
}

void cancel_request(const Context& context, const Request& request, Respond respond) {
  Scope scope;
  if (!request.principal.roles.has(Role::operator_))
    scope.requester = OwnerName::parse(request.principal.owner).value();
  with_request(context, request, std::move(respond), std::move(scope),
               [&context, act = act_of(request)](const BackupRequest& row, const Respond& answer) {
                 auto done = [&context, answer](const Result<BackupRequest>& cancelled) {
                   if (cancelled) return answer(request_response(202, *cancelled, context.now()));
                   const auto& error = cancelled.error();
                   if (error.kind == ErrorKind::unavailable) return answer(store_problem(error));
                   answer(problem_response(error));
                 };
                 context.ports.controller.async_cancel(row.order.id, act,
                                                       context.back<Result<BackupRequest>>(std::move(done)));
               });
}

Handler limited(const Context& context, Handler handler) {
  auto limit = std::make_shared<RateLimit>(context.options.max_requests_per_second);
  return [&context, limit = std::move(limit), handler = std::move(handler)](Request request, Respond respond) {
    const auto wait = limit->refusal(request.principal.owner, context.ports.clock.monotonic());
    if (!wait) return handler(std::move(request), std::move(respond));
    const auto text = "more than " + std::to_string(context.options.max_requests_per_second) +
                      " requests a second; nothing was stored, send it again later";
    respond(problem_response(429, "too-many-requests", text, {},
                             {.retry_after = std::chrono::ceil<std::chrono::seconds>(*wait)}));
  };
}

}  // namespace

void add_request_reads(Router& router, const ControllerReads& reads) {
  const auto call = [&reads](void (*function)(const ControllerReads&, const Request&, Respond)) -> Handler {
    return
        [&reads, function](const Request& request, Respond respond) { function(reads, request, std::move(respond)); };
  };
  router.add("GET", "/api/backup-requests", readers, call(list_requests),
             {"backupJobId", "stateCode", "transport", "receivedFrom", "receivedTo", "zone", "limit", "cursor"});
  router.add("GET", "/api/backup-requests/{id}", readers, call(get_request));
  router.add("GET", "/api/backup-requests/{id}/history", readers, call(get_history));
}

void add_request_routes(Router& router, ControllerApi::Context& context) {
  const auto call = [&context](void (*function)(const Context&, const Request&, Respond)) -> Handler {
    return [&context, function](const Request& request, Respond respond) {
      function(context, request, std::move(respond));
    };
  };
  if (context.options.takes_requests) {
    router.add("POST", "/api/backup-requests", {Role::requester}, limited(context, call(post_request)));
  }
  router.add("POST", "/api/backup-requests/{id}/cancel", {Role::requester, Role::operator_}, call(cancel_request));
}

}  // namespace backupctl::http
