// A request of many, whose caller gives it a moment to be checked before it is written.
#include <gtest/gtest.h>

#include "unit/support/ground.hpp"

namespace backupctl {
namespace {

using namespace std::chrono_literals;
using test::job;
using test::submission;
using S = RequestState;

class CheckedFirst : public ::testing::Test {
 protected:
  test::Ground ground;
  std::unique_ptr<Controller> controller;
  std::vector<SubmitReply> replies;

  void start() {
    controller = std::make_unique<Controller>(ground.ports(4, 24h), ControllerOptions{});
    bool started = false;
    controller->async_start([&](const Result<void>& answer) { started = answer.has_value(); });
    ground.time.run();
    ASSERT_TRUE(started);
  }
  void submit(Submission made) {
    controller->async_submit(std::move(made), [this](SubmitReply reply) { replies.push_back(std::move(reply)); });
    ground.time.run();
  }
  void answer_job(std::size_t call, Result<std::optional<BackupJob>> with) {
    ground.jobs.calls.at(call).handler(std::move(with));
    ground.time.run();
  }
  std::string code(std::size_t reply) { return replies.at(reply).error ? replies.at(reply).error->code : "ok"; }
  RequestProgress only() { return ground.store.only_row().progress; }
};

Submission one_of_many() {
  auto made = submission("k");
  made.respond_async = made.checked_first_if_quick = true;
  return made;
}

TEST_F(CheckedFirst, OneOfManyWithAQuickCheckIsWrittenOnceAndAnsweredThen) {
  start();
  const auto groups = ground.store.groups.size();
  submit(one_of_many());
  EXPECT_TRUE(replies.empty());
  EXPECT_EQ(ground.store.groups.size(), groups);
  answer_job(0, std::optional(job()));
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(code(0), "ok");
  EXPECT_EQ(replies[0].request->progress.state, S::allowed);
  ASSERT_GT(ground.store.groups.size(), groups);
  EXPECT_TRUE(std::holds_alternative<AdmitRequest>(ground.store.groups[groups].front()));
  EXPECT_EQ(ground.store.groups[groups].size(), 1u);
  EXPECT_EQ(ground.jobs.calls.size(), 1u);
  EXPECT_EQ(ground.store.engine.histories().begin()->second.size(), 2u);
}

TEST_F(CheckedFirst, OneOfManyWithASlowCheckIsDurableMeanwhileAndAnsweredOnce) {
  start();
  submit(one_of_many());
  ground.time.advance(50ms);
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(replies[0].request->progress.state, S::received);
  EXPECT_EQ(only().state, S::received);
  answer_job(0, std::optional(job()));
  EXPECT_EQ(only().state, S::allowed);
  EXPECT_EQ(ground.jobs.calls.size(), 1u) << "the check that was under way counts";
  EXPECT_EQ(replies.size(), 1u);
}

TEST_F(CheckedFirst, OneOfManyWithoutAnAnswerOfTheJobServiceWaitsForAnotherCheck) {
  start();
  submit(one_of_many());
  answer_job(0, unavailable("away"));
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(code(0), "ok") << "it is durable, and nobody waits";
  EXPECT_EQ(only().state, S::received);
  ground.jobs.answer_at_once = std::optional<BackupJob>{};
  ground.time.advance(10min);
  EXPECT_EQ(only().state, S::not_allowed);
  auto without_key = one_of_many();
  without_key.key.reset();
  ground.jobs.answer_at_once.reset();
  submit(without_key);
  answer_job(ground.jobs.calls.size() - 1, unavailable("away"));
  ASSERT_EQ(replies.size(), 2u);
  EXPECT_EQ(replies[1].request->progress.state, S::received) << "not closed";
}

TEST_F(CheckedFirst, OneOfManyThatIsRefusedOrKnownIsAnsweredAtOnce) {
  ground.jobs.answer_at_once = std::optional<BackupJob>{};
  start();
  submit(one_of_many());
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(code(0), "backup-request-not-allowed");
  EXPECT_TRUE(only().responded);
  submit(one_of_many());
  ASSERT_EQ(replies.size(), 2u);
  EXPECT_TRUE(replies[1].seen_before);
  EXPECT_EQ(replies[1].request->order.id, replies[0].request->order.id);
}

TEST_F(CheckedFirst, OneOfManyThatTheStoreDoesNotTakeIsAnsweredSoAndNotChecked) {
  start();
  ground.store.is_down = true;
  submit(one_of_many());
  ground.time.advance(50ms);
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(code(0), "store-unavailable");
  ground.store.is_down = false;
  answer_job(0, std::optional(job()));
  ground.time.advance(1min);
  EXPECT_TRUE(ground.store.engine.requests().empty());
  EXPECT_EQ(replies.size(), 1u);
}

}  // namespace
}  // namespace backupctl
