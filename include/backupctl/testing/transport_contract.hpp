// What every Transport must do, as tests. For a transport of your own:
//
//   class MyWorld final : public backupctl::testing::TransportWorld { … };
//   INSTANTIATE_TEST_SUITE_P(Mine, TransportContract, ::testing::Values([] { return std::make_unique<MyWorld>(); }));
//
// in a GoogleTest program that includes this header once (it defines the tests).
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "backupctl/blocking.hpp"
#include "backupctl/controller.hpp"
#include "backupctl/serial_executor.hpp"
#include "backupctl/testing/gated_repository.hpp"
#include "backupctl/transport.hpp"

namespace backupctl::testing {

inline const std::string contract_job = "01900000-0000-7000-8000-0000000000aa";  // allowed: sources below /data

struct TransportRequest {
  std::string key;                 // idempotency key
  std::string source = "/data/x";  // of contract_job, as of 2021-01-08
  bool is_readable = true;         // else something that no reader of this transport takes for a request
};

// What a client was told of one request.
struct TransportAnswer {
  std::optional<RequestId> id{};  // acknowledged, or refused by a rule of the job
  std::string refusal{};          // the problem's code, when it was refused
};

struct TransportGround {
  Controller& controller;
  Executor& executor;
  Clock& clock;
  Random& random;  // one thread at a time
  Logger& log;
};

// The medium of one transport with a client on the other side of it: what a test of the contract is given. Outlives
// every transport made on it. Thread rule: called by the test's thread, but for make.
class TransportWorld {
 public:
  virtual ~TransportWorld() = default;

  virtual TransportKind kind() const = 0;
  virtual std::string requester() const = 0;          // as whom the client is known to the controller
  virtual Executor& executor() { return executor_; }  // the controllers' and the transports'

  // A transport that has not been started. Called on the executor, once for each start of a controller.
  virtual std::unique_ptr<Transport> make(const TransportGround& ground) = 0;

  // Hands a request over as a client does, and answers which it was, for the two below. It may be one that was handed
  // over before: clients repeat.
  virtual int send(const TransportRequest& request) = 0;
  // What the client knows by now; nothing: no answer yet.
  virtual std::optional<TransportAnswer> answer(int sent) = 0;
  // How the request of an answer has ended, as the client learns it; nothing: not yet.
  virtual std::optional<RequestState> outcome(int sent, RequestId id) = 0;

 private:
  SerialExecutor executor_;
};

class TransportContract : public ::testing::TestWithParam<std::function<std::unique_ptr<TransportWorld>()>> {
 protected:
  TransportContract() : world_(GetParam()()) {
    auto store = std::make_unique<GatedRepository>();
    store_ = store.get();
    repository_ = std::make_unique<RepositoryThreads>(std::move(store));
    jobs_ = std::make_unique<StaticJobs>(std::vector{BackupJob{.id = JobId::parse(contract_job).value(),
                                                               .version = 1,
                                                               .name = "contract",
                                                               .approval = ApprovalState::approved,
                                                               .zone = zone_.name,
                                                               .storage_path = "contract",
                                                               .days_to_keep = 30,
                                                               .allowed_requesters = {world_->requester()},
                                                               .source_roots = {"/data"}}});
  }
  ~TransportContract() override {
    store_->open();
    die();
    repository_.reset();
  }

  // One life of a controller with its transport.
  void start() {
    on_executor([this] {
      controller_ = std::make_unique<Controller>(
          ControllerPorts{world_->executor(), clock_, random_, *repository_, *jobs_, {{zone_.name, zone_, 100}}},
          ControllerOptions{.lease = std::chrono::seconds(1),
                            .poll_every = std::chrono::milliseconds(50),
                            .first_retry_delay = std::chrono::milliseconds(20),
                            .max_retry_delay = std::chrono::milliseconds(100)});
      zone_.controller = controller_.get();
      transport_ = world_->make({*controller_, world_->executor(), clock_, transport_random_, log_});
    });
    EXPECT_TRUE(wait_for([this](auto done) { controller_->async_start(done); }));
    on_executor([this] {
      for (const auto& [id, record] : zone_.left) zone_.leave(record);
    });
  }
  Result<void> start_transport() {
    return wait_for([this](auto done) { transport_->start(done); });
  }
  Result<void> stop_transport(Duration grace = std::chrono::seconds(10)) {
    return wait_for([this, grace](auto done) { transport_->stop(grace, done); });
  }
  // Without a word, as a crash would.
  void die() {
    on_executor([this] {
      transport_.reset();
      zone_.controller = nullptr;
      controller_.reset();
    });
  }

  template <class Condition>
  static bool eventually(const Condition& condition) {
    using namespace std::chrono_literals;
    SystemClock clock;
    for (const auto end = clock.monotonic() + 30s; clock.monotonic() < end; std::this_thread::sleep_for(2ms)) {
      if (condition()) return true;
    }
    return condition();
  }
  // The client's answer, the request sent again whenever it was told to come later.
  TransportAnswer ask(const TransportRequest& request) {
    auto sent = world_->send(request);
    std::optional<TransportAnswer> answer;
    EXPECT_TRUE(eventually([&] {
      answer = world_->answer(sent);
      if (answer && is_for_later(answer->refusal)) {
        sent = world_->send(request);
        answer.reset();
      }
      return answer.has_value();
    })) << request.key;
    last_sent_ = sent;
    return answer.value_or(TransportAnswer{});
  }
  RequestState end_of(int sent, RequestId id) {
    std::optional<RequestState> state;
    EXPECT_TRUE(eventually([&] { return (state = world_->outcome(sent, id)).has_value(); })) << id.to_string();
    return state.value_or(RequestState::received);
  }
  static bool is_for_later(const std::string& refusal) {
    return refusal == "store-unavailable" || refusal == "overloaded" || refusal == "job-service-unavailable";
  }
  std::optional<BackupRequest> stored(RequestId id) const {
    for (const auto& row : store_->requests()) {
      if (row.order.id == id) return row;
    }
    return {};
  }

  void on_executor(const Task& task) {
    std::promise<void> done;
    world_->executor().post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }
  Result<void> wait_for(const std::function<void(Handler<Result<void>>)>& call) {
    std::promise<Result<void>> promise;
    auto future = promise.get_future();
    on_executor([&] { call([&promise](Result<void> result) { promise.set_value(std::move(result)); }); });
    return future.get();
  }

  // Succeeds at once with every command.
  // Each result is left again in the next life, unless a controller has said that it has it.
  struct InstantZone final : ZoneClient {
    const ZoneName name = ZoneName::parse("contract").value();
    Controller* controller = nullptr;
    std::map<RequestId, ResultRecord> left;
    void leave(const ResultRecord& record) {
      controller->async_put_result(record, [this, id = record.command_id](const Result<void>& kept) {
        if (kept) left.erase(id);
      });
    }
    void send(CreateBackupCommand command, Handler<SendReply> handler) override {
      handler({SendAnswer::accepted, {}});
      ZoneResult result{.command_id = command.id,
                        .code = ResultCode::succeeded,
                        .zone = name,
                        .storage_path = "contract/" + command.id.to_string(),
                        .verify_hash = "sha256:" + std::string(64, '0')};
      const ResultRecord record{command.id, name, describe(result), Timestamp{}, result, {}};
      left.insert_or_assign(command.id, record);
      leave(record);
    }
    void status(CallContext, Handler<StatusReply> handler) override { handler({CommandState::unknown, {}, {}, {}}); }
    void cancel(CallContext, std::int64_t, Handler<CancelReply> handler) override {
      handler({CancelAnswer::finished, {}});
    }
  };
  struct NoLog final : Logger {
    void write(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
  };

  std::unique_ptr<TransportWorld> world_;
  SystemClock clock_;
  SystemRandom random_;
  SystemRandom transport_random_;
  NoLog log_;
  InstantZone zone_;
  GatedRepository* store_ = nullptr;
  std::unique_ptr<RepositoryThreads> repository_;
  std::unique_ptr<StaticJobs> jobs_;
  std::unique_ptr<Controller> controller_;
  std::unique_ptr<Transport> transport_;
  int last_sent_ = 0;
};

TEST_P(TransportContract, IsReadyBetweenItsStartAndItsStop) {
  start();
  EXPECT_EQ(transport_->kind(), world_->kind());
  EXPECT_FALSE(transport_->health().ready);
  EXPECT_FALSE(transport_->health().detail.empty());
  ASSERT_TRUE(start_transport());
  EXPECT_TRUE(eventually([&] { return transport_->health().ready; })) << transport_->health().detail;
  EXPECT_TRUE(stop_transport());
  EXPECT_FALSE(transport_->health().ready);
  EXPECT_FALSE(transport_->health().detail.empty());
}

TEST_P(TransportContract, StopsBeforeItWasStarted) {
  start();
  EXPECT_TRUE(stop_transport());
}

TEST_P(TransportContract, BringsEveryRequestToItsEnd) {
  start();
  ASSERT_TRUE(start_transport());
  for (const auto* key : {"k1", "k2", "k3"}) {
    const auto answer = ask({key});
    ASSERT_TRUE(answer.id) << answer.refusal;
    EXPECT_EQ(answer.refusal, "");
    EXPECT_EQ(end_of(last_sent_, *answer.id), RequestState::succeeded);
    const auto row = stored(*answer.id).value();
    EXPECT_EQ(row.order.transport, world_->kind());
    EXPECT_EQ(row.order.requester.str(), world_->requester());
    EXPECT_EQ(row.order.key->str(), key);
  }
  EXPECT_EQ(store_->requests().size(), 3U);
}

TEST_P(TransportContract, TellsThatARequestIsNotAllowed) {
  start();
  ASSERT_TRUE(start_transport());
  const auto answer = ask({"k", "/etc/x"});
  ASSERT_TRUE(answer.id);
  EXPECT_EQ(end_of(last_sent_, *answer.id), RequestState::not_allowed);
}

TEST_P(TransportContract, RefusesWhatCannotBeReadAndStoresNothing) {
  start();
  ASSERT_TRUE(start_transport());
  const auto answer = ask({"k", "/data/x", false});
  EXPECT_FALSE(answer.id);
  EXPECT_FALSE(answer.refusal.empty());
  EXPECT_TRUE(store_->requests().empty());
}

TEST_P(TransportContract, AcknowledgesOnlyWhatIsDurable) {
  start();
  ASSERT_TRUE(start_transport());
  store_->close();
  const auto sent = world_->send({"k"});
  ASSERT_TRUE(eventually([&] { return store_->has_waiting(); }));
  const auto early = world_->answer(sent);
  EXPECT_TRUE(!early || !early->id) << "acknowledged before it was written";
  store_->open();
  std::optional<TransportAnswer> answer;
  ASSERT_TRUE(eventually([&] { return (answer = world_->answer(sent)).has_value(); }));
  ASSERT_TRUE(answer->id) << answer->refusal;
  EXPECT_TRUE(stored(*answer->id));
}

TEST_P(TransportContract, TheSameKeyIsTheSameRequestAlsoInTheNextLife) {
  start();
  ASSERT_TRUE(start_transport());
  const auto first = ask({"k"});
  ASSERT_TRUE(first.id);
  EXPECT_EQ(ask({"k"}).id, first.id);
  die();
  start();
  ASSERT_TRUE(start_transport());
  EXPECT_EQ(ask({"k"}).id, first.id);
  EXPECT_EQ(store_->requests().size(), 1U);
  EXPECT_EQ(end_of(last_sent_, *first.id), RequestState::succeeded);
}

TEST_P(TransportContract, RefusesAKeyThatWasUsedForSomethingElse) {
  start();
  ASSERT_TRUE(start_transport());
  ASSERT_TRUE(ask({"k"}).id);
  const auto other = ask({"k", "/data/other"});
  EXPECT_FALSE(other.id);
  EXPECT_EQ(other.refusal, "idempotency-key-reused");
}

TEST_P(TransportContract, PromisesNothingWhileTheStoreIsAwayAndGoesOnByItself) {
  start();
  ASSERT_TRUE(start_transport());
  store_->set_away(true);
  auto sent = world_->send({"k"});
  // Refused for now, or kept waiting: never acknowledged.
  std::optional<TransportAnswer> answer;
  for (int i = 0; i < 50 && !answer; ++i) {
    answer = world_->answer(sent);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  if (answer) {
    EXPECT_FALSE(answer->id);
    EXPECT_TRUE(is_for_later(answer->refusal)) << answer->refusal;
  }
  store_->set_away(false);
  const auto after = ask({"k"});
  ASSERT_TRUE(after.id) << after.refusal;
  EXPECT_EQ(end_of(last_sent_, *after.id), RequestState::succeeded);
  EXPECT_EQ(store_->requests().size(), 1U);
}

TEST_P(TransportContract, AtItsStopRequestsAreFinishedOrHandedBack) {
  constexpr int count = 30;
  start();
  ASSERT_TRUE(start_transport());
  std::vector<int> sent;
  for (int i = 0; i < count; ++i) sent.push_back(world_->send({"k" + std::to_string(i)}));
  EXPECT_TRUE(stop_transport());
  for (const auto one : sent) {
    if (const auto answer = world_->answer(one); answer && answer->id) {
      EXPECT_TRUE(stored(*answer->id));
    }
  }
  EXPECT_TRUE(wait_for([this](auto done) { controller_->async_stop(std::chrono::seconds(10), done); }));
  die();
  start();
  ASSERT_TRUE(start_transport());
  std::set<RequestId> ids;
  for (int i = 0; i < count; ++i) {
    const auto answer = ask({"k" + std::to_string(i)});
    ASSERT_TRUE(answer.id) << answer.refusal;
    ids.insert(*answer.id);
    EXPECT_EQ(end_of(last_sent_, *answer.id), RequestState::succeeded);
  }
  EXPECT_EQ(ids.size(), static_cast<std::size_t>(count));
  EXPECT_EQ(store_->requests().size(), static_cast<std::size_t>(count));
}

}  // namespace backupctl::testing
