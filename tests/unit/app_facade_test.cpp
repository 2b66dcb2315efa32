// The blocking front door over real threads: the executor's, the repository's, the zone's and several callers'.
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <thread>

#include "backupctl/blocking.hpp"
#include "backupctl/serial_executor.hpp"
#include "backupctl/testing/gated_repository.hpp"
#include "unit/support/ground.hpp"

namespace backupctl {
namespace {

using namespace std::chrono_literals;
using test::submission;
using S = RequestState;

class EagerZone final : public BlockingZone {
 public:
  std::atomic<Controller*> controller{nullptr};  // gets the results, when there is one
  std::atomic<bool> works{true};                 // else it takes commands and never ends them by itself
  std::atomic<int> sends{0};
  SendReply send(const CreateBackupCommand& command) override {
    ++sends;
    if (auto* to = controller.load(); to && works) {
      to->async_put_result(test::record_of(test::success(command.id)), [](const Result<void>&) {});
    }
    return {SendAnswer::accepted, ""};
  }
  StatusReply status(const CallContext&) override { return {CommandState::running, "", {}, ""}; }
  CancelReply cancel(const CallContext& command, std::int64_t) override {
    if (auto* to = controller.load()) {
      auto result = test::success(command.request_id);
      result.code = ResultCode::cancelled;
      to->async_put_result(test::record_of(result), [](const Result<void>&) {});
    }
    return {CancelAnswer::taken_up, ""};
  }
};

class FacadeTest : public ::testing::Test {
 protected:
  // What the others post to outlives them.
  SerialExecutor executor;
  SystemClock clock;
  SystemRandom random;
  RepositoryThreads repository{std::make_unique<testing::GatedRepository>(2)};
  StaticJobs jobs{{test::job()}};
  EagerZone zone;
  ZoneThreads zone_threads{zone};
  std::unique_ptr<Controller> controller;

  void start() {
    controller = std::make_unique<Controller>(
        ControllerPorts{executor, clock, random, repository, jobs, {{test::zone(), zone_threads}}});
    ASSERT_TRUE(controller->start());
    zone.controller = controller.get();
  }
  void TearDown() override { zone.controller = nullptr; }
};

// A controller leaves after the groups before it have been written, and told.
TEST(RepositoryThreadsTest, GroupsOverlapAndLeavingWaitsForThem) {
  auto engine = std::make_unique<testing::GatedRepository>(2);
  auto& gate = *engine;
  std::mutex mutex;
  std::string order;
  const auto note = [&](char what) {
    const std::lock_guard lock(mutex);
    order += what;
  };
  {
    RepositoryThreads threads(std::move(engine));
    EXPECT_EQ(threads.applies_at_once(), 2u);
    gate.close();
    const BackupRequest row{test::order(1), {.next_action = test::epoch}};
    threads.apply({AdmitRequest{row, {}}}, [&](const auto&) { note('g'); });
    threads.apply({PauseZone{test::zone()}}, [&](const auto&) { note('g'); });
    while (gate.waiting() < 2) std::this_thread::yield();
    threads.leave(test::id<InstanceId>(1), [&](const auto&) { note('l'); });
    threads.apply({PauseZone{test::zone(), false}}, [&](const auto&) { note('g'); });
    gate.open();
  }
  EXPECT_EQ(order.substr(0, 2), "gg");
  EXPECT_EQ(order.size(), 4u);
}

TEST(RepositoryThreadsTest, AClaimDoesNotWaitForAGroup) {
  auto engine = std::make_unique<testing::GatedRepository>(2);
  auto& gate = *engine;
  std::promise<bool> claimed;
  RepositoryThreads threads(std::move(engine));
  gate.close();
  threads.apply({PauseZone{test::zone()}}, [](const auto&) {});
  while (!gate.has_waiting()) std::this_thread::yield();
  threads.claim({.by = test::id<InstanceId>(1), .now = test::epoch},
                [&](const auto& rows) { claimed.set_value(rows.has_value()); });
  EXPECT_TRUE(claimed.get_future().get());
  EXPECT_TRUE(gate.has_waiting());
  gate.open();
}

TEST_F(FacadeTest, SubmitsWaitsAndStops) {
  start();
  const auto reply = controller->submit(submission("k"));
  ASSERT_FALSE(reply.error) << reply.error->detail;
  const auto ended = controller->wait(reply.request->order.id, 30s);
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->progress.state, S::succeeded);
  const auto again = controller->submit(submission("k"));
  EXPECT_TRUE(again.seen_before);
  EXPECT_EQ(again.request->order.id, reply.request->order.id);
  EXPECT_EQ(zone.sends, 1);
  EXPECT_TRUE(controller->is_ready());
  EXPECT_NE(controller->metrics().find("state=\"Succeeded\""), std::string::npos);
  EXPECT_TRUE(controller->stop());
  EXPECT_FALSE(controller->is_ready());
}

TEST_F(FacadeTest, WaitsNoLongerThanTold) {
  start();
  zone.controller = nullptr;  // no result ever comes
  const auto reply = controller->submit(submission());
  const auto now = controller->wait(reply.request->order.id, 10ms);
  ASSERT_TRUE(now);
  EXPECT_FALSE(is_terminal(now->progress.state));
  EXPECT_EQ(controller->wait(test::id<RequestId>(77), 10s).error().kind, ErrorKind::not_found);
}

TEST_F(FacadeTest, CancelsAtTheZone) {
  start();
  zone.works = false;
  const auto reply = controller->submit(submission());
  std::promise<bool> taken_up;
  controller->async_cancel(reply.request->order.id, Act{OwnerName::parse("ann").value()},
                           [&](const Result<BackupRequest>& row) { taken_up.set_value(row.has_value()); });
  EXPECT_TRUE(taken_up.get_future().get());
  EXPECT_EQ(controller->wait(reply.request->order.id, 30s)->progress.state, S::cancelled);
}

TEST_F(FacadeTest, ServesManyCallersAtOnce) {
  start();
  std::vector<std::thread> callers;
  std::atomic<int> succeeded{0};
  for (int t = 0; t < 4; ++t) {
    callers.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        const auto reply = controller->submit(submission());
        if (reply.error) continue;
        const auto ended = controller->wait(reply.request->order.id, 60s);
        if (ended && ended->progress.state == S::succeeded) ++succeeded;
      }
    });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(succeeded, 40);
}

TEST_F(FacadeTest, MayGoAtAnyMomentAndBeFollowedByAnother) {
  for (int round = 0; round < 20; ++round) {
    start();
    zone.controller = nullptr;
    for (int i = 0; i < 5; ++i) controller->async_submit(submission(), [](const SubmitReply&) {});
    if (round % 3 == 0) controller->submit(submission());
    controller.reset();
  }
}

TEST_F(FacadeTest, GoesOnWithWhatAnotherHandedBack) {
  start();
  zone.controller = nullptr;
  for (int i = 0; i < 3; ++i) controller->submit(submission());
  EXPECT_TRUE(controller->stop(0s));
  controller.reset();
  start();
  const auto reply = controller->submit(submission());
  EXPECT_EQ(controller->wait(reply.request->order.id, 30s)->progress.state, S::succeeded);
  EXPECT_TRUE(controller->stop());
}

}  // namespace
}  // namespace backupctl
