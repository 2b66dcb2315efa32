// What people do by hand while the controller goes on by itself.
#include <gtest/gtest.h>

#include "unit/support/ground.hpp"

namespace backupctl::app {
namespace {

using namespace std::chrono_literals;
using test::epoch;
using test::id;
using test::record_of;
using test::success;
using S = RequestState;

class ActsTest : public ::testing::Test {
 protected:
  test::Ground ground;
  Controller controller{ground.ports()};
  const RequestId request = id<RequestId>(1);
  const Act ann{OwnerName::parse("ann").value(), "by hand"};

  ActsTest() {
    controller.async_start([](const Result<void>&) {});
    ground.time.advance(0s);
  }
  void put_sent() {
    BackupRequest row{test::order(), {}};
    auto& p = row.progress;
    p.state = S::sent;
    p.checked = p.responded = p.sent = epoch;
    p.terms = AllowedTerms{3, test::zone(), "ledger", 30};
    p.send_attempts = 1;
    p.result_due = p.next_action = epoch + 24h;
    ground.store.put(row);
  }
  Manifest manifest() {
    const auto result = success(request);
    return {request,
            test::order().job_id,
            test::order().data_as_of,
            test::order().source,
            result.storage_path,
            result.byte_count,
            result.verify_hash,
            epoch,
            test::zone()};
  }
  std::size_t backups() { return ground.store.engine.backups().size(); }
};

TEST_F(ActsTest, AReconcileDoesNotImportWhatIsRecordedMeanwhile) {
  put_sent();
  ground.zone_client.held = {manifest()};
  // After it has looked for the backup and before it looks at the request.
  ground.store.before_list_requests = [this] {
    auto done = ground.store.row(request).progress;
    done.state = S::succeeded;
    done.result_received = done.result_recorded = epoch;
    done.backup_id = id<BackupId>(9);
    done.next_action.reset();
    ++done.revision;
    ground.store.engine.apply({ChangeRequest{.id = request,
                                             .from = S::sent,
                                             .next = done,
                                             .backup = Backup{.id = id<BackupId>(9),
                                                              .request_id = request,
                                                              .job_id = test::order().job_id,
                                                              .zone = test::zone(),
                                                              .data_as_of = test::order().data_as_of,
                                                              .storage_path = "ledger/1",
                                                              .verify_hash = "sha256:00"}}});
    ground.store.before_list_requests = nullptr;
  };
  std::optional<ReconcileReport> report;
  controller.async_reconcile(test::zone(), true, ann, [&](const Result<ReconcileReport>& r) { report = r.value(); });
  ground.time.advance(1s);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->held, 1);
  EXPECT_EQ(report->orphans, 0);
  EXPECT_EQ(report->imported, 0);
  EXPECT_EQ(backups(), 1u);
}

TEST_F(ActsTest, AnAdoptionSaysWhenAnotherHasImportedTheBackupMeanwhile) {
  ground.zone_client.held = {manifest()};
  const auto record = record_of(success(request));
  controller.async_put_result(record, [](const Result<void>&) {});
  ground.time.advance(1s);
  const auto parked = ground.store.parked();
  ASSERT_EQ(parked.size(), 1u);
  EXPECT_EQ(parked.front().reason_code, "unknown-command");
  std::vector<std::string> answers;
  const auto adopt = [&] {
    controller.async_adopt(parked.front(), *record.result, ann, [&](const Result<BackupRequest>& row) {
      answers.push_back(row ? "adopted" : row.error().code);
    });
    ground.time.advance(1s);
  };
  adopt();
  ASSERT_EQ(ground.jobs.calls.size(), 1u) << "it is about to be imported";
  auto job = test::job();
  BackupRequest row{test::order(), {.state = S::succeeded, .checked = epoch, .responded = epoch, .sent = epoch}};
  row.progress.result_received = row.progress.result_recorded = epoch;
  row.progress.terms = AllowedTerms{3, test::zone(), "ledger", 30};
  row.progress.backup_id = id<BackupId>(9);
  ground.store.put(row);
  ground.jobs.calls.front().handler(std::optional(job));
  ground.time.advance(1s);
  EXPECT_EQ(answers, std::vector<std::string>{"changed-meanwhile"});
  EXPECT_EQ(ground.store.parked().size(), 1u);
  adopt();
  EXPECT_EQ(answers.back(), "adopted");
  EXPECT_TRUE(ground.store.parked().empty());
}

TEST_F(ActsTest, AHurriedRequestHasNoStepInItsHistory) {
  put_sent();
  // Its clock is ahead of that of the next controller, whose steps must not come before what is there.
  ground.time.step_wall_clock(1h);
  controller.async_on_all({.state = S::sent}, BulkAct::resend, ann, [](const Result<BulkReport>&) {});
  ground.time.advance(1s);
  EXPECT_EQ(ground.zone_client.questions.size(), 1u) << "looked after at once";
  EXPECT_EQ(ground.store.engine.histories().at(request).size(), 1u);
  const auto audit = ground.store.engine.list_audit({}).value();
  EXPECT_EQ(std::count_if(audit.begin(), audit.end(),
                          [](const auto& record) { return record.entry.action == "backup-requests-resend"; }),
            1);
}

TEST_F(ActsTest, AResendOfManyEndsWithTheControllerAndLeavesNothingWithIt) {
  for (int number = 1; number <= 3; ++number) {
    BackupRequest row{test::order(), {}};
    row.order.id = id<RequestId>(number);
    row.progress.state = S::cancelled;
    ground.store.put(row);
  }
  std::optional<Result<BulkReport>> report;
  controller.async_on_all({.state = S::cancelled}, BulkAct::resend, ann,
                          [&](const Result<BulkReport>& done) { report = done; });
  ground.store.held = true;
  ground.time.run();
  bool has_stopped = false;
  controller.async_stop(1s, [&](const Result<void>&) { has_stopped = true; });
  ground.time.run();
  ground.store.release();
  ground.time.advance(2s);
  EXPECT_TRUE(has_stopped);
  ASSERT_TRUE(report);
  ASSERT_FALSE(*report);
  EXPECT_EQ(report->error().kind, ErrorKind::unavailable);
  const auto rows = ground.store.engine.list_requests({}).value();
  for (const auto& row : rows) EXPECT_FALSE(row.progress.owner);
}

TEST_F(ActsTest, WhatIsAdoptedBeforeItWasSentHasEveryStepInItsHistory) {
  BackupRequest row{test::order(), {.state = S::allowed, .checked = epoch, .next_action = epoch + 24h}};
  row.progress.terms = AllowedTerms{3, test::zone(), "ledger", 30};
  ground.store.put(row);
  const auto record = record_of(success(request));
  controller.async_put_result(record, [](const Result<void>&) {});
  ground.time.advance(1s);
  const auto parked = ground.store.parked();
  ASSERT_EQ(parked.size(), 1u);
  EXPECT_EQ(parked.front().reason_code, "not-sent");
  controller.async_adopt(parked.front(), *record.result, ann, [](const Result<BackupRequest>& r) { EXPECT_TRUE(r); });
  ground.time.advance(1s);
  std::vector<S> steps;
  for (const auto& entry : ground.store.engine.histories().at(request)) steps.push_back(entry.state);
  EXPECT_EQ(steps, (std::vector{S::allowed, S::sent, S::succeeded}));
  EXPECT_TRUE(ground.store.parked().empty());
  EXPECT_EQ(backups(), 1u);
}

}  // namespace
}  // namespace backupctl::app
