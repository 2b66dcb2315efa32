// What a lane makes of every answer that a zone may give.
#include <gtest/gtest.h>

#include "app/zone_lane.hpp"
#include "unit/support/ground.hpp"

namespace backupctl::app {
namespace {

using namespace std::chrono_literals;
using test::epoch;
using test::id;
using S = RequestState;

class ZoneLaneTest : public ::testing::Test {
 protected:
  test::Ground ground;
  Context context{ground.ports(), {.breaker_failures = 2}};
  Committer committer{context};
  Amender amender{committer, [](const BackupRequest&, S) {}};
  std::vector<ResultRecord> results;
  std::vector<RequestId> expected;
  ZoneLane lane{context,
                committer,
                amender,
                context.zones()[0],
                [this](ResultRecord result) { results.push_back(std::move(result)); },
                [this](RequestId sent) { expected.push_back(sent); }};
  const RequestId request = id<RequestId>(1);

  BackupRequest owned(S state) {
    BackupRequest row{test::order(), {}};
    auto& p = row.progress;
    p.state = state;
    p.checked = epoch;
    p.terms = AllowedTerms{3, test::zone(), "ledger", 30};
    p.owner = context.self();
    p.send_attempts = 1;
    p.fence = 2;
    if (state == S::sent) {
      p.responded = p.sent = epoch;
      p.result_due = epoch;
    }
    return row;
  }
  BackupRequest row() { return ground.store.row(request); }
  // The row after the zone answered `reply` to what was sent.
  BackupRequest after_send(SendAnswer answer, std::string detail = {}) {
    ground.store.put(owned(S::allowed));
    lane.send(owned(S::allowed));
    ground.zone_client.sends.at(0).handler({answer, std::move(detail)});
    ground.time.run();
    EXPECT_EQ(lane.calls_under_way(), 0);
    EXPECT_FALSE(row().progress.owner);
    return row();
  }
  BackupRequest after_status(StatusReply reply) {
    ground.store.put(owned(S::sent));
    ground.zone_client.status_at_once = std::move(reply);
    lane.follow(owned(S::sent));
    ground.time.run();
    return row();
  }
  BackupRequest after_cancel(S state, CancelAnswer answer) {
    auto asked = owned(state);
    asked.progress.cancel_asked = epoch;
    ground.store.put(asked);
    ground.zone_client.cancel_at_once = CancelReply{answer, "detail"};
    state == S::sent ? lane.follow(asked) : lane.send(asked);
    ground.time.run();
    EXPECT_EQ(ground.zone_client.cancels.size(), 1u);
    EXPECT_EQ(ground.zone_client.cancels[0].fence, 2);
    return row();
  }
  void expect_waits(const BackupRequest& waiting, S state, Duration least, Duration most) {
    EXPECT_EQ(waiting.progress.state, state);
    EXPECT_FALSE(waiting.progress.owner);
    ASSERT_TRUE(waiting.progress.next_action);
    EXPECT_GE(*waiting.progress.next_action, epoch + least);
    EXPECT_LE(*waiting.progress.next_action, epoch + most);
  }
};

TEST_F(ZoneLaneTest, TheCommandCarriesIdFenceAndTerms) {
  ground.store.put(owned(S::allowed));
  lane.send(owned(S::allowed));
  const auto& command = ground.zone_client.sends.at(0).command;
  EXPECT_EQ(command.id, request);
  EXPECT_EQ(command.fence, 2);
  EXPECT_EQ(command.storage_path, "ledger");
  EXPECT_EQ(command.source.str(), "/data/x");
  EXPECT_EQ(lane.calls_under_way(), 1);
}

TEST_F(ZoneLaneTest, TellsOfTheCommandBeforeItGoesOut) {
  lane.send(owned(S::allowed));
  EXPECT_EQ(expected, std::vector{request});
}

TEST_F(ZoneLaneTest, AcceptedOrKnownIsSent) {
  const auto sent = after_send(SendAnswer::accepted);
  EXPECT_EQ(sent.progress.state, S::sent);
  EXPECT_EQ(sent.progress.next_action, epoch + 24h);
  EXPECT_EQ(sent.progress.result_due, epoch + 24h);
}

TEST_F(ZoneLaneTest, KnownIsSentAsWell) { EXPECT_EQ(after_send(SendAnswer::known).progress.state, S::sent); }

TEST_F(ZoneLaneTest, RefusedIsFailed) {
  const auto failed = after_send(SendAnswer::refused, "no such folder");
  EXPECT_EQ(failed.progress.state, S::failed);
  EXPECT_EQ(failed.progress.reason, "refused-by-zone");
  EXPECT_EQ(lane.breaker().state(), BreakerState::closed);
}

TEST_F(ZoneLaneTest, AConflictIsParkedOnceAndTriedRarely) {
  expect_waits(after_send(SendAnswer::conflict, "other body"), S::allowed, 5min, 5min);
  ASSERT_EQ(ground.store.parked().size(), 1u);
  EXPECT_EQ(ground.store.parked()[0].reason_code, "conflicting-command");
  EXPECT_NE(ground.store.parked()[0].body.find("other body"), std::string::npos);
  auto again = row();
  again.progress.owner = context.self();
  lane.send(again);
  ground.zone_client.sends.back().handler({SendAnswer::conflict, "other body"});
  ground.time.run();
  EXPECT_EQ(ground.store.parked().size(), 1u);
}

TEST_F(ZoneLaneTest, AStaleFenceHandsTheRowBack) {
  expect_waits(after_send(SendAnswer::stale_fence), S::allowed, 500ms, 1s);
  EXPECT_EQ(lane.breaker().state(), BreakerState::closed);
}

TEST_F(ZoneLaneTest, NoAnswerIsTriedAgainUnderTheSameId) {
  const auto waiting = after_send(SendAnswer::unanswered, "connection refused");
  expect_waits(waiting, S::allowed, 500ms, 1s);
  EXPECT_NE(waiting.progress.last_error.find("connection refused"), std::string::npos);
  EXPECT_EQ(waiting.progress.send_attempts, 1);
  EXPECT_EQ(lane.breaker().state(), BreakerState::closed);
}

TEST_F(ZoneLaneTest, BadCredentialsOpenTheBreakerAtOnce) {
  expect_waits(after_send(SendAnswer::unauthorized, "401"), S::allowed, 500ms, 1s);
  EXPECT_EQ(lane.breaker().state(), BreakerState::open);
  EXPECT_FALSE(lane.may_send_fresh());
}

TEST_F(ZoneLaneTest, AnAnswerForARowThatAnotherHasTakenOverChangesNothing) {
  ground.store.put(owned(S::allowed));
  lane.send(owned(S::allowed));
  auto next = owned(S::allowed).progress;
  next.owner = id<InstanceId>(99);
  ++next.fence;
  ++next.revision;
  ground.store.engine.apply({ChangeRequest{.id = request, .from = S::allowed, .next = next}});
  ground.zone_client.sends.at(0).handler({SendAnswer::accepted, ""});
  ground.time.run();
  EXPECT_EQ(row().progress, next);
}

TEST_F(ZoneLaneTest, ACancelDuringASendIsKeptAndDueAtOnce) {
  ground.store.put(owned(S::allowed));
  lane.send(owned(S::allowed));
  auto decision = decide(row(), CancelAsked{}, epoch);
  ground.store.engine.apply({change_of(row(), std::move(*decision))});
  ground.zone_client.sends.at(0).handler({SendAnswer::accepted, ""});
  ground.time.run();
  EXPECT_TRUE(row().progress.cancel_asked);
  expect_waits(row(), S::sent, 0s, 0s);
}

TEST_F(ZoneLaneTest, AcceptedAndRunningAreLookedAtAgain) {
  expect_waits(after_status({CommandState::running, "", {}, ""}), S::sent, 1s, 5min);
  EXPECT_TRUE(ground.zone_client.sends.empty());
}

TEST_F(ZoneLaneTest, AFinishedCommandTellsItsResult) {
  expect_waits(after_status({CommandState::finished, "", test::success(request), ""}), S::sent, 1s, 5min);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].body, describe(test::success(request)));
}

TEST_F(ZoneLaneTest, OnlyAnUnknownCommandIsSentAgain) {
  after_status({CommandState::unknown, "", {}, ""});
  ASSERT_EQ(ground.zone_client.sends.size(), 1u);
  EXPECT_EQ(ground.zone_client.sends[0].command.id, request);
  ground.zone_client.sends[0].handler({SendAnswer::accepted, ""});
  ground.time.run();
  EXPECT_EQ(row().progress.send_attempts, 2);
  expect_waits(row(), S::sent, 24h, 24h);
}

TEST_F(ZoneLaneTest, EveryAnswerToTheSecondSendLeavesTheRowWaitingOrEnded) {
  int number = 0;
  for (const auto answer : {SendAnswer::known, SendAnswer::refused, SendAnswer::conflict, SendAnswer::stale_fence,
                            SendAnswer::unauthorized, SendAnswer::unanswered}) {
    auto asked = owned(S::sent);
    asked.order.id = id<RequestId>(10 + number++);
    ground.store.put(asked);
    ground.zone_client.status_at_once = StatusReply{CommandState::unknown, "", {}, ""};
    ground.zone_client.send_at_once = SendReply{answer, "detail"};
    lane.follow(asked);
    ground.time.run();
    const auto left = ground.store.row(asked.order.id).progress;
    EXPECT_EQ(left.state, answer == SendAnswer::refused ? S::failed : S::sent);
    EXPECT_FALSE(left.owner);
    EXPECT_EQ(left.next_action.has_value(), left.state == S::sent);
    EXPECT_EQ(lane.calls_under_way(), 0);
  }
}

TEST_F(ZoneLaneTest, NoAnswerToTheQuestionIsNoReasonToSend) {
  expect_waits(after_status({CommandState::unanswered, "timed out", {}, ""}), S::sent, 1s, 5min);
  EXPECT_TRUE(ground.zone_client.sends.empty());
  EXPECT_NE(row().progress.last_error.find("timed out"), std::string::npos);
}

TEST_F(ZoneLaneTest, UnauthorizedQuestionsOpenTheBreaker) {
  after_status({CommandState::unauthorized, "403", {}, ""});
  EXPECT_EQ(lane.breaker().state(), BreakerState::open);
}

TEST_F(ZoneLaneTest, ACancelIsToldToTheZoneInsteadOfTheCommand) {
  expect_waits(after_cancel(S::allowed, CancelAnswer::taken_up), S::allowed, 1s, 5min);
  EXPECT_TRUE(ground.zone_client.sends.empty());
}

TEST_F(ZoneLaneTest, OnlyAResultConfirmsACancel) {
  expect_waits(after_cancel(S::sent, CancelAnswer::taken_up), S::sent, 1s, 5min);
}

TEST_F(ZoneLaneTest, ACancelThatCameTooLateAsksForTheResult) {
  ground.zone_client.status_at_once = StatusReply{CommandState::finished, "", test::success(request), ""};
  expect_waits(after_cancel(S::sent, CancelAnswer::finished), S::sent, 1s, 5min);
  EXPECT_EQ(results.size(), 1u);
}

TEST_F(ZoneLaneTest, ACancelWithoutAnAnswerIsRepeated) {
  expect_waits(after_cancel(S::sent, CancelAnswer::unanswered), S::sent, 1s, 5min);
}

TEST_F(ZoneLaneTest, ACancelWithAStaleFenceHandsTheRowBack) {
  expect_waits(after_cancel(S::sent, CancelAnswer::stale_fence), S::sent, 1s, 5min);
}

TEST_F(ZoneLaneTest, ACancelWithBadCredentialsOpensTheBreaker) {
  expect_waits(after_cancel(S::allowed, CancelAnswer::unauthorized), S::allowed, 1s, 5min);
  EXPECT_EQ(lane.breaker().state(), BreakerState::open);
}

}  // namespace
}  // namespace backupctl::app
