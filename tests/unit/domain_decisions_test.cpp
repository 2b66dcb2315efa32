// Every decision, by the states it can meet.
#include <gtest/gtest.h>

#include "domain/decisions.hpp"
#include "unit/support/ground.hpp"

namespace backupctl {
namespace {

using namespace std::chrono_literals;
using test::epoch;
using test::id;
using test::job;
using test::order;
using test::zone;
using S = RequestState;

const InstanceId us = id<InstanceId>(7);

BackupRequest in_state(S state) {
  BackupRequest row{order(), received(order(), us)};
  auto& p = row.progress;
  p.state = state;
  if (state == S::received || state == S::not_allowed) return row;
  p.checked = epoch + 1s;
  p.terms = AllowedTerms{3, zone(), "ledger", 30};
  p.send_attempts = 1;
  if (state == S::allowed) return row;
  p.responded = p.sent = epoch + 2s;
  p.result_due = epoch + 24h;
  return row;
}

void expect_step(const Decision& decision, const BackupRequest& before, S state, Timestamp time) {
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->next.revision, before.progress.revision + 1);
  EXPECT_EQ(decision->next.state, state);
  ASSERT_FALSE(decision->history.empty());
  EXPECT_EQ(decision->history.back().state, state);
  EXPECT_EQ(decision->history.back().time, time);
  EXPECT_TRUE(is_terminal(state) ? !decision->next.owner && !decision->next.next_action
                                 : decision->next.owner.has_value() != decision->next.next_action.has_value());
}

TEST(Received, IsOwnedOrDueAtOnce) {
  const auto owned = received(order(), us);
  EXPECT_EQ(owned.owner, us);
  EXPECT_EQ(owned.fence, 1);
  EXPECT_EQ(owned.check_attempts, 1);
  EXPECT_FALSE(owned.next_action);
  const auto waiting = received(order(), {});
  EXPECT_EQ(waiting.next_action, epoch);
  EXPECT_EQ(waiting.fence, 0);
  EXPECT_EQ(waiting.check_attempts, 0);
}

TEST(JobAnswered, TakesASendIntentOrWaits) {
  const auto row = in_state(S::received);
  auto decision = decide(row, JobAnswered{job(), us, "how"}, epoch + 5s);
  expect_step(decision, row, S::allowed, epoch + 5s);
  EXPECT_EQ(decision->next.checked, epoch + 5s);
  EXPECT_EQ(decision->next.owner, us);
  EXPECT_EQ(decision->next.send_attempts, 1);
  EXPECT_EQ(decision->history[0].detail, "how");
  EXPECT_EQ(decision->next.terms, (AllowedTerms{3, zone(), "ledger", 30}));

  decision = decide(row, JobAnswered{job(), {}, {}}, epoch + 5s);
  expect_step(decision, row, S::allowed, epoch + 5s);
  EXPECT_EQ(decision->next.send_attempts, 0);
  EXPECT_EQ(decision->next.next_action, epoch + 5s);
}

TEST(JobAnswered, SaysWhyNot) {
  const auto row = in_state(S::received);
  const auto decision = decide(row, JobAnswered{}, epoch + 5s);
  expect_step(decision, row, S::not_allowed, epoch + 5s);
  EXPECT_NE(decision->next.reason.find("no backup job"), std::string::npos);
  EXPECT_FALSE(decision->next.terms);
  EXPECT_EQ(decision->next.checked, epoch + 5s);
}

TEST(CheckFailed, WaitsOrCloses) {
  const auto row = in_state(S::received);
  auto decision = decide(row, CheckFailed{"away", epoch + 9s}, epoch + 5s);
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->next.state, S::received);
  EXPECT_TRUE(decision->history.empty());
  EXPECT_EQ(decision->next.last_error, "away");
  EXPECT_EQ(decision->next.next_action, epoch + 9s);
  EXPECT_FALSE(decision->next.owner);
  EXPECT_EQ(decision->next.responded, epoch + 5s);

  decision = decide(row, CheckFailed{"away", {}}, epoch + 5s);
  expect_step(decision, row, S::cancelled, epoch + 5s);
  EXPECT_EQ(decision->next.reason, "check-unavailable");
  EXPECT_FALSE(decision->next.checked);
}

TEST(Responded, IsWrittenOnce) {
  auto row = in_state(S::not_allowed);
  const auto decision = decide(row, Responded{}, epoch + 5s);
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->next.responded, epoch + 5s);
  EXPECT_TRUE(decision->history.empty());
  row.progress = decision->next;
  EXPECT_FALSE(decide(row, Responded{}, epoch + 6s));
}

TEST(SendAccepted, IsSentAndWaitsForItsResult) {
  auto row = in_state(S::allowed);
  auto decision = decide(row, SendAccepted{epoch + 24h}, epoch + 5s);
  expect_step(decision, row, S::sent, epoch + 5s);
  EXPECT_EQ(decision->next.sent, epoch + 5s);
  EXPECT_EQ(decision->next.responded, epoch + 5s);
  EXPECT_EQ(decision->next.result_due, epoch + 24h);
  EXPECT_EQ(decision->next.next_action, epoch + 24h);

  row.progress.cancel_asked = epoch + 3s;  // the zone is told at once
  decision = decide(row, SendAccepted{epoch + 24h}, epoch + 5s);
  EXPECT_EQ(decision->next.next_action, epoch + 5s);
}

TEST(SendRefused, IsSentThenFailed) {
  auto row = in_state(S::allowed);
  auto decision = decide(row, SendRefused{"no such driver"}, epoch + 5s);
  expect_step(decision, row, S::failed, epoch + 5s);
  ASSERT_EQ(decision->history.size(), 2u);
  EXPECT_EQ(decision->history[0].state, S::sent);
  EXPECT_EQ(decision->history[1].detail, "no such driver");
  EXPECT_EQ(decision->next.reason, "refused-by-zone");
  EXPECT_EQ(decision->next.sent, epoch + 5s);

  row = in_state(S::sent);
  decision = decide(row, SendRefused{"no"}, epoch + 5s);
  ASSERT_EQ(decision->history.size(), 1u);
  EXPECT_EQ(decision->next.sent, row.progress.sent);
}

TEST(SendDelayed, WaitsWithoutAnOwner) {
  const auto row = in_state(S::allowed);
  const auto decision = decide(row, SendDelayed{"no answer", epoch + 9s}, epoch + 5s);
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->next.state, S::allowed);
  EXPECT_FALSE(decision->next.owner);
  EXPECT_EQ(decision->next.next_action, epoch + 9s);
  EXPECT_EQ(decision->next.send_attempts, 1) << "the zone may have it";
  EXPECT_EQ(decision->next.last_error, "no answer");
}

TEST(FollowUp, LooksAgainLater) {
  const auto row = in_state(S::sent);
  auto decision = decide(row, FollowUp{"works on it", epoch + 30h}, epoch + 25h);
  ASSERT_TRUE(decision);
  EXPECT_EQ(decision->next.next_action, epoch + 30h);
  EXPECT_EQ(decision->next.result_due, row.progress.result_due);
  EXPECT_EQ(decision->next.send_attempts, 1);
  decision = decide(row, FollowUp{"sent again", epoch + 49h, true}, epoch + 25h);
  EXPECT_EQ(decision->next.send_attempts, 2);
  EXPECT_EQ(decision->next.result_due, epoch + 49h);
}

TEST(CancelAsked, EndsWhatNoZoneCanKnow) {
  auto row = in_state(S::received);
  auto decision = decide(row, CancelAsked{"by an operator"}, epoch + 5s);
  expect_step(decision, row, S::cancelled, epoch + 5s);
  EXPECT_EQ(decision->next.reason, "cancelled-on-request");
  EXPECT_EQ(decision->history[0].detail, "by an operator");

  row = in_state(S::allowed);
  row.progress.send_attempts = 0;
  release(row.progress, epoch + 1s);
  expect_step(decide(row, CancelAsked{}, epoch + 5s), row, S::cancelled, epoch + 5s);
}

TEST(CancelAsked, IsLeftToTheZoneOnceItMayKnow) {
  for (const auto state : {S::allowed, S::sent}) {
    auto row = in_state(state);
    auto decision = decide(row, CancelAsked{}, epoch + 5s);
    ASSERT_TRUE(decision);
    EXPECT_EQ(decision->next.state, state);
    EXPECT_EQ(decision->next.cancel_asked, epoch + 5s);
    EXPECT_EQ(decision->next.owner, us) << "a call is under way, its owner goes on";
    EXPECT_FALSE(decision->next.next_action);

    release(row.progress, epoch + 20h);
    decision = decide(row, CancelAsked{}, epoch + 5s);
    EXPECT_EQ(decision->next.next_action, epoch + 5s);
    row.progress = decision->next;
    EXPECT_FALSE(decide(row, CancelAsked{}, epoch + 6s)) << "asked already";
  }
}

TEST(WithoutIntent, GivesThePlaceBack) {
  const auto row = in_state(S::allowed);
  const auto waiting = without_intent(row.progress, epoch + 3s, "full");
  EXPECT_EQ(waiting.send_attempts, 0);
  EXPECT_FALSE(waiting.owner);
  EXPECT_EQ(waiting.next_action, epoch + 3s);
  EXPECT_EQ(waiting.last_error, "full");
  EXPECT_EQ(waiting.revision, row.progress.revision);
}

template <class Event>
void expect_only_in(std::initializer_list<S> states, const Event& event) {
  for (const auto state : {S::received, S::allowed, S::not_allowed, S::sent, S::succeeded, S::failed, S::cancelled}) {
    const bool expected = std::find(states.begin(), states.end(), state) != states.end();
    EXPECT_EQ(decide(in_state(state), event, epoch + 5s).has_value(), expected) << to_string(state);
  }
}

TEST(Decisions, ASecondRunOrALateAnswerChangesNothing) {
  expect_only_in({S::received}, JobAnswered{job(), us, {}});
  expect_only_in({S::received}, CheckFailed{"away", {}});
  expect_only_in({S::allowed}, SendAccepted{epoch});
  expect_only_in({S::allowed, S::sent}, SendRefused{});
  expect_only_in({S::allowed}, SendDelayed{"", epoch});
  expect_only_in({S::sent}, FollowUp{"", epoch});
  expect_only_in({S::received, S::allowed, S::sent}, CancelAsked{});
}

TEST(Decisions, TimesNeverRunBackwards) {
  // Each step decided an hour earlier than the last by the wall clock.
  BackupRequest row{order(), received(order(), us)};
  std::vector<HistoryEntry> history = received_history(order());
  const auto take = [&](const Decision& decision) {
    ASSERT_TRUE(decision);
    row.progress = decision->next;
    history.insert(history.end(), decision->history.begin(), decision->history.end());
  };
  take(decide(row, JobAnswered{job(), us, {}}, epoch + 1s));
  take(decide(row, CancelAsked{}, epoch - 1h));
  take(decide(row, SendAccepted{epoch}, epoch - 2h));
  ZoneResult result{.command_id = row.order.id, .code = ResultCode::cancelled, .zone = zone()};
  auto recorded = decide(row, {}, ResultRead{result, id<BackupId>(1)}, epoch - 3h);
  take(std::get<Transition>(recorded));
  result.code = ResultCode::succeeded;
  recorded = decide(row, {}, ResultRead{result, id<BackupId>(1)}, epoch - 4h);
  take(std::get<Transition>(recorded));
  EXPECT_EQ(history.size(), 5u);
  for (std::size_t i = 1; i < history.size(); ++i) EXPECT_GE(history[i].time, history[i - 1].time) << i;
  const auto& p = row.progress;
  EXPECT_LE(row.order.received, *p.checked);
  EXPECT_LE(*p.checked, *p.sent);
  EXPECT_LE(*p.sent, *p.result_received);
  EXPECT_LE(*p.result_received, *p.result_recorded);
}

}  // namespace
}  // namespace backupctl
