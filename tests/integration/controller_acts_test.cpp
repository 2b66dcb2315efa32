// What people do by hand: help many requests at once, adopt and dismiss parked results, reconcile; and the audit of it.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "backupctl/audit.hpp"
#include "integration/support/controller_process.hpp"
#include "wire/audit_json.hpp"

namespace backupctl::testing {
namespace {

class ControllerActs : public ::testing::Test {
 protected:
  void SetUp() override {
    controller_.add_zone(zone_);
    ASSERT_TRUE(controller_.start()) << controller_.process().log();
  }

  std::string submitted(const std::string& state) {
    const auto answer = controller_.http().post("/api/backup-requests", request_body());
    EXPECT_EQ(controller_.wait_for(id_of(answer), state)["stateCode"], state) << answer.text;
    return id_of(answer);
  }
  // The id of the one parked result, once it is there.
  std::string parked(const std::string& reason) {
    boost::json::array items;
    eventually([&] { return !(items = controller_.items("/api/parked-results")).empty(); });
    if (items.size() != 1) return {};
    EXPECT_EQ(HttpAnswer::text_of(items[0], "reasonCode"), reason);
    return HttpAnswer::text_of(items[0], "parkedResultId");
  }
  HttpAnswer act(const std::string& target, const std::string& body = {}) {
    return controller_.http().post(target, body);
  }
  void leave(const ZoneResult& result) {
    const auto id = result.command_id.to_string();
    ASSERT_EQ(controller_.http().put("/api/zone-results/" + id, text_of(result)).status, 202);
  }
  static Manifest manifest(const std::string& request_id) {
    return {.backup_request_id = RequestId::parse(request_id).value(),
            .job_id = JobId::parse(ledger_job_id).value(),
            .data_as_of = CivilDate::parse("2021-01-08").value(),
            .source = SourcePath::parse("/data/ledger/2021-01-08").value(),
            .storage_path = "ledger/" + request_id,
            .byte_count = 77,
            .verify_hash = "sha256:" + std::string(64, 'b'),
            .copy_end = Timestamp{Duration{1'790'000'000'000'000}},
            .zone = ZoneName::parse("files").value()};
  }
  std::vector<AuditRecord> audit() {
    std::vector<AuditRecord> all;
    std::string after;
    while (true) {
      auto page = wire::read_audit_page(controller_.http().get("/api/audit?limit=2" + after).text);
      if (!page) return {};
      all.insert(all.end(), page->items.begin(), page->items.end());
      if (!page->next_cursor) return all;
      after = "&after=" + *page->next_cursor;
    }
  }
  std::vector<std::string> audit_faults() {
    const auto heads = wire::read_audit_heads(controller_.http().get("/api/audit/heads").text);
    AuditVerifier verifier;
    for (const auto& record : audit()) verifier.take(record);
    return verifier.finish(heads.value_or(std::vector<AuditHead>{}), {});
  }
  bool is_audited(const std::string& action, const std::string& object) {
    const auto records = audit();
    return std::any_of(records.begin(), records.end(), [&](const AuditRecord& record) {
      return record.entry.action == action && record.entry.object == object;
    });
  }

  FakeJobs jobs_;
  FakeZone zone_;
  ControllerProcess controller_{jobs_.url()};
};

constexpr const char* unknown_id = "01900000-0000-7000-8000-000000000001";

TEST_F(ControllerActs, AContradictionIsAdoptedAsTheCopyBehindTheBackup) {
  const auto id = submitted("Succeeded");
  auto other = success_of(id);
  other.storage_path = "ledger/second-copy";
  other.byte_count = 456;
  leave(other);
  const auto parked_id = parked("conflicting-result");
  const auto backup_id = controller_.request(id)["backupId"];

  const auto adopted = act("/api/parked-results/" + parked_id + "/adopt", R"({"reason":"the first was overwritten"})");
  EXPECT_EQ(adopted.status, 200) << adopted.text;
  EXPECT_EQ(adopted["backupId"], backup_id);
  const auto backup = controller_.http().get("/api/backups/" + backup_id);
  EXPECT_EQ(backup["backupStoragePath"], "ledger/second-copy");
  EXPECT_EQ(backup.json.at("byteCount").as_int64(), 456);
  EXPECT_TRUE(controller_.items("/api/parked-results").empty());
  EXPECT_EQ(controller_.items("/api/backups").size(), 1U);
  EXPECT_TRUE(is_audited("parked-result-adopted", "backup-request:" + id));
  EXPECT_EQ(act("/api/parked-results/" + parked_id + "/adopt").status, 404);
  EXPECT_TRUE(audit_faults().empty());
}

TEST_F(ControllerActs, AParkedResultIsDismissedOnce) {
  leave(success_of(unknown_id));
  const auto parked_id = parked("unknown-command");
  EXPECT_EQ(act("/api/parked-results/" + parked_id + "/dismiss", R"({"reason":3})").status, 422);
  EXPECT_EQ(act("/api/parked-results/" + parked_id + "/dismiss", R"({"reason":"a test of the zone"})").status, 204);
  EXPECT_TRUE(controller_.items("/api/parked-results").empty());
  EXPECT_EQ(act("/api/parked-results/" + parked_id + "/dismiss").status, 404);
  EXPECT_TRUE(is_audited("parked-result-dismissed", "parked-result:" + parked_id));
}

TEST_F(ControllerActs, WhatTheStoreForgotIsImportedFromTheZone) {
  leave(success_of(unknown_id));
  const auto parked_id = parked("unknown-command");
  auto refused = act("/api/parked-results/" + parked_id + "/adopt");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused["code"], "not-adoptable");

  zone_.hold({manifest("01900000-0000-7000-8000-000000000007"), manifest("01900000-0000-7000-8000-000000000008"),
              manifest(unknown_id)});
  const auto adopted = act("/api/parked-results/" + parked_id + "/adopt");
  EXPECT_EQ(adopted.status, 200) << adopted.text;
  EXPECT_EQ(adopted["backupRequestId"], unknown_id);
  EXPECT_EQ(adopted["stateCode"], "Succeeded");
  const auto backup = controller_.http().get("/api/backups/" + adopted["backupId"]);
  EXPECT_EQ(backup["backupStoragePath"], std::string("ledger/") + unknown_id);
  EXPECT_EQ(backup["dueToDeleteDate"], "2031-01-06");
  EXPECT_TRUE(controller_.items("/api/parked-results").empty());
}

TEST_F(ControllerActs, AFailureAndAGarbledBodyCannotBeAdopted) {
  leave(failure_of(unknown_id));
  auto parked_id = parked("unknown-command");
  EXPECT_EQ(act("/api/parked-results/" + parked_id + "/adopt")["code"], "not-adoptable");
  EXPECT_EQ(act("/api/parked-results/" + parked_id + "/dismiss").status, 204);
  controller_.http().put(std::string("/api/zone-results/") + unknown_id, "{garbled");
  parked_id = parked("unreadable");
  EXPECT_EQ(act("/api/parked-results/" + parked_id + "/adopt")["code"], "not-adoptable");
}

TEST_F(ControllerActs, FailedRequestsAreAskedForAnewOnce) {
  zone_.set(Work::fail);
  std::vector<std::string> failed;
  for (int i = 0; i < 5; ++i) failed.push_back(submitted("Failed"));
  zone_.set(Work::succeed);
  const std::string order = R"({"stateCode":"Failed","zone":"files","reason":"its disk was full"})";
  auto report = act("/api/backup-requests/resend", order);
  ASSERT_EQ(report.status, 200) << report.text;
  EXPECT_EQ(report.json.at("matched").as_int64(), 5);
  EXPECT_EQ(report.json.at("changed").as_int64(), 5);
  report = act("/api/backup-requests/resend", order);
  EXPECT_EQ(report.json.at("matched").as_int64(), 5);
  EXPECT_EQ(report.json.at("changed").as_int64(), 0);
  EXPECT_TRUE(eventually([&] { return controller_.items("/api/backup-requests?stateCode=Succeeded").size() == 5; }));
  for (const auto& id : failed) EXPECT_EQ(controller_.request(id)["stateCode"], "Failed");
  EXPECT_EQ(controller_.items("/api/backup-requests").size(), 10U);
  EXPECT_TRUE(is_audited("backup-requests-resend", "backup-requests"));
}

TEST_F(ControllerActs, WaitingRequestsAreCancelledByFilter) {
  ASSERT_EQ(act("/api/zones/files/pause").status, 200);
  std::vector<std::string> waiting;
  for (int i = 0; i < 4; ++i) waiting.push_back(submitted("Allowed"));
  const auto report = act("/api/backup-requests/cancel", R"({"stateCode":"Allowed","zone":"files"})");
  ASSERT_EQ(report.status, 200) << report.text;
  EXPECT_EQ(report.json.at("changed").as_int64(), 4);
  for (const auto& id : waiting) EXPECT_EQ(controller_.request(id)["stateCode"], "Cancelled");
  EXPECT_EQ(act("/api/zones/files/resume").status, 200);
  EXPECT_TRUE(zone_.runs().empty());
}

TEST_F(ControllerActs, AnOrderForManyNamesWhatIsWrong) {
  EXPECT_EQ(act("/api/backup-requests/resend", "{}").status, 422);
  EXPECT_EQ(act("/api/backup-requests/resend", R"({"reason":"all"})").status, 422);
  const auto wrong = act("/api/backup-requests/cancel", R"({"stateCode":"Lost","zone":"No Zone","x":1})");
  EXPECT_EQ(wrong.status, 422);
  EXPECT_EQ(wrong.json.at("errors").as_array().size(), 3U) << wrong.text;
  EXPECT_EQ(act("/api/backup-requests/resend").status, 415);
}

TEST_F(ControllerActs, AZoneIsReconciledInBothDirections) {
  const auto known = submitted("Succeeded");
  const auto lost = submitted("Succeeded");
  zone_.hold({manifest(known), manifest(unknown_id), manifest("01900000-0000-7000-8000-000000000002")});
  auto report = act("/api/zones/files/reconcile");
  ASSERT_EQ(report.status, 200) << report.text;
  EXPECT_EQ(report.json.at("held").as_int64(), 3);
  EXPECT_EQ(report.json.at("stored").as_int64(), 2);
  EXPECT_EQ(report.json.at("orphans").as_int64(), 2);
  EXPECT_EQ(report.json.at("missing").as_int64(), 1);
  EXPECT_EQ(HttpAnswer::text_of(report.json.at("missingBackups").at(0), "backupRequestId"), lost);
  EXPECT_EQ(controller_.items("/api/backups").size(), 2U) << "looking changes nothing";

  report = act("/api/zones/files/reconcile", R"({"import":true,"reason":"store restored"})");
  EXPECT_EQ(report.json.at("imported").as_int64(), 2) << report.text;
  EXPECT_EQ(controller_.items("/api/backups").size(), 4U);
  EXPECT_EQ(controller_.request(unknown_id)["stateCode"], "Succeeded");
  report = act("/api/zones/files/reconcile", R"({"import":true})");
  EXPECT_EQ(report.json.at("orphans").as_int64(), 0);
  EXPECT_EQ(act("/api/zones/nowhere/reconcile").status, 404);
  EXPECT_TRUE(is_audited("backup-imported", std::string("backup-request:") + unknown_id));
}

TEST_F(ControllerActs, DecisionsAreAuditedAndATamperedStoreIsFound) {
  const auto allowed = submitted("Succeeded");
  const auto refused = controller_.http().post("/api/backup-requests", request_body("/data/elsewhere"));
  ASSERT_EQ(refused.status, 403);
  EXPECT_TRUE(is_audited("backup-request-allowed", "backup-request:" + allowed));
  EXPECT_TRUE(is_audited("backup-request-not-allowed", "backup-request:" + id_of(refused)));
  EXPECT_TRUE(audit_faults().empty());

  sqlite3* store = nullptr;
  ASSERT_EQ(sqlite3_open((controller_.folder() / "controller.db").c_str(), &store), SQLITE_OK);
  sqlite3_busy_timeout(store, 5000);
  ASSERT_EQ(sqlite3_exec(store, "UPDATE audit_entry SET actor = 'nobody' WHERE seq = 2", nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(store);
  const auto faults = audit_faults();
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_NE(faults[0].find("entry 2: was edited"), std::string::npos) << faults[0];
}

}  // namespace
}  // namespace backupctl::testing
