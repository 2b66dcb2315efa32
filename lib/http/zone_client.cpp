#include "backupctl/http/zone_client.hpp"

#include <utility>

#include "http/client.hpp"
#include "http/peer_answer.hpp"
#include "http/request_target.hpp"
#include "wire/json.hpp"
#include "wire/manifest_json.hpp"
#include "wire/zone_command_json.hpp"

namespace backupctl::http {
namespace {

// 200 and 202 say enough by themselves, but not on another server's page.
bool is_plain_yes(const ClientResponse& answer) {
  return answer.body.empty() || (is_json(answer) && wire::parse_strict(answer.body).has_value());
}

SendReply read_send_answer(const ClientResponse& answer) {
  if (answer.status == 202 && is_plain_yes(answer)) return {SendAnswer::accepted, {}};
  if (answer.status == 200 && is_plain_yes(answer)) return {SendAnswer::known, {}};
  std::string detail = describe(answer);
  if (is_unauthorized(answer)) return {SendAnswer::unauthorized, std::move(detail)};
  if (const auto problem = problem_of(answer)) {
    if (answer.status == 409) return {SendAnswer::conflict, std::move(detail)};
    if (answer.status == 412) return {SendAnswer::stale_fence, std::move(detail)};
    if (answer.status == 422) return {SendAnswer::refused, std::move(detail)};
  }
  return {SendAnswer::unanswered, std::move(detail)};
}

StatusReply read_status_answer(const ClientResponse& answer) {
  if (answer.status == 200 && is_json(answer)) {
    auto reply = wire::read_command_status(answer.body);
    if (reply) return *std::move(reply);
    return {CommandState::unanswered,
            "its answer does not read as a command's status: " + printable(reply.error().detail),
            {},
            {}};
  }
  std::string detail = describe(answer);
  if (is_unauthorized(answer)) return {CommandState::unauthorized, std::move(detail), {}, {}};
  if (answer.status == 404 && problem_of(answer)) return {CommandState::unknown, std::move(detail), {}, {}};
  return {CommandState::unanswered, std::move(detail), {}, {}};
}

CancelReply read_cancel_answer(const ClientResponse& answer) {
  if (answer.status == 202 && is_plain_yes(answer)) return {CancelAnswer::taken_up, {}};
  std::string detail = describe(answer);
  if (is_unauthorized(answer)) return {CancelAnswer::unauthorized, std::move(detail)};
  if (const auto problem = problem_of(answer)) {
    if (answer.status == 409) return {CancelAnswer::finished, std::move(detail)};
    if (answer.status == 412) return {CancelAnswer::stale_fence, std::move(detail)};
  }
  return {CancelAnswer::unanswered, std::move(detail)};
}

Result<ManifestList> read_list_answer(const ClientResponse& answer) {
  if (answer.status == 200 && is_json(answer)) {
    auto list = wire::read_manifest_list(answer.body);
    if (list) return list;
    return unavailable("its answer does not read as a list of backups: " + printable(list.error().detail));
  }
  return unavailable(describe(answer));
}

// On the executor.
class HttpZoneClient final : public ZoneClient {
 public:
  explicit HttpZoneClient(Client client) : client_(std::move(client)) {}

  void send(CreateBackupCommand command, backupctl::Handler<SendReply> handler) override {
    auto request = request_for("PUT", {command.id, command.traceparent});
    request.headers.add("Backupctl-Fence", std::to_string(command.fence));
    request.headers.add("Content-Type", "application/json");
    wire::JsonWriter body(request.body);
    wire::write_create_backup(body, command);
    client_.send(request, [handler = std::move(handler)](Result<ClientResponse> answer) {
      handler(answer ? read_send_answer(*answer) : SendReply{SendAnswer::unanswered, answer.error().detail});
    });
  }

  void status(CallContext command, backupctl::Handler<StatusReply> handler) override {
    client_.send(request_for("GET", command), [handler = std::move(handler)](Result<ClientResponse> answer) {
      handler(answer ? read_status_answer(*answer)
                     : StatusReply{CommandState::unanswered, answer.error().detail, {}, {}});
    });
  }

  void cancel(CallContext command, std::int64_t fence, backupctl::Handler<CancelReply> handler) override {
    auto request = request_for("DELETE", command);
    request.headers.add("Backupctl-Fence", std::to_string(fence));
    client_.send(request, [handler = std::move(handler)](Result<ClientResponse> answer) {
      handler(answer ? read_cancel_answer(*answer) : CancelReply{CancelAnswer::unanswered, answer.error().detail});
    });
  }

  void list(std::string cursor, backupctl::Handler<Result<ManifestList>> handler) override {
    ClientRequest request{"GET", "/zone/backups" + (cursor.empty() ? "" : "?cursor=" + percent_encode(cursor)), {}, {}};
    client_.send(request, [handler = std::move(handler)](Result<ClientResponse> answer) {
      if (!answer) return handler(std::move(answer).error());
      handler(read_list_answer(*answer));
    });
  }

 private:
  static ClientRequest request_for(std::string method, const CallContext& command) {
    return {std::move(method),
            "/zone/commands/" + command.request_id.to_string(),
            call_headers(command.request_id, command.traceparent),
            {}};
  }

  Client client_;
};

}  // namespace

Result<std::unique_ptr<ZoneClient>> make_zone_client(Runtime& runtime, ClientOptions options) {
  auto client = Client::create(runtime, std::move(options));
  if (!client) return std::move(client).error();
  return std::unique_ptr<ZoneClient>(std::make_unique<HttpZoneClient>(*std::move(client)));
}

}  // namespace backupctl::http
