#include "zone/api.hpp"

#include <charconv>

#include "http/problem.hpp"
#include "wire/json.hpp"
#include "wire/object_reader.hpp"
#include "wire/zone_command_json.hpp"
#include "zone/cursor.hpp"

namespace backupctl::zone {
namespace {

using http::problem_response;
using http::Request;
using http::Response;

constexpr std::int64_t most_items = 1000;

Error bad_parameter(std::string name, std::string problem) {
  auto detail = name + " " + problem;
  return {ErrorKind::invalid, std::move(detail), false, "invalid-request", {{std::move(name), std::move(problem)}}};
}

Result<std::int64_t> read_number(std::string_view text, const char* name, std::int64_t least, std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < least || number > most) {
    return bad_parameter(name, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return number;
}

Result<std::int64_t> read_fence(const Request& request) {
  constexpr const char* name = "Backupctl-Fence";
  if (request.headers.count(name) != 1) return bad_parameter(name, "must be given once");
  return read_number(*request.headers.find(name), name, 0, std::numeric_limits<std::int64_t>::max());
}

// Later kinds of commands get readers of their own here.
Result<CreateBackupCommand> read_command(const Request& request, RequestId id, std::int64_t fence) {
  const auto document = wire::parse_strict(request.body);
  if (!document) return document.error();
  const auto type = wire::ObjectReader{*document, wire::UnknownMembers::ignore}.optional<std::string>("commandType");
  if (type && *type != "CreateBackup") {
    return Error{ErrorKind::invalid,
                 "this zone carries out CreateBackup only",
                 false,
                 "unsupported-command",
                 {{"/commandType", "must be CreateBackup"}}};
  }
  auto command = wire::read_create_backup(request.body);
  if (!command) return command;
  if (command->id != id) {
    return Error{ErrorKind::invalid,
                 "backupRequestId is another id than the path has",
                 false,
                 "invalid-request",
                 {{"/backupRequestId", "must be the command's id, as in the path"}}};
  }
  command->fence = fence;
  command->traceparent = request.trace.to_header();
  return command;
}

Response not_known() {
  return problem_response(404, "command-not-found", "this zone has never been told of such a command");
}

Response stale_fence() {
  return problem_response(412, "stale-fence", "a higher Backupctl-Fence has been seen for this command");
}

}  // namespace

void Api::add_to(http::Router& router) {
  const http::Access any_token{http::RoleSet::all()};
  router.add("PUT", "/zone/commands/{id}", any_token, offload(&Api::put_command));
  router.add("GET", "/zone/commands/{id}", any_token, offload(&Api::get_command));
  router.add("DELETE", "/zone/commands/{id}", any_token, offload(&Api::delete_command));
  router.add("GET", "/zone/backups", any_token, offload(&Api::list_backups), {"cursor", "limit"});
  router.add("GET", "/livez", http::Access::open(),
             [](Request, const http::Respond& respond) { respond(http::json_response(200, R"({"live":true})")); });
  router.add("GET", "/readyz", http::Access::open(), offload(&Api::ready));
  router.add("GET", "/metrics", http::Access::open(), offload(&Api::metrics));
}

http::Handler Api::offload(Call call) {
  return [this, call](Request request, http::Respond respond) {
    threads_.post([this, call, request = std::move(request), respond = std::move(respond)]() mutable {
      auto response = (this->*call)(request);
      parts_.executor.post([respond = std::move(respond), response = std::move(response)] { respond(response); });
    });
  };
}

Response Api::status(int code, RequestId id, const StoredCommand& command) const {
  std::optional<wire::CommandProgress> progress;
  if (command.state == CommandState::running) {
    if (const auto now = parts_.workers.progress(id)) {
      progress = {std::string(to_string(now->phase)), now->entries, now->bytes, now->total_entries, now->total_bytes};
    }
  }
  std::string text;
  wire::JsonWriter json{text};
  wire::write_command_status(json, command.state, progress, command.result_text);
  return http::json_response(code, std::move(text));
}

Response Api::put_command(const Request& request) {
  if (auto refused = http::refuse_unless_json(request)) return *std::move(refused);
  const auto id = RequestId::parse(request.path_parameter("id"));
  if (!id) return problem_response(bad_parameter("id", id.error().detail));
  const auto fence = read_fence(request);
  if (!fence) return problem_response(fence.error());
  const auto command = read_command(request, *id, *fence);
  if (!command) return problem_response(command.error());

  // What has been taken once stays taken, whatever the configuration says by now.
  auto known = parts_.store.find(*id);
  if (!known) return problem_response(known.error());
  if (!*known) {
    if (auto admitted = parts_.driver.admit(*command); !admitted) {
      auto error = std::move(admitted).error();
      return problem_response(422, error.code, error.detail, error.faults);
    }
  }
  const auto taken = parts_.store.take(*command, parts_.clock.now());
  if (!taken) return problem_response(taken.error());
  switch (*taken) {
    case TakeAnswer::stale_fence:
      return stale_fence();
    case TakeAnswer::conflict:
      return problem_response(409, "command-conflict", "this command is known with another body");
    case TakeAnswer::accepted:
      parts_.logger.write(LogLevel::info, "command accepted",
                          {{"requestId", id->to_string()}, {"traceId", request.trace.trace_id}});
      parts_.workers.wake();
      return status(202, *id, {});
    case TakeAnswer::known:
      break;
  }
  known = parts_.store.find(*id);
  if (!known) return problem_response(known.error());
  return *known ? status(200, *id, **known) : not_known();
}

Response Api::get_command(const Request& request) {
  const auto id = RequestId::parse(request.path_parameter("id"));
  if (!id) return not_known();
  const auto found = parts_.store.find(*id);
  if (!found) return problem_response(found.error());
  return *found ? status(200, *id, **found) : not_known();
}

Response Api::delete_command(const Request& request) {
  const auto id = RequestId::parse(request.path_parameter("id"));
  if (!id) return problem_response(bad_parameter("id", id.error().detail));
  const auto fence = read_fence(request);
  if (!fence) return problem_response(fence.error());
  const ZoneResult cancelled{.command_id = *id,
                             .code = ResultCode::cancelled,
                             .reason_code = "cancelled",
                             .zone = parts_.zone,
                             .message = "cancelled before it ran"};
  const auto outcome = parts_.workers.cancel(cancelled, *fence, request.trace.to_header());
  if (!outcome) return problem_response(outcome.error());
  switch (*outcome) {
    case CancelOutcome::stale_fence:
      return stale_fence();
    case CancelOutcome::finished:
      return problem_response(409, "command-finished", "this command has ended already; its result says how");
    case CancelOutcome::cancelled:
      parts_.executor.post(parts_.on_result);
      break;
    case CancelOutcome::running:
      break;
  }
  parts_.logger.write(LogLevel::info, "cancel accepted",
                      {{"requestId", id->to_string()}, {"traceId", request.trace.trace_id}});
  const auto found = parts_.store.find(*id);
  if (!found) return problem_response(found.error());
  return *found ? status(202, *id, **found) : not_known();
}

Response Api::list_backups(const Request& request) {
  std::int64_t limit = 100;
  if (const auto text = request.query_parameter("limit")) {
    const auto number = read_number(*text, "limit", 1, most_items);
    if (!number) return problem_response(number.error());
    limit = *number;
  }
  std::string after;
  if (const auto text = request.query_parameter("cursor")) {
    auto decoded = read_cursor(*text);
    if (!decoded) return problem_response(bad_parameter("cursor", decoded.error().detail));
    after = *std::move(decoded);
  }
  const auto page = parts_.driver.backups(after, static_cast<std::size_t>(limit));
  if (!page) return problem_response(page.error());
  parts_.metrics.count_unreadable_manifests(page->unreadable);
  std::optional<std::string> next;
  if (!page->next_after.empty()) next = cursor_text(page->next_after);
  return http::json_response(200, wire::list_text(page->items, wire::write_manifest, next));
}

Response Api::ready(const Request&) {
  if (is_draining_) return problem_response(unavailable("shutting down"));
  if (auto ready = parts_.driver.ready(); !ready) return problem_response(ready.error());
  if (auto counts = parts_.store.counts(); !counts) return problem_response(counts.error());
  return http::json_response(200, R"({"ready":true})");
}

Response Api::metrics(const Request&) {
  const auto counts = parts_.store.counts();
  if (!counts) return problem_response(counts.error());
  Response response;
  response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.body = parts_.metrics.text(*counts, parts_.clock.now());
  return response;
}

}  // namespace backupctl::zone
