// The controller as its callers see it, step by step in time that moves when told.
#include <gtest/gtest.h>

#include "unit/support/ground.hpp"

namespace backupctl {
namespace {

using namespace std::chrono_literals;
using test::epoch;
using test::Fate;
using test::id;
using test::job;
using test::submission;
using test::success;
using S = RequestState;

class FlowTest : public ::testing::Test {
 protected:
  test::Ground ground;
  ControllerOptions options{};
  std::int64_t max_in_flight = 4;
  Duration result_due = 24h;
  std::unique_ptr<Controller> controller;
  std::vector<SubmitReply> replies;

  void start() {
    controller = std::make_unique<Controller>(ground.ports(max_in_flight, result_due), options);
    bool started = false;
    controller->async_start([&](const Result<void>& answer) { started = answer.has_value(); });
    ground.time.run();
    EXPECT_TRUE(started);
  }
  void let_all_answer() {
    ground.jobs.answer_at_once = std::optional(job());
    ground.zone_client.send_at_once = SendReply{SendAnswer::accepted, ""};
  }
  void submit(Submission made = submission()) {
    controller->async_submit(std::move(made), [this](SubmitReply reply) { replies.push_back(std::move(reply)); });
    ground.time.run();
  }
  // It is written before its check comes back.
  void submit_to_a_slow_check(Submission made = submission()) {
    submit(std::move(made));
    ground.time.advance(50ms);
  }
  void answer_job(std::size_t call, Result<std::optional<BackupJob>> with) {
    ground.jobs.calls.at(call).handler(std::move(with));
    ground.time.run();
  }
  std::string cancel(RequestId request) {
    std::string told = "nothing";
    controller->async_cancel(
        request, Act{OwnerName::parse("ann").value(), "by test"}, [&](const Result<BackupRequest>& row) {
          told = row ? std::string(to_string(row->progress.state)) : row.error().code + row.error().detail;
        });
    ground.time.run();
    return told;
  }
  void put_result(const ZoneResult& result) {
    controller->async_put_result(test::record_of(result), [](const Result<void>& kept) { EXPECT_TRUE(kept); });
    ground.time.run();
  }
  void stop(Duration grace = 10s) {
    bool stopped = false;
    controller->async_stop(grace, [&](const Result<void>& left) { stopped = left.has_value(); });
    ground.time.advance(grace + 1s);
    EXPECT_TRUE(stopped);
  }
  std::string code(std::size_t reply) { return replies.at(reply).error ? replies.at(reply).error->code : "ok"; }
  RequestProgress only() { return ground.store.only_row().progress; }
  void expect_nothing_without_a_next_step() {
    EXPECT_EQ(ground.store.engine.survey(epoch).value().rows_without_next_step, 0);
  }
};

TEST_F(FlowTest, FromReceivedToSucceeded) {
  let_all_answer();
  start();
  submit();
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(code(0), "ok");
  EXPECT_EQ(only().state, S::sent);
  put_result(success(replies[0].request->order.id));
  EXPECT_EQ(only().state, S::succeeded);
  const auto& p = only();
  EXPECT_TRUE(p.checked && p.responded && p.sent && p.result_received && p.result_recorded && p.backup_id);
}

TEST_F(FlowTest, NotAllowedIsAnsweredKeptAndNeverSent) {
  ground.jobs.answer_at_once = std::optional<BackupJob>{};
  start();
  submit();
  EXPECT_EQ(code(0), "backup-request-not-allowed");
  EXPECT_EQ(only().state, S::not_allowed);
  EXPECT_TRUE(only().responded);
  EXPECT_TRUE(ground.zone_client.sends.empty());
}

TEST_F(FlowTest, AnAsyncRequestIsAnsweredOnceDurableAndCheckedAfterwards) {
  start();
  auto made = submission();
  made.respond_async = true;
  submit(made);
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(replies[0].request->progress.state, S::received);
  EXPECT_EQ(ground.jobs.calls.size(), 1u);
  answer_job(0, std::optional(job()));
  EXPECT_EQ(only().state, S::allowed);
}

TEST_F(FlowTest, WhenTheStoreFillsUpAfterAReceiptTheCallerIsAnsweredAllTheSame) {
  start();
  submit_to_a_slow_check();
  ground.store.is_full = true;
  answer_job(0, std::optional(job()));
  ground.time.advance(9s);
  EXPECT_TRUE(replies.empty());
  ground.time.advance(5s);
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(code(0), "ok");
  EXPECT_EQ(replies[0].request->progress.state, S::received);
  ground.store.is_full = false;
  ground.time.advance(10s);
  EXPECT_EQ(only().state, S::allowed);
  EXPECT_EQ(replies.size(), 1u);
}

TEST_F(FlowTest, ASlowJobServiceIsWaitedForAsLongAsTheStoreTakesWrites) {
  start();
  submit();
  ground.time.advance(1min);
  EXPECT_TRUE(replies.empty());
  answer_job(0, std::optional(job()));
  EXPECT_EQ(replies.size(), 1u);
}

TEST_F(FlowTest, WithoutAKeyAFailedCheckClosesTheRequest) {
  start();
  submit();
  answer_job(0, unavailable("refused"));
  EXPECT_EQ(code(0), "job-service-unavailable");
  EXPECT_EQ(only().state, S::cancelled);
  EXPECT_EQ(only().reason, "check-unavailable");
  ground.time.advance(1min);
  EXPECT_EQ(ground.jobs.calls.size(), 1u);
}

TEST_F(FlowTest, WithAKeyTheCheckGoesOnByItself) {
  start();
  submit(submission("k"));
  answer_job(0, unavailable("refused"));
  EXPECT_EQ(code(0), "job-service-unavailable");
  EXPECT_EQ(only().state, S::received);
  EXPECT_EQ(only().check_attempts, 1);
  let_all_answer();
  ground.time.advance(3s);
  EXPECT_EQ(only().state, S::sent);
  submit(submission("k"));
  EXPECT_EQ(code(1), "ok");
  EXPECT_TRUE(replies[1].seen_before);
  EXPECT_EQ(replies[1].request->progress.state, S::sent);
  EXPECT_EQ(ground.store.engine.requests().size(), 1u);
}

TEST_F(FlowTest, ACheckIsGivenUpAfterItsTime) {
  options.check_give_up_after = 1h;
  ground.jobs.answer_at_once = unavailable("refused");
  start();
  submit(submission("k"));
  ground.time.advance(59min);
  EXPECT_EQ(only().state, S::received);
  ground.time.advance(15min);
  EXPECT_EQ(only().state, S::cancelled);
  EXPECT_EQ(only().reason, "check-unavailable");
}

TEST_F(FlowTest, APeerThatAnswersTwiceIsHeardOnce) {
  start();
  submit();
  answer_job(0, std::optional(job()));
  answer_job(0, std::optional<BackupJob>());
  ASSERT_EQ(ground.zone_client.sends.size(), 1u);
  const auto answer = ground.zone_client.sends[0].handler;
  answer({SendAnswer::accepted, {}});
  answer({SendAnswer::unanswered, {}});
  ground.time.run();
  EXPECT_EQ(only().state, S::sent);
  EXPECT_EQ(replies.size(), 1u);
}

TEST_F(FlowTest, ASeenKeyWaitsForTheCheckUnderWay) {
  start();
  submit(submission("k"));
  submit_to_a_slow_check(submission("k"));
  EXPECT_TRUE(replies.empty());
  answer_job(0, std::optional(job()));
  ASSERT_EQ(replies.size(), 2u);
  EXPECT_EQ(replies[0].request->order.id, replies[1].request->order.id);
  EXPECT_NE(replies[0].seen_before, replies[1].seen_before);
}

TEST_F(FlowTest, ASeenKeyWaitsForACheckInAnotherProcess) {
  auto first = BackupRequest{test::order(), {}};
  first.order.key = IdempotencyKey::parse("k").value();
  first.progress = {.owner = id<InstanceId>(99), .fence = 1};
  ASSERT_TRUE(ground.store.engine.beat({id<InstanceId>(99), "other", epoch, epoch, 1h}));
  ground.store.put(first);
  options.lease = 1h;
  start();
  submit(submission("k"));
  ground.time.advance(1s);
  EXPECT_TRUE(replies.empty());
  auto next = first.progress;
  next.state = S::not_allowed;
  next.reason = "said the other";
  next.owner.reset();
  ++next.revision;
  ground.store.engine.apply({ChangeRequest{.id = first.order.id, .from = S::received, .next = next}});
  ground.time.advance(1s);
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(code(0), "backup-request-not-allowed");
  EXPECT_TRUE(replies[0].seen_before);
}

TEST_F(FlowTest, AKeyWithAnotherBodyIsRefused) {
  let_all_answer();
  start();
  submit(submission("k"));
  auto other = submission("k");
  other.data_as_of = test::date("2021-01-09");
  submit(other);
  EXPECT_EQ(code(1), "idempotency-key-reused");
  EXPECT_FALSE(replies[1].request);
}

TEST_F(FlowTest, ACancelDuringTheCheckEndsIt) {
  start();
  submit_to_a_slow_check();
  const auto request = ground.store.only_row().order.id;
  EXPECT_EQ(cancel(request), "Cancelled");
  answer_job(0, std::optional(job()));
  EXPECT_EQ(only().state, S::cancelled);
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(replies[0].request->progress.state, S::cancelled);
  EXPECT_TRUE(ground.zone_client.sends.empty());
  EXPECT_EQ(cancel(request).substr(0, 8), "terminal");
}

TEST_F(FlowTest, ACancelDuringTheSendReachesTheZone) {
  ground.jobs.answer_at_once = std::optional(job());
  start();
  submit();
  const auto request = ground.store.only_row().order.id;
  EXPECT_EQ(only().state, S::allowed);
  EXPECT_EQ(cancel(request), "Allowed");
  EXPECT_TRUE(only().owner) << "its call is under way";
  EXPECT_EQ(cancel(request), "Allowed");
  ground.zone_client.cancel_at_once = CancelReply{CancelAnswer::taken_up, ""};
  ground.zone_client.sends.at(0).handler({SendAnswer::accepted, ""});
  ground.time.advance(2s);
  EXPECT_EQ(ground.zone_client.cancels.at(0).context.request_id, request);
  EXPECT_EQ(only().state, S::sent);
  auto result = success(request);
  result.code = ResultCode::cancelled;
  put_result(result);
  EXPECT_EQ(only().state, S::cancelled);
}

TEST_F(FlowTest, ACancelAfterAnUnansweredSendReachesTheZone) {
  ground.jobs.answer_at_once = std::optional(job());
  ground.zone_client.send_at_once = SendReply{SendAnswer::unanswered, "lost"};
  start();
  submit();
  const auto request = ground.store.only_row().order.id;
  EXPECT_EQ(only().state, S::allowed);
  EXPECT_FALSE(only().owner);
  EXPECT_EQ(cancel(request), "Allowed");
  ground.time.run();
  EXPECT_EQ(ground.zone_client.cancels.size(), 1u);
  EXPECT_EQ(ground.zone_client.sends.size(), 1u) << "it is not sent any more";
}

TEST_F(FlowTest, AJobOfAnUnknownZoneWaitsShownAndGoesOnWhenTheZoneIsThere) {
  auto elsewhere = job();
  elsewhere.zone = test::zone("tapes");
  ground.jobs.answer_at_once = std::optional(elsewhere);
  start();
  submit();
  EXPECT_EQ(code(0), "ok");
  EXPECT_EQ(only().state, S::allowed);
  EXPECT_EQ(only().last_error, "zone tapes is not configured at this controller");
  ground.time.advance(1h);
  EXPECT_EQ(only().state, S::allowed);
  expect_nothing_without_a_next_step();
  stop();
  auto ports = ground.ports();
  ports.zones.push_back({test::zone("tapes"), ground.zone_client});
  ground.zone_client.send_at_once = SendReply{SendAnswer::accepted, ""};
  controller = std::make_unique<Controller>(ports, options);
  controller->async_start([](const Result<void>&) {});
  ground.time.advance(2s);
  EXPECT_EQ(only().state, S::sent);
}

TEST_F(FlowTest, APauseAndFullPlacesHoldRequestsBack) {
  max_in_flight = 1;
  let_all_answer();
  start();
  submit();
  submit();
  ASSERT_EQ(replies.size(), 2u);
  EXPECT_EQ(ground.zone_client.sends.size(), 1u);
  EXPECT_EQ(replies[1].request->progress.state, S::allowed);
  put_result(success(replies[0].request->order.id));
  EXPECT_EQ(ground.zone_client.sends.size(), 2u) << "at once when a place is free";
}

TEST_F(FlowTest, AnOverdueRequestIsAskedForAlthoughOthersWaitForAPlace) {
  // The zone was away so long that it is left alone but for trials, and has forgotten its command; its only place is
  // taken by that command. Trials must not go to sends, which have no place.
  max_in_flight = 1;
  result_due = 1min;
  let_all_answer();
  start();
  submit();
  submit();
  ground.zone_client.status_at_once = StatusReply{CommandState::unauthorized, "401", {}, ""};
  ground.time.advance(2min);
  EXPECT_GT(ground.zone_client.questions.size(), 0u);
  ground.zone_client.status_at_once =
      StatusReply{CommandState::finished, "", success(replies[0].request->order.id), ""};
  ground.time.advance(15min);
  EXPECT_EQ(ground.store.row(replies[0].request->order.id).progress.state, S::succeeded);
  EXPECT_EQ(ground.store.row(replies[1].request->order.id).progress.state, S::sent);
}

TEST_F(FlowTest, AStoreThatIsAwayForAMinuteLeavesNothingBehind) {
  ground.zone_client.send_at_once = SendReply{SendAnswer::accepted, ""};
  start();
  submit(submission("k"));
  auto async = submission();
  async.respond_async = true;
  submit_to_a_slow_check(async);
  ground.store.is_down = true;
  ground.jobs.answer_at_once = std::optional(job());
  answer_job(0, std::optional(job()));
  for (int i = 0; i < 60; ++i) {
    submit();
    ground.time.advance(1s);
    EXPECT_FALSE(controller->is_ready());
  }
  for (std::size_t i = 1; i < replies.size(); ++i) {
    EXPECT_TRUE(code(i) == "store-unavailable" || code(i) == "ok") << code(i);
  }
  ground.store.is_down = false;
  ground.time.advance(1min);
  EXPECT_TRUE(controller->is_ready());
  EXPECT_EQ(ground.store.engine.requests().size(), 2u);
  for (const auto& [request, row] : ground.store.engine.requests()) {
    EXPECT_EQ(row.progress.state, S::sent);
    EXPECT_FALSE(row.progress.owner);
  }
  EXPECT_EQ(replies.size(), 62u) << "everybody was answered";
}

TEST_F(FlowTest, ALostClaimAnswerLeavesNoRowBehind) {
  let_all_answer();
  auto first = BackupRequest{test::order(), {.next_action = epoch}};
  ground.store.put(first);
  ground.store.lose_claims = true;
  start();
  ground.time.advance(5s);
  ground.store.lose_claims = false;
  ground.time.advance(5s);
  EXPECT_EQ(only().state, S::sent);
}

TEST_F(FlowTest, AFullDiskIsSeenAndItsEndToo) {
  let_all_answer();
  start();
  EXPECT_TRUE(controller->is_ready());
  ground.store.is_full = true;
  auto made = submission();
  made.respond_async = true;
  submit(made);
  EXPECT_EQ(code(0), "store-unavailable");
  for (int i = 0; i < 300; ++i) {
    EXPECT_FALSE(controller->is_ready()) << i << " although nobody writes";
    ground.time.advance(100ms);
  }
  ground.store.is_full = false;
  ground.time.advance(10s);
  EXPECT_TRUE(controller->is_ready()) << "by itself, nobody sends anything to one that is not ready";
}

TEST_F(FlowTest, ManyRefusedRequestsLeaveNothingInMemory) {
  options.max_waiting_commands = 3;
  ground.jobs.answer_at_once = std::optional(job());
  start();
  ground.store.held = true;
  for (int i = 0; i < 50; ++i) submit();
  EXPECT_GT(replies.size(), 40u);
  EXPECT_EQ(code(0), "overloaded");
  const auto groups = ground.store.groups.size();
  ground.store.release();
  ground.time.advance(1s);
  std::size_t written = 0;
  for (auto at = groups; at < ground.store.groups.size(); ++at) written += ground.store.groups[at].size();
  EXPECT_LT(written, 20u) << "nothing is written for requests that were refused";
  EXPECT_EQ(replies.size(), 50u);
}

TEST_F(FlowTest, WhatNobodyWaitsForIsCheckedAFewAtATime) {
  options.max_owned_checks = 2;
  start();
  auto made = submission();
  made.respond_async = true;
  for (int i = 0; i < 6; ++i) {
    made.job_id = id<JobId>(10 + i);
    submit(made);
  }
  EXPECT_EQ(replies.size(), 6u);
  EXPECT_EQ(ground.jobs.calls.size(), 2u);
  ground.jobs.answer_at_once = std::optional<BackupJob>{};
  answer_job(0, std::optional<BackupJob>{});
  answer_job(1, std::optional<BackupJob>{});
  ground.time.advance(5s);
  for (const auto& [request, row] : ground.store.engine.requests()) EXPECT_EQ(row.progress.state, S::not_allowed);
}

TEST_F(FlowTest, StoppingHandsEverythingBack) {
  start();
  submit();
  auto other = submission();
  other.job_id = id<JobId>(2);
  submit(other);
  answer_job(1, std::optional([] {
               auto second = job();
               second.id = id<JobId>(2);
               return second;
             }()));
  ASSERT_EQ(ground.zone_client.sends.size(), 1u);
  stop(5s);
  for (const auto& [request, row] : ground.store.engine.requests()) {
    EXPECT_FALSE(row.progress.owner);
    EXPECT_TRUE(row.progress.next_action);
  }
  // Late answers change nothing: the rows may have another owner by now.
  const auto before = ground.store.engine.requests();
  ground.zone_client.sends[0].handler({SendAnswer::accepted, ""});
  answer_job(0, std::optional(job()));
  EXPECT_EQ(ground.store.engine.requests(), before);
  submit();
  EXPECT_EQ(code(replies.size() - 1), "store-unavailable");
  // The next one goes on, under the same ids.
  let_all_answer();
  start();
  ground.time.advance(2s);
  for (const auto& [request, row] : ground.store.engine.requests()) EXPECT_EQ(row.progress.state, S::sent);
}

TEST_F(FlowTest, ARequestWithoutAKeyThatACrashLeftIsGoneOnWith) {
  start();
  submit_to_a_slow_check();
  controller.reset();  // as a crash would, its check under way
  EXPECT_TRUE(only().owner);
  let_all_answer();
  start();
  ground.time.advance(25s);
  EXPECT_EQ(only().state, S::sent);
}

TEST_F(FlowTest, NothingComesBackToOneThatIsGone) {
  start();
  submit();
  controller.reset();
  answer_job(0, std::optional(job()));
  ground.time.advance(1min);
  EXPECT_TRUE(replies.empty());
}

TEST_F(FlowTest, AClockThatStepsBackNeverTurnsTimesBack) {
  let_all_answer();
  start();
  submit();
  ground.time.step_wall_clock(-1h);
  put_result(success(replies.at(0).request->order.id));
  const auto p = only();
  EXPECT_EQ(p.state, S::succeeded);
  EXPECT_LE(ground.store.only_row().order.received, *p.checked);
  EXPECT_LE(*p.checked, *p.sent);
  EXPECT_LE(*p.sent, *p.result_received);
}

}  // namespace
}  // namespace backupctl
