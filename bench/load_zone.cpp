// A zone that keeps the contract and does nothing else: commands, fences, cancels and results, in memory, each command
// succeeding as soon as it is accepted. It tells its address on standard output.
#include <csignal>
#include <cstdio>
#include <unordered_map>

#include "backupctl/http/runtime.hpp"
#include "backupctl/serial_executor.hpp"
#include "config/json_logger.hpp"
#include "config/token_file.hpp"
#include "digest/sha256.hpp"
#include "flags.hpp"
#include "http/client.hpp"
#include "http/peer_answer.hpp"
#include "http/problem.hpp"
#include "http/router.hpp"
#include "http/server.hpp"
#include "wire/manifest_json.hpp"
#include "wire/read_document.hpp"
#include "wire/zone_command_json.hpp"
#include "wire/zone_result_json.hpp"

namespace backupctl::bench {
namespace {

using http::problem_response;
using http::Request;
using http::Respond;
using http::Response;

constexpr Duration again = std::chrono::milliseconds(100);

struct Command {
  std::int64_t fence = 0;
  std::string body{};    // empty: cancelled before it was sent
  std::string result{};  // there from the beginning: nothing runs here
};

// Each result is left until the controller has said that it has it.
class Outbox {
 public:
  Outbox(http::Runtime& runtime, http::Client client) : runtime_(runtime), client_(std::move(client)) {}

  void deliver(RequestId id, std::string traceparent, std::string result) {
    http::ClientRequest request{"PUT", "/api/zone-results/" + id.to_string(), http::call_headers(id, traceparent),
                                std::move(result)};
    request.headers.add("Content-Type", "application/json");
    deliver(std::move(request));
  }

 private:
  void deliver(http::ClientRequest request) {
    client_.send(request, [this, request](const Result<http::ClientResponse>& answer) {
      if (answer && answer->status == 202) return;
      std::fprintf(stderr, "%s: %s\n", request.target.c_str(),
                   answer ? http::describe(*answer).c_str() : answer.error().detail.c_str());
      runtime_.post_after(again, [this, request] { deliver(request); });
    });
  }

  http::Runtime& runtime_;
  http::Client client_;
};

class Zone {
 public:
  Zone(ZoneName name, Clock& clock, Outbox& outbox) : name_(std::move(name)), clock_(clock), outbox_(outbox) {}

  void add_to(http::Router& router) {
    const http::Access any_token{http::RoleSet::all()};
    const auto add = [&](const char* method, Response (Zone::*call)(const Request&)) {
      router.add(method, "/zone/commands/{id}", any_token,
                 [this, call](const Request& request, const Respond& respond) { respond((this->*call)(request)); });
    };
    add("PUT", &Zone::put);
    add("GET", &Zone::get);
    add("DELETE", &Zone::cancel);
    router.add("GET", "/zone/backups", any_token, [](const Request&, const Respond& respond) {
      respond(http::json_response(200, R"({"items":[]})"));  // none that outlives this process
    });
  }

 private:
  Response put(const Request& request) {
    const auto id = RequestId::parse(request.path_parameter("id"));
    const auto fence = fence_of(request);
    if (!id || !fence) return bad_request();
    const auto command = wire::read_create_backup(request.body);
    if (!command) return problem_response(command.error());
    if (command->id != *id) return bad_request();
    const auto [at, is_new] = commands_.try_emplace(*id);
    auto& known = at->second;
    if (*fence < known.fence) return stale_fence();
    known.fence = *fence;
    if (!is_new && !known.body.empty() && known.body != request.body)
      return problem_response(409, "command-conflict", "this command is known with another body");
    if (!is_new) return status_of(200, known);
    known.body = request.body;
    const auto now = clock_.now();
    end(*id, known, request,
        {.command_id = *id,
         .code = ResultCode::succeeded,
         .zone = name_,
         .storage_path = command->storage_path + "/" + id->to_string() + ".tar.zst",
         .byte_count = 123'456'789,
         .copy_start = now,
         .copy_end = now,
         .verify_start = now,
         .verify_end = now,
         .verify_hash = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"});
    return http::json_response(202, R"({"stateCode":"Accepted"})");
  }

  Response get(const Request& request) {
    const auto id = RequestId::parse(request.path_parameter("id"));
    const auto known = id ? commands_.find(*id) : commands_.end();
    if (known == commands_.end())
      return problem_response(404, "command-not-found", "this zone has never been told of such a command");
    return status_of(200, known->second);
  }

  Response cancel(const Request& request) {
    const auto id = RequestId::parse(request.path_parameter("id"));
    const auto fence = fence_of(request);
    if (!id || !fence) return bad_request();
    const auto [at, is_new] = commands_.try_emplace(*id);
    auto& known = at->second;
    if (*fence < known.fence) return stale_fence();
    known.fence = *fence;
    if (!known.body.empty()) return problem_response(409, "command-finished", "this command has ended already");
    if (is_new) end(*id, known, request, {.command_id = *id, .code = ResultCode::cancelled, .zone = name_});
    return status_of(202, known);
  }

  void end(RequestId id, Command& command, const Request& request, const ZoneResult& result) {
    wire::JsonWriter json{command.result};
    wire::write_zone_result(json, result);
    outbox_.deliver(id, request.trace.to_header(), command.result);
  }

  static std::optional<std::int64_t> fence_of(const Request& request) {
    const auto text = request.headers.find("Backupctl-Fence");
    if (!text) return {};
    return std::atoll(std::string(*text).c_str());
  }
  static Response status_of(int code, const Command& command) {
    std::string text;
    wire::JsonWriter json{text};
    wire::write_command_status(json, CommandState::finished, {}, command.result);
    return http::json_response(code, std::move(text));
  }
  static Response bad_request() { return problem_response(400, "invalid-request", "an id or a fence is not right"); }
  static Response stale_fence() { return problem_response(412, "stale-fence", "a higher fence has been seen"); }

  ZoneName name_;
  Clock& clock_;
  Outbox& outbox_;
  std::unordered_map<RequestId, Command> commands_;
};

template <class T>
T need(Result<T> result) {
  if (result) return *std::move(result);
  std::exit((std::fprintf(stderr, "bench_load_zone: %s\n", result.error().detail.c_str()), 2));
}

int run(const Flags& flags) {
  SystemClock clock;
  SystemRandom random;
  config::JsonLogger logger(clock, LogLevel::warning, config::LogFormat::text);
  http::Runtime runtime;
  const auto name = need(ZoneName::parse(flags.text("--name")));
  const auto token = need(config::read_token_file(flags.text("--token-file")));
  const auto authenticator = need(http::Authenticator::create({{.name = "controller",
                                                                .owner = "controller",
                                                                .sha256 = digest::sha256_hex(token),
                                                                .roles = {http::Role::operator_},
                                                                .zone = {}}}));
  Outbox outbox(runtime,
                need(http::Client::create(
                    runtime, {.base_url = flags.text("--results"),
                              .max_connections = static_cast<std::size_t>(flags.number("--connections")),
                              .bearer_token = need(config::read_token_file(flags.text("--results-token-file")))})));
  Zone zone(name, clock, outbox);
  http::Router router(authenticator, logger);
  zone.add_to(router);
  http::Server server(runtime, {.listen = "127.0.0.1:0"}, router.handler(), logger, clock, random);
  std::printf("%s\n", need(server.start()).c_str());
  std::fflush(stdout);
  runtime.on_signal({SIGTERM, SIGINT}, [&runtime] { runtime.stop(); });
  runtime.run();
  return 0;
}

}  // namespace
}  // namespace backupctl::bench

int main(int argc, char** argv) {
  return backupctl::bench::run({argc,
                                argv,
                                {{"--name", "files"},
                                 {"--token-file", ""},  // of the controller, which commands
                                 {"--results", "http://127.0.0.1:8080"},
                                 {"--results-token-file", ""},
                                 {"--connections", "128"}}});  // that results are left over
}
