// Lists: filters, pages, cursors; and the other reads.
#include <gtest/gtest.h>

#include "integration/support/controller_process.hpp"

namespace backupctl::testing {
namespace {

class ControllerLists : public ::testing::Test {
 protected:
  void SetUp() override {
    controller_.add_zone(zone_);
    ASSERT_TRUE(controller_.start()) << controller_.process().log();
  }
  std::string post(const std::string& source) {
    return id_of(controller_.http().post("/api/backup-requests", request_body(source)));
  }
  std::vector<std::string> ids(const std::string& target) {
    std::vector<std::string> ids;
    for (const auto& item : controller_.items(target)) ids.push_back(HttpAnswer::text_of(item, "backupRequestId"));
    return ids;
  }
  // Every page of a list, followed to its end.
  std::vector<std::string> pages(const std::string& target, const std::string& id_member) {
    std::vector<std::string> ids;
    std::string cursor;
    do {
      const auto answer = controller_.http().get(target + (cursor.empty() ? "" : "&cursor=" + cursor));
      EXPECT_EQ(answer.status, 200) << answer.text;
      if (answer.status != 200) break;
      for (const auto& item : answer.json.at("items").as_array()) ids.push_back(HttpAnswer::text_of(item, id_member));
      cursor = answer["nextCursor"];
    } while (!cursor.empty());
    return ids;
  }

  FakeJobs jobs_;
  FakeZone zone_;
  ControllerProcess controller_{jobs_.url()};
};

TEST_F(ControllerLists, PagesAreNewestFirstAndStableUnderInserts) {
  std::vector<std::string> newest_first;
  for (int i = 0; i < 5; ++i) newest_first.insert(newest_first.begin(), post("/data/ledger/x"));
  EXPECT_EQ(ids("/api/backup-requests"), newest_first);
  for (const auto* limit : {"1", "2", "3", "4", "5", "6"})
    EXPECT_EQ(pages(std::string("/api/backup-requests?limit=") + limit, "backupRequestId"), newest_first) << limit;

  const auto first = controller_.http().get("/api/backup-requests?limit=2");
  post("/data/ledger/new");
  const auto second = controller_.http().get("/api/backup-requests?limit=2&cursor=" + first["nextCursor"]);
  EXPECT_EQ(HttpAnswer::text_of(second.json.at("items").at(0), "backupRequestId"), newest_first[2]);
  EXPECT_EQ(HttpAnswer::text_of(second.json.at("items").at(1), "backupRequestId"), newest_first[3]);
  // A full last page says that it is the last.
  EXPECT_FALSE(controller_.http().get("/api/backup-requests?limit=6").json.as_object().contains("nextCursor"));
}

TEST_F(ControllerLists, FiltersChooseAndBadOnesAreNamed) {
  const auto allowed = post("/data/ledger/x");
  const auto refused = post("/etc");
  const auto done = controller_.wait_for(allowed, "Succeeded");
  using Ids = std::vector<std::string>;
  EXPECT_EQ(ids("/api/backup-requests?stateCode=NotAllowed"), Ids{refused});
  EXPECT_EQ(ids("/api/backup-requests?stateCode=Succeeded&transport=HTTP"), Ids{allowed});
  EXPECT_EQ(ids("/api/backup-requests?transport=FileDrop"), Ids{});
  EXPECT_EQ(ids("/api/backup-requests?backupJobId=" + std::string(ledger_job_id)).size(), 2U);
  EXPECT_EQ(ids("/api/backup-requests?backupJobId=01900000-0000-7000-8000-000000000000"), Ids{});
  const auto time = controller_.request(refused)["receivedTime"];
  EXPECT_EQ(ids("/api/backup-requests?receivedFrom=" + time), Ids{refused});
  EXPECT_EQ(ids("/api/backup-requests?receivedTo=" + time), Ids{allowed});

  EXPECT_EQ(ids("/api/backups?backupRequestId=" + allowed), Ids{allowed});
  EXPECT_EQ(ids("/api/backups?zone=files&stateCode=Stored&dataAsOfFrom=2021-01-08&dataAsOfTo=2021-01-08"),
            Ids{allowed});
  EXPECT_EQ(ids("/api/backups?dataAsOfFrom=2021-01-09"), Ids{});
  EXPECT_EQ(ids("/api/backups?zone=tapes"), Ids{});

  const auto of_backups = controller_.http().get("/api/backups?limit=1");
  EXPECT_FALSE(of_backups.json.as_object().contains("nextCursor"));
  const auto cursor = controller_.http().get("/api/backup-requests?limit=1")["nextCursor"];
  ASSERT_FALSE(cursor.empty());
  const std::pair<std::string, std::string> bad[] = {{"/api/backup-requests?limit=0", "limit"},
                                                     {"/api/backup-requests?limit=1001", "limit"},
                                                     {"/api/backup-requests?limit=ten", "limit"},
                                                     {"/api/backup-requests?cursor=nonsense", "cursor"},
                                                     {"/api/backup-requests?cursor=", "cursor"},
                                                     {"/api/backups?cursor=" + cursor, "cursor"},
                                                     {"/api/parked-results?cursor=" + cursor, "cursor"},
                                                     {"/api/backup-requests?stateCode=sent", "stateCode"},
                                                     {"/api/backup-requests?transport=Fax", "transport"},
                                                     {"/api/backup-requests?backupJobId=7", "backupJobId"},
                                                     {"/api/backup-requests?receivedFrom=yesterday", "receivedFrom"},
                                                     {"/api/backup-requests?state=Sent", "state"},
                                                     {"/api/backups?dataAsOfFrom=2021-02-29", "dataAsOfFrom"},
                                                     {"/api/backups?zone=A%20B", "zone"},
                                                     {"/api/backups/" + done["backupId"] + "?limit=1", "limit"}};
  for (const auto& [target, name] : bad) {
    const auto answer = controller_.http().get(target);
    EXPECT_EQ(answer.status, 400) << target;
    ASSERT_TRUE(answer.json.is_object() && answer.json.as_object().contains("errors")) << answer.text;
    EXPECT_EQ(HttpAnswer::text_of(answer.json.at("errors").at(0), "pointer"), name) << target;
  }
  const auto two = controller_.http().get("/api/backup-requests?limit=0&stateCode=x");
  EXPECT_EQ(two.json.at("errors").as_array().size(), 2U) << two.text;
}

TEST_F(ControllerLists, ParkedResultsHavePagesToo) {
  for (const auto* body : {"one", "two", "three"})
    controller_.http().put("/api/zone-results/01900000-0000-7000-8000-000000000001", body);
  ASSERT_TRUE(eventually([&] { return controller_.items("/api/parked-results").size() == 3; }));
  EXPECT_EQ(pages("/api/parked-results?limit=1", "parkedResultId").size(), 3U);
  EXPECT_EQ(pages("/api/parked-results?limit=2", "body").size(), 3U);
}

TEST_F(ControllerLists, StatusTellsWhatIsGoingOn) {
  zone_.set(Work::keep_on);
  const auto id = post("/data/ledger/x");
  controller_.wait_for(id, "Sent");
  const auto status = controller_.http().get("/api/status").json;
  EXPECT_TRUE(status.at("ready").as_bool());
  EXPECT_EQ(status.at("states").at("Sent").at("count").as_int64(), 1);
  EXPECT_EQ(status.at("states").at("Received").at("count").as_int64(), 0);
  EXPECT_EQ(status.at("zones").at(0).at("inFlight").as_int64(), 1);
  EXPECT_EQ(status.at("controllers").as_array().size(), 1U);
  EXPECT_EQ(HttpAnswer::text_of(status.at("controllers").at(0), "program"), "backupctl-http");
  EXPECT_EQ(HttpAnswer::text_of(status, "clock"), "ok");
  const auto metrics = controller_.http().get("/metrics");
  EXPECT_EQ(metrics.header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(metrics.text.find("backupctl_requests_total{transport=\"HTTP\",state=\"Sent\"} 1"), std::string::npos)
      << metrics.text;
  EXPECT_NE(metrics.text.find("backupctl_step_seconds_bucket"), std::string::npos);
}

TEST_F(ControllerLists, WhatIsNotThereIs404) {
  for (const auto* target : {"/api/backup-requests/01900000-0000-7000-8000-000000000000", "/api/backup-requests/no-id",
                             "/api/backup-requests/no-id/history", "/api/backups/no-id",
                             "/api/backups/01900000-0000-7000-8000-000000000000", "/api/nothing", "/"}) {
    const auto answer = controller_.http().get(target);
    EXPECT_EQ(answer.status, 404) << target;
    EXPECT_EQ(answer["code"], "not-found") << target;
  }
  EXPECT_EQ(controller_.http().put("/api/backup-requests", "{}").status, 405);
}

}  // namespace
}  // namespace backupctl::testing
