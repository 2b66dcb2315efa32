// Work that one controller leaves to others: it tells them, and takes up theirs when it hears of it.
#include <gtest/gtest.h>

#include "unit/support/ground.hpp"

namespace backupctl {
namespace {

using namespace std::chrono_literals;
using test::id;
using test::job;
using test::submission;
using S = RequestState;

class WorkLeft : public ::testing::Test {
 protected:
  test::Ground ground;
  ControllerOptions options{.lease = 24h, .poll_every = 1h};
  std::unique_ptr<Controller> controller;

  void start(std::int64_t max_in_flight = 4) {
    controller = std::make_unique<Controller>(ground.ports(max_in_flight), options);
    controller->async_start([](const Result<void>& started) { EXPECT_TRUE(started); });
    ground.time.run();
    ASSERT_TRUE(ground.store.hear);
    EXPECT_EQ(ground.store.announcements, 0);
  }
  BackupRequest submit(Submission made = submission()) {
    std::optional<RequestId> request;
    controller->async_submit(std::move(made), [&](const SubmitReply& reply) { request = reply.request->order.id; });
    ground.time.run();
    return ground.store.row(request.value());
  }
  void cancel(RequestId request) {
    controller->async_cancel(request, {OwnerName::parse("ann").value()},
                             [](const Result<BackupRequest>& row) { EXPECT_TRUE(row); });
    ground.time.run();
  }
  // As another controller leaves it: checked, and for anybody to send.
  RequestId put_allowed() {
    BackupRequest row{test::order(), {}};
    row.progress.state = S::allowed;
    row.progress.checked = test::epoch;
    row.progress.terms = AllowedTerms{3, test::zone(), "ledger", 30};
    row.progress.next_action = test::epoch;
    ground.store.put(row);
    return row.order.id;
  }
};

TEST_F(WorkLeft, IsTakenUpAtOnceWhenHeardOf) {
  start();
  ground.store.hear();  // it goes on listening
  ground.time.run();
  const auto request = put_allowed();
  ground.time.advance(1s);
  EXPECT_TRUE(ground.zone_client.sends.empty());
  ground.store.hear();
  ground.time.run();
  ASSERT_EQ(ground.zone_client.sends.size(), 1u);
  EXPECT_EQ(ground.zone_client.sends[0].command.id, request);
}

TEST_F(WorkLeft, IsFoundByPollingWhenNobodyTells) {
  start();
  put_allowed();
  ground.time.advance(1h);
  EXPECT_EQ(ground.zone_client.sends.size(), 1u);
}

TEST_F(WorkLeft, HearingAfterTheEndDoesNothing) {
  start();
  const auto hear = ground.store.hear;
  hear();
  controller.reset();
  hear();
  ground.time.run();
  put_allowed();
  hear();
  ground.time.run();
  EXPECT_TRUE(ground.zone_client.sends.empty());
}

TEST_F(WorkLeft, OrdinaryRequestsAreNotAnnounced) {
  ground.jobs.answer_at_once = std::optional(job());
  ground.zone_client.send_at_once = SendReply{SendAnswer::accepted, ""};
  start();
  const auto row = submit();
  controller->async_put_result(test::record_of(test::success(row.order.id)), [](const Result<void>&) {});
  ground.time.run();
  EXPECT_EQ(ground.store.row(row.order.id).progress.state, S::succeeded);
  EXPECT_EQ(ground.store.announcements, 0);
}

TEST_F(WorkLeft, ARequestThatFindsNoPlaceIsAnnouncedOnce) {
  ground.jobs.answer_at_once = std::optional(job());
  ground.zone_client.send_at_once = SendReply{SendAnswer::accepted, ""};
  start(1);
  EXPECT_EQ(submit().progress.state, S::sent);
  EXPECT_FALSE(submit().progress.owner);
  EXPECT_EQ(ground.store.announcements, 1);
  EXPECT_FALSE(submit().progress.owner);
  EXPECT_EQ(ground.store.announcements, 1) << "the others know";
}

TEST_F(WorkLeft, ARequestForAZoneOfOthersIsAnnounced) {
  auto elsewhere = job();
  elsewhere.zone = test::zone("tapes");
  ground.jobs.answer_at_once = std::optional(elsewhere);
  start();
  EXPECT_EQ(submit().progress.state, S::allowed);
  EXPECT_EQ(ground.store.announcements, 1);
}

TEST_F(WorkLeft, ARequestForAZoneThatDoesNotAnswerHereIsAnnounced) {
  ground.jobs.answer_at_once = std::optional(job());
  ground.zone_client.send_at_once = SendReply{SendAnswer::unanswered, "away"};
  options.breaker_failures = 1;
  start();
  submit();
  EXPECT_EQ(ground.store.announcements, 0);
  submit();
  EXPECT_EQ(ground.store.announcements, 1);
}

TEST_F(WorkLeft, RequestsBeyondWhatIsCheckedAtOnceAreAnnounced) {
  options.max_owned_checks = 1;
  start();
  auto for_later = submission();
  for_later.respond_async = true;
  EXPECT_TRUE(submit(for_later).progress.owner);
  EXPECT_EQ(ground.store.announcements, 0);
  EXPECT_FALSE(submit(for_later).progress.owner);
  EXPECT_EQ(ground.store.announcements, 1);
}

TEST_F(WorkLeft, ACancelOfASentRequestIsAnnouncedAndFollowedHere) {
  ground.jobs.answer_at_once = std::optional(job());
  ground.zone_client.send_at_once = SendReply{SendAnswer::accepted, ""};
  start();
  cancel(submit().order.id);
  EXPECT_EQ(ground.store.announcements, 1);
  EXPECT_EQ(ground.zone_client.cancels.size(), 1u);
}

// Asked at another controller while the zone is being called here.
TEST_F(WorkLeft, ACancelThatCameDuringACallIsToldAtOnce) {
  ground.jobs.answer_at_once = std::optional(job());
  start();
  const auto row = submit();
  ASSERT_EQ(ground.zone_client.sends.size(), 1u);
  cancel(row.order.id);
  EXPECT_TRUE(ground.zone_client.cancels.empty());
  ground.zone_client.sends[0].handler({SendAnswer::unanswered, "slow"});
  ground.time.run();
  EXPECT_EQ(ground.zone_client.cancels.size(), 1u) << "and not when it is polled for, in an hour";
}

TEST_F(WorkLeft, AResumedZoneIsAnnounced) {
  start();
  controller->async_pause_zone(test::zone(), false, {OwnerName::parse("ann").value()},
                               [](const Result<void>& done) { EXPECT_TRUE(done); });
  ground.time.run();
  EXPECT_EQ(ground.store.announcements, 1);
}

}  // namespace
}  // namespace backupctl
