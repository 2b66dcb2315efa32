// HTTP keeps the contract of every transport.
#include "backupctl/testing/transport_contract.hpp"

#include <vector>

#include "http/controller_server.hpp"
#include "integration/support/http_probe.hpp"

namespace backupctl::testing {
namespace {

class HttpWorld final : public TransportWorld {
 public:
  HttpWorld() : loop_([this] { runtime_.run(); }) {}
  ~HttpWorld() override {
    runtime_.stop();
    loop_.join();
  }

  TransportKind kind() const override { return TransportKind::http; }
  std::string requester() const override { return "local"; }
  Executor& executor() override { return runtime_; }
  std::unique_ptr<Transport> make(const TransportGround& ground) override {
    auto server = std::make_unique<http::ControllerServer>(
        http::ControllerServer::Ports{ground.controller, runtime_, ground.clock, ground.random, ground.log, everyone_},
        http::ControllerServerOptions{.server = {.listen = "127.0.0.1:0"}});
    server_ = server.get();
    return server;
  }

  int send(const TransportRequest& request) override {
    auto& visit = visits_.emplace_back();
    visit.probe = std::make_unique<HttpProbe>("http://" + server_->address());
    const auto body = R"({"apiVersion":"2026-11-01","backupJobId":")" + contract_job + R"(","backupSourcePath":")" +
                      request.source + R"(","dataAsOfDate":"2021-01-08")" + (request.is_readable ? "}" : ",");
    visit.answer = visit.probe->start("POST", "/api/backup-requests", body, {{"Idempotency-Key", request.key}}).share();
    // Answered on the probe's own thread; this one only looks.
    visit.waiter = std::async(std::launch::async, [answer = visit.answer] { answer.wait(); });
    return static_cast<int>(visits_.size()) - 1;
  }
  std::optional<TransportAnswer> answer(int sent) override {
    auto& visit = visits_.at(static_cast<std::size_t>(sent));
    if (visit.waiter.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return {};
    const auto& answer = visit.answer.get();
    if (answer.status == 0) return TransportAnswer{{}, "store-unavailable"};  // cut off: to be sent again
    TransportAnswer told;
    if (const auto id = RequestId::parse(answer["backupRequestId"])) told.id = *id;
    if (answer.status >= 400) told.refusal = answer["code"];
    return told;
  }
  std::optional<RequestState> outcome(int, RequestId id) override {
    HttpProbe probe("http://" + server_->address());
    const auto state = parse_request_state(probe.get("/api/backup-requests/" + id.to_string())["stateCode"]);
    return state && is_terminal(*state) ? state : std::nullopt;
  }

 private:
  struct Visit {
    std::unique_ptr<HttpProbe> probe;
    std::shared_future<HttpAnswer> answer;
    std::future<void> waiter;
  };

  http::Runtime runtime_;
  const http::Authenticator everyone_ = http::Authenticator::open(true);
  http::ControllerServer* server_ = nullptr;
  std::vector<Visit> visits_;
  std::thread loop_;
};

INSTANTIATE_TEST_SUITE_P(Http, TransportContract, ::testing::Values([]() -> std::unique_ptr<TransportWorld> {
                           return std::make_unique<HttpWorld>();
                         }));

}  // namespace
}  // namespace backupctl::testing
