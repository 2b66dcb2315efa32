// The repository's contract: audit chains and notices. Included by repository_contract.hpp.
#pragma once

#include "backupctl/testing/repository_fixture.hpp"

namespace backupctl::testing {

// ---- Audit ---------------------------------------------------------------------------------------------------------

TEST_P(RepositoryContract, AuditEntriesAreChainedPerWriter) {
  auto request = allowed(1);
  run(AdmitRequest{.request = request,
                   .history = {{RequestState::received, at(0), {}}},
                   .audit = {audit(1, "backup-request-allowed"), audit(1, "second — ümlaut")}});
  run(PauseZone{zone(), true, {audit(1, "zone-paused")}});
  const auto records = store().list_audit({}).value();
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[0].entry.action, "audit-opened");
  EXPECT_EQ(records[0].previous_hash, "");
  EXPECT_EQ(records[1].entry, audit(1, "backup-request-allowed"));
  EXPECT_EQ(records[2].entry, audit(1, "second — ümlaut"));
  EXPECT_EQ(records[3].entry, audit(1, "zone-paused"));
  for (std::size_t i = 0; i < records.size(); ++i) EXPECT_EQ(records[i].seq, static_cast<std::int64_t>(i) + 1);
  EXPECT_EQ(store().audit_heads().value(), (std::vector{AuditHead{instance_id(1), 4, records[3].hash}}));
  EXPECT_TRUE(audit_faults().empty());
}

TEST_P(RepositoryContract, AGroupOfCommandsContinuesOneChain) {
  std::vector<Command> group;
  for (int n = 1; n <= 5; ++n) {
    group.push_back(AdmitRequest{.request = allowed(n),
                                 .history = {{RequestState::received, at(0), {}}},
                                 .audit = {audit(1, "backup-request-allowed")}});
  }
  store().apply(group);
  store().apply({PauseZone{zone(), true, {audit(2, "zone-paused")}}, PauseZone{zone("tapes"), true, {audit(1, "x")}}});
  EXPECT_EQ(store().list_audit({}).value().size(), 1u + 5u + 1u + 2u);
  EXPECT_TRUE(audit_faults().empty());
}

TEST_P(RepositoryContract, WhatIsNotAppliedIsNotAudited) {
  put(received(1));
  auto next = failed(sent(1));
  EXPECT_EQ(run(ChangeRequest{.id = request_id(1), .from = RequestState::sent, .next = next, .audit = {audit(1, "x")}})
                .status,
            OutcomeStatus::lost_guard);
  EXPECT_EQ(run(AdmitRequest{.request = received(1), .history = {}, .audit = {audit(1, "x")}}).status,
            OutcomeStatus::already_done);
  EXPECT_EQ(run(DismissParked{parked_id(1), {audit(1, "x")}}).status, OutcomeStatus::already_done);
  run(PauseZone{zone(), true, {audit(1, "zone-paused")}});
  EXPECT_EQ(run(PauseZone{zone(), true, {audit(1, "x")}}).status, OutcomeStatus::already_done);
  EXPECT_EQ(store().list_audit({}).value().size(), 2u);  // opened, zone-paused
}

TEST_P(RepositoryContract, ChainsNameEachOthersHeads) {
  run(WriteAudit{audit(1, "first")});
  run(WriteAudit{audit(2, "second")});
  auto records = store().list_audit({}).value();
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[2].entry.action, "audit-opened");
  EXPECT_EQ(records[2].entry.detail, to_string(AuditHead{instance_id(1), 2, records[1].hash}));

  EXPECT_EQ(run(TieAudit{instance_id(1), at(9)}).status, OutcomeStatus::applied);
  records = store().list_audit({}).value();
  ASSERT_EQ(records.size(), 5u);
  EXPECT_EQ(records[2].entry.action, "audit-tied");
  EXPECT_EQ(records[2].entry.detail, to_string(AuditHead{instance_id(2), 2, records[4].hash}));
  EXPECT_EQ(run(TieAudit{instance_id(1), at(10)}).status, OutcomeStatus::already_done);
  EXPECT_EQ(store().list_audit({}).value().size(), 5u);
  EXPECT_TRUE(audit_faults().empty());
}

TEST_P(RepositoryContract, TheAuditIsListedInPages) {
  for (int n = 1; n <= 3; ++n) run(WriteAudit{audit(n % 2 + 1, "act")});
  const auto all = store().list_audit({}).value();
  std::vector<AuditRecord> paged;
  AuditQuery query{.limit = 2};
  while (true) {
    const auto page = store().list_audit(query).value();
    if (page.empty()) break;
    paged.insert(paged.end(), page.begin(), page.end());
    query.after = {{page.back().entry.writer, page.back().seq}};
  }
  EXPECT_EQ(paged, all);
  EXPECT_EQ(all.size(), 5u);
}

// ---- Notices -------------------------------------------------------------------------------------------------------

TEST_P(RepositoryContract, ANoticeWaitsUntilItIsSettled) {
  put(sent(1));
  auto change = ChangeRequest{.id = request_id(1), .from = RequestState::sent, .next = failed(sent(1))};
  change.notice = notice(1);
  run(change);
  EXPECT_EQ(store().survey(at(0)).value().waiting_notices, 1);
  EXPECT_FALSE(store().due({.now = at(2)}).value().notices);
  EXPECT_EQ(store().due({.now = at(2)}).value().next, at(3));
  EXPECT_TRUE(store().due({.now = at(3)}).value().notices);

  EXPECT_TRUE(store().claim_notices({at(2), at(60)}).value().empty());
  auto claimed = store().claim_notices({at(3), at(60)}).value();
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_EQ(claimed[0].notice, notice(1));
  EXPECT_EQ(claimed[0].attempts, 1);
  EXPECT_TRUE(store().claim_notices({at(4), at(60)}).value().empty()) << "hidden while somebody tells it";

  EXPECT_EQ(run(SettleNotice{notice(1).id, at(30), "refused"}).status, OutcomeStatus::applied);
  claimed = store().claim_notices({at(30), at(90)}).value();
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_EQ(claimed[0].attempts, 2);
  EXPECT_EQ(run(SettleNotice{notice(1).id}).status, OutcomeStatus::applied);
  EXPECT_EQ(run(SettleNotice{notice(1).id}).status, OutcomeStatus::already_done);
  EXPECT_EQ(store().survey(at(0)).value().waiting_notices, 0);
}

TEST_P(RepositoryContract, EachSideRowOfANoticeIsKept) {
  run(Park{parked(1), notice(1)});
  run(Park{parked(1), notice(2)});
  run(KeepResult{result(request_id(5), "a")});
  run(SettleResult{{request_id(5), "a"}, parked(2), {audit(1, "result-from-wrong-zone")}, notice(3)});
  run(AdmitRequest{.request = received(1), .history = {}, .notice = notice(4)});
  auto claimed = store().claim_notices({at(10), at(60), 2}).value();
  EXPECT_EQ(claimed.size(), 2u);
  claimed = store().claim_notices({at(10), at(60), 2}).value();
  EXPECT_EQ(claimed.size(), 1u);
  EXPECT_EQ(store().list_audit({}).value().size(), 2u);
}

TEST_P(RepositoryContract, ANoticeGoesToTheAddressesOfItsJobVersion) {
  auto version = job(3);
  version.notify = {"ledger@example.org", "night@example.org"};
  auto told = notice(1);
  told.addresses = {"first@example.org"};
  told.job_version = 3;
  run(AdmitRequest{.request = sent(1), .history = {}, .job_version = version, .notice = told});
  const auto claimed = store().claim_notices({at(10), at(60)}).value();
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_EQ(claimed[0].notice.addresses,
            (std::vector<std::string>{"first@example.org", "ledger@example.org", "night@example.org"}));
}

}  // namespace backupctl::testing
