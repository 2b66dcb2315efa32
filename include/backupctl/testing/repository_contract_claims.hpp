// The repository's contract: claims, heartbeats and what is due. Included by repository_contract.hpp.
#pragma once

#include "backupctl/testing/repository_fixture.hpp"

namespace backupctl::testing {

TEST_P(RepositoryContract, AClaimTakesDueRowsOfItsStageOldestFirst) {
  for (int n = 1; n <= 4; ++n) {
    auto request = received(n);
    request.progress.next_action = at(10 - n);
    put(request);
  }
  put(owned(received(5), instance_id(2)));
  put(allowed(6));
  const ClaimOrder order{.stage = Stage::check, .by = instance_id(1), .now = at(8), .limit = 2};
  const auto claimed = store().claim(order).value();
  EXPECT_EQ(ids(claimed), (std::vector<RequestId>{request_id(4), request_id(3)}));
  auto expected = received(4).progress;
  expected.owner = instance_id(1);
  expected.next_action.reset();
  expected.fence = 1;
  expected.revision = 2;
  expected.check_attempts = 1;
  EXPECT_EQ(claimed.at(0).progress, expected);
  EXPECT_EQ(find(4), claimed.at(0));
  EXPECT_EQ(ids(store().claim(order).value()), std::vector<RequestId>{request_id(2)}) << "9 s is not yet due";
  EXPECT_TRUE(store().claim(order).value().empty());
}

TEST_P(RepositoryContract, AClaimOfTheSendStageStaysWithinThePlaces) {
  put(sent(1));
  put(owned(allowed(2), instance_id(2)));
  for (int n = 3; n <= 6; ++n) put(allowed(n));
  put(allowed(7, "tapes"));
  ClaimOrder order{.stage = Stage::send, .by = instance_id(1), .now = at(1), .zone = zone(), .max_in_flight = 4};
  const auto claimed = store().claim(order).value();
  ASSERT_EQ(claimed.size(), 2u);
  EXPECT_EQ(claimed[0].progress.send_attempts, 1);
  EXPECT_EQ(claimed[0].progress.check_attempts, 1);
  EXPECT_TRUE(store().claim(order).value().empty());
  order.max_in_flight = 1;
  EXPECT_TRUE(store().claim(order).value().empty());
  order.zone = zone("tapes");
  EXPECT_EQ(ids(store().claim(order).value()), std::vector<RequestId>{request_id(7)});
}

TEST_P(RepositoryContract, NothingIsSentToAPausedZone) {
  put(allowed(1));
  put(sent(2));
  run(PauseZone{zone(), true});
  ClaimOrder order{.stage = Stage::send, .by = instance_id(1), .now = at(200), .zone = zone(), .max_in_flight = 9};
  EXPECT_TRUE(store().claim(order).value().empty());
  order.stage = Stage::follow;
  EXPECT_EQ(ids(store().claim(order).value()), std::vector<RequestId>{request_id(2)});
  run(PauseZone{zone(), false});
  order.stage = Stage::send;
  EXPECT_EQ(ids(store().claim(order).value()), std::vector<RequestId>{request_id(1)});
}

TEST_P(RepositoryContract, FollowingCountsNoAttemptNorDoesACancelledSend) {
  auto request = allowed(1);
  request.progress.cancel_asked = at(1);
  request.progress.send_attempts = 2;
  put(request);
  put(sent(2));
  const ClaimOrder send{.stage = Stage::send, .by = instance_id(1), .now = at(1), .zone = zone(), .max_in_flight = 9};
  EXPECT_EQ(store().claim(send).value().at(0).progress.send_attempts, 2);
  const ClaimOrder early{.stage = Stage::follow, .by = instance_id(1), .now = at(99), .zone = zone()};
  EXPECT_TRUE(store().claim(early).value().empty());
  const ClaimOrder follow{.stage = Stage::follow, .by = instance_id(1), .now = at(100), .zone = zone()};
  const auto followed = store().claim(follow).value();
  ASSERT_EQ(ids(followed), std::vector<RequestId>{request_id(2)});
  EXPECT_EQ(followed[0].progress.send_attempts, 1);
  EXPECT_EQ(followed[0].progress.fence, 1);
}

TEST_P(RepositoryContract, AWriteDecidedBeforeAClaimLosesItsGuard) {
  put(sent(1));
  const ClaimOrder follow{.stage = Stage::follow, .by = instance_id(1), .now = at(100), .zone = zone()};
  ASSERT_EQ(store().claim(follow).value().size(), 1u);
  EXPECT_EQ(run(ChangeRequest{request_id(1), RequestState::sent, failed(sent(1))}).status, OutcomeStatus::lost_guard);
}

// ---- Instances -----------------------------------------------------------------------------------------------------

TEST_P(RepositoryContract, ABeatTellsWhoIsAlive) {
  EXPECT_EQ(beat(1, 0).alive.size(), 1u);
  const auto both = beat(2, 1).alive;
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0].id, instance_id(1));
  EXPECT_EQ(both[0].program, "test");
  EXPECT_EQ(both[0].started, at(0));
  EXPECT_EQ(beat(1, 15).alive.size(), 2u);
  EXPECT_EQ(beat(1, 17).alive.size(), 1u) << "the other has not beaten for 16 s";
  EXPECT_EQ(beat(2, 18).alive.size(), 2u) << "and comes back";
}

TEST_P(RepositoryContract, TheSurveyNamesWhoRuns) {
  EXPECT_TRUE(store().survey(at(0)).value().controllers.empty());
  beat(1, 0);
  beat(2, 1);
  const auto both = store().survey(at(0)).value().controllers;
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0].id, instance_id(1));
  EXPECT_EQ(both[0].program, "test");
  EXPECT_EQ(both[0].started, at(0));
  ASSERT_TRUE(store().leave(instance_id(1)));
  const auto left = store().survey(at(0)).value().controllers;
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].id, instance_id(2));
}

TEST_P(RepositoryContract, TheRowsOfTheDeadAreDueAtOnce) {
  beat(1, 0);
  beat(2, 0);
  put(owned(received(1), instance_id(1)));
  put(owned(allowed(2), instance_id(1)));
  put(owned(received(3), instance_id(2)));
  put(received(4));
  EXPECT_EQ(beat(2, 10).rows_freed, 0);
  EXPECT_EQ(beat(2, 20).rows_freed, 2);
  auto expected = received(1);
  expected.progress.next_action = at(20);
  expected.progress.revision = 2;
  EXPECT_EQ(find(1), expected);
  EXPECT_EQ(find(3), owned(received(3), instance_id(2)));
  EXPECT_EQ(find(4), received(4));
  EXPECT_EQ(beat(2, 21).rows_freed, 0);
}

TEST_P(RepositoryContract, RowsOfAnOwnerThatNobodyKnowsAreFreed) {
  put(owned(received(1), instance_id(7)));
  const auto reply = beat(1, 5);
  EXPECT_EQ(reply.rows_freed, 1);
  EXPECT_EQ(find(1)->progress.owner, std::nullopt);
  EXPECT_EQ(find(1)->progress.next_action, at(5));
}

TEST_P(RepositoryContract, WhoLeavesHandsItsRowsBack) {
  beat(1, 3);
  beat(2, 3);
  put(owned(received(1), instance_id(1)));
  put(owned(received(2), instance_id(2)));
  ASSERT_TRUE(store().leave(instance_id(1)));
  EXPECT_EQ(find(1)->progress.owner, std::nullopt);
  EXPECT_EQ(find(1)->progress.next_action, at(3));
  EXPECT_EQ(find(1)->progress.revision, 2);
  EXPECT_EQ(find(2), owned(received(2), instance_id(2)));
  EXPECT_EQ(beat(2, 4).alive.size(), 1u);
  EXPECT_TRUE(store().leave(instance_id(9))) << "who was never here leaves nothing";
}

// ---- Due work ------------------------------------------------------------------------------------------------------

TEST_P(RepositoryContract, DueSaysWhichStagesHaveWork) {
  EXPECT_FALSE(store().due({.now = at(0), .zones = {zone()}}).value().next);
  put(received(1));
  put(allowed(2));
  put(sent(3));
  put(allowed(4, "tapes"));
  put(owned(received(5), instance_id(1)));
  auto work = store().due({.now = at(-5), .zones = {zone()}}).value();
  EXPECT_FALSE(work.check);
  EXPECT_TRUE(work.send.empty());
  EXPECT_EQ(work.next, at(0));

  work = store().due({.now = at(1), .zones = {zone()}}).value();
  EXPECT_TRUE(work.check);
  EXPECT_EQ(work.send, std::vector<ZoneName>{zone()});
  EXPECT_TRUE(work.follow.empty());
  EXPECT_EQ(work.next, at(100));

  work = store().due({.now = at(100), .zones = {zone(), zone("tapes")}}).value();
  EXPECT_EQ(work.send.size(), 2u);
  EXPECT_EQ(work.follow, std::vector<ZoneName>{zone()});
  EXPECT_EQ(work.next, std::nullopt);
}

TEST_P(RepositoryContract, DueSaysWhetherResultsWait) {
  const auto wait = [&] { return store().due({.now = at(4), .zones = {zone()}}).value().results; };
  EXPECT_FALSE(wait());
  run(KeepResult{result(request_id(1), "a")});
  EXPECT_TRUE(wait());
  run(SettleResult{{request_id(1), "a"}});
  EXPECT_FALSE(wait());
}

// An engine may remember what it answered; nobody must notice.
TEST_P(RepositoryContract, DueIsAsTheStoreIsHoweverOftenItIsAsked) {
  const auto due = [&](std::int64_t seconds, const char* of_zone = "files") {
    return store().due({.now = at(seconds), .zones = {zone(of_zone)}}).value();
  };
  EXPECT_FALSE(due(0).next);
  EXPECT_FALSE(due(0).next);
  put(allowed(1));
  EXPECT_EQ(due(0).next, at(1)) << "something was written";
  EXPECT_TRUE(due(0).send.empty());
  EXPECT_EQ(due(1).send, std::vector<ZoneName>{zone()}) << "its time has come";
  EXPECT_EQ(due(2).send, std::vector<ZoneName>{zone()});
  EXPECT_TRUE(due(2, "tapes").send.empty()) << "another zone was asked for";
  EXPECT_TRUE(due(0, "tapes").send.empty());
  EXPECT_EQ(due(2).send, std::vector<ZoneName>{zone()});
  EXPECT_TRUE(due(0).send.empty()) << "time ran backwards";
  EXPECT_EQ(due(0).next, at(1));
  EXPECT_EQ(due(3).send, std::vector<ZoneName>{zone()});
  const ClaimOrder order{.stage = Stage::send, .by = instance_id(1), .now = at(3), .zone = zone(), .max_in_flight = 1};
  ASSERT_EQ(store().claim(order).value().size(), 1u);
  EXPECT_TRUE(due(3).send.empty()) << "it was claimed";
  put(received(2));
  EXPECT_TRUE(due(3).check);
}

}  // namespace backupctl::testing
