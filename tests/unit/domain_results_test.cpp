// What a result does to its request, row by row: (backup there or not) x (state) x (what the zone reports).
#include <gtest/gtest.h>

#include "domain/decisions.hpp"
#include "unit/support/ground.hpp"

namespace backupctl {
namespace {

using namespace std::chrono_literals;
using test::date;
using test::epoch;
using test::id;
using test::order;
using test::success;
using test::zone;
using S = RequestState;

BackupRequest checked_in_state(S state) {
  BackupRequest row{order(), {}};
  auto& p = row.progress;
  p.state = state;
  p.checked = epoch + 1s;
  p.terms = AllowedTerms{3, zone(), "ledger", 30};
  p.send_attempts = 1;
  if (!is_terminal(state)) p.owner = id<InstanceId>(7);
  if (state == S::allowed) return row;
  p.responded = p.sent = epoch + 2s;
  if (state != S::sent) p.result_received = p.result_recorded = epoch + 3s;
  return row;
}
ZoneResult result(ResultCode code) {
  auto made = success(order().id);
  made.code = code;
  if (code != ResultCode::succeeded) made.reason_code = "source-missing";
  return made;
}
ResultDecision read(const BackupRequest& row, const ZoneResult& what, const std::optional<Backup>& backup = {}) {
  return decide(row, backup, ResultRead{what, id<BackupId>(9)}, epoch + 9s);
}
std::string parked(const ResultDecision& decision) {
  const auto* park = std::get_if<ParkIt>(&decision);
  return park ? park->reason_code : "not parked";
}
Backup stored() {
  const auto decision = read(checked_in_state(S::sent), success(order().id));
  return *std::get<Transition>(decision).backup;
}

TEST(Results, ASuccessMakesTheBackupAndEndsTheRequest) {
  const auto decision = read(checked_in_state(S::sent), success(order().id));
  const auto& made = std::get<Transition>(decision);
  EXPECT_EQ(made.next.state, S::succeeded);
  EXPECT_EQ(made.next.backup_id, id<BackupId>(9));
  EXPECT_EQ(made.next.result_received, epoch + 9s);
  EXPECT_EQ(made.next.result_recorded, epoch + 9s);
  EXPECT_FALSE(made.next.owner);
  ASSERT_TRUE(made.backup);
  EXPECT_EQ(made.backup->id, id<BackupId>(9));
  EXPECT_EQ(made.backup->request_id, order().id);
  EXPECT_EQ(made.backup->job_version, 3);
  EXPECT_EQ(made.backup->due_to_delete, date("2021-02-07"));
  EXPECT_EQ(made.backup->storage_path, "ledger/1");
}

TEST(Results, ADueDateBeyondTheCalendarKeepsForEver) {
  auto row = checked_in_state(S::sent);
  row.progress.terms->days_to_keep = std::int64_t{1} << 31;
  const auto decision = read(row, success(order().id));
  EXPECT_FALSE(std::get<Transition>(decision).backup->due_to_delete);
}

TEST(Results, OneThatComesBeforeSentIsWrittenInfersIt) {
  const auto decision = read(checked_in_state(S::allowed), success(order().id));
  const auto& made = std::get<Transition>(decision);
  ASSERT_EQ(made.history.size(), 2u);
  EXPECT_EQ(made.history[0].state, S::sent);
  EXPECT_EQ(made.history[1].state, S::succeeded);
  EXPECT_EQ(made.next.sent, epoch + 9s);
  EXPECT_EQ(made.next.responded, epoch + 9s);
}

TEST(Results, FailedAndCancelledEndTheRequestWithoutABackup) {
  for (const auto& [code, state] : {std::pair{ResultCode::failed, S::failed}, {ResultCode::cancelled, S::cancelled}}) {
    for (const auto from : {S::allowed, S::sent}) {
      const auto decision = read(checked_in_state(from), result(code));
      const auto& made = std::get<Transition>(decision);
      EXPECT_EQ(made.next.state, state);
      EXPECT_EQ(made.next.reason, "source-missing");
      EXPECT_FALSE(made.backup);
      EXPECT_FALSE(made.next.backup_id);
      EXPECT_EQ(made.history.back().state, state);
    }
  }
}

TEST(Results, ALateSuccessTurnsFailedAndCancelledIntoSucceeded) {
  for (const auto from : {S::failed, S::cancelled}) {
    const auto decision = read(checked_in_state(from), success(order().id));
    const auto& made = std::get<Transition>(decision);
    EXPECT_EQ(made.next.state, S::succeeded);
    EXPECT_TRUE(made.backup);
    ASSERT_EQ(made.history.size(), 1u);
    EXPECT_EQ(made.history[0].detail, "the zone's success came late");
  }
}

TEST(Results, AnotherFailureAfterAnEndChangesNothing) {
  for (const auto from : {S::failed, S::cancelled}) {
    for (const auto code : {ResultCode::failed, ResultCode::cancelled}) {
      const auto decision = read(checked_in_state(from), result(code));
      EXPECT_TRUE(std::holds_alternative<AlreadyRecorded>(decision));
    }
  }
}

TEST(Results, NothingTouchesABackup) {
  auto row = checked_in_state(S::succeeded);
  row.progress.backup_id = id<BackupId>(9);
  for (const auto code : {ResultCode::succeeded, ResultCode::failed, ResultCode::cancelled}) {
    EXPECT_TRUE(std::holds_alternative<AlreadyRecorded>(read(row, result(code), stored())));
  }
}

TEST(Results, ADifferentSecondSuccessIsAConflict) {
  auto row = checked_in_state(S::succeeded);
  row.progress.backup_id = id<BackupId>(9);
  auto other = success(order().id);
  other.verify_hash = "sha256:11";
  EXPECT_EQ(parked(read(row, other, stored())), "conflicting-result");
  other = success(order().id);
  other.storage_path = "elsewhere";
  EXPECT_EQ(parked(read(row, other, stored())), "conflicting-result");
  other = success(order().id);
  other.byte_count = 6;
  EXPECT_EQ(parked(read(row, other, stored())), "conflicting-result");
}

TEST(Results, OfARequestWithoutASendAttemptAreParked) {
  BackupRequest row{order(), received(order(), {})};
  EXPECT_EQ(parked(read(row, success(order().id))), "not-sent");
  row = checked_in_state(S::allowed);
  row.progress.send_attempts = 0;
  EXPECT_EQ(parked(read(row, success(order().id))), "not-sent");
  row.progress.state = S::cancelled;
  EXPECT_EQ(parked(read(row, success(order().id))), "not-sent");
}

TEST(Results, OfAnotherZoneAreParked) {
  auto other = success(order().id);
  other.zone = zone("tapes");
  EXPECT_EQ(parked(read(checked_in_state(S::sent), other)), "wrong-zone");
}

}  // namespace
}  // namespace backupctl
