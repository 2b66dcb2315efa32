// What becomes of results that zones leave, row by row.
#include <gtest/gtest.h>

#include "integration/support/controller_process.hpp"

namespace backupctl::testing {
namespace {

class ControllerResults : public ::testing::Test {
 protected:
  void SetUp() override {
    controller_.add_zone(zone_);
    ASSERT_TRUE(controller_.start()) << controller_.process().log();
  }

  // The id of a request that its zone has and works on.
  std::string sent() {
    const auto answer = controller_.http().post("/api/backup-requests", request_body());
    EXPECT_EQ(controller_.wait_for(id_of(answer), "Sent")["stateCode"], "Sent") << answer.text;
    return id_of(answer);
  }
  int leave(const std::string& id, const std::string& body) {
    return controller_.http().put("/api/zone-results/" + id, body).status;
  }
  // The parked results, newest first, once there are so many of them.
  boost::json::array parked(std::size_t count) {
    boost::json::array items;
    eventually([&] { return (items = controller_.items("/api/parked-results")).size() >= count; });
    EXPECT_EQ(items.size(), count);
    return items;
  }
  void expect_parked(const std::string& id, const std::string& reason, const std::string& body) {
    const auto items = parked(1);
    ASSERT_EQ(items.size(), 1U);
    EXPECT_EQ(HttpAnswer::text_of(items[0], "commandId"), id);
    EXPECT_EQ(HttpAnswer::text_of(items[0], "reasonCode"), reason);
    EXPECT_EQ(HttpAnswer::text_of(items[0], "body"), body);
    EXPECT_FALSE(HttpAnswer::text_of(items[0], "receivedTime").empty());
  }
  std::size_t backups() { return controller_.items("/api/backups").size(); }

  FakeJobs jobs_;
  FakeZone zone_{"files", Work::keep_on};
  ControllerProcess controller_{jobs_.url()};
};

TEST_F(ControllerResults, ASuccessMakesOneBackupHoweverOftenItComes) {
  const auto id = sent();
  const auto body = text_of(success_of(id));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(leave(id, body), 202);
  const auto done = controller_.wait_for(id, "Succeeded");
  EXPECT_EQ(leave(id, body), 202);
  // Another result behind it: when that is settled, so were those before.
  const auto other = text_of(success_of("01900000-0000-7000-8000-000000000001"));
  EXPECT_EQ(leave("01900000-0000-7000-8000-000000000001", other), 202);
  expect_parked("01900000-0000-7000-8000-000000000001", "unknown-command", other);
  EXPECT_EQ(backups(), 1U);
  EXPECT_EQ(controller_.request(id)["backupId"], done["backupId"]);
  EXPECT_EQ(controller_.history(id), "Received Allowed Sent Succeeded");
}

TEST_F(ControllerResults, AFailureEndsWithoutABackup) {
  const auto id = sent();
  EXPECT_EQ(leave(id, text_of(failure_of(id))), 202);
  const auto failed = controller_.wait_for(id, "Failed");
  EXPECT_EQ(failed["stateReason"], "source-missing");
  EXPECT_EQ(backups(), 0U);
}

TEST_F(ControllerResults, ALateSuccessTurnsAFailureIntoSuccess) {
  const auto id = sent();
  EXPECT_EQ(leave(id, text_of(failure_of(id))), 202);
  controller_.wait_for(id, "Failed");
  EXPECT_EQ(leave(id, text_of(success_of(id))), 202);
  EXPECT_EQ(controller_.wait_for(id, "Succeeded")["stateCode"], "Succeeded");
  EXPECT_EQ(controller_.history(id), "Received Allowed Sent Failed Succeeded");
  EXPECT_EQ(backups(), 1U);
}

TEST_F(ControllerResults, ADifferentSecondSuccessIsKeptAsAConflict) {
  const auto id = sent();
  EXPECT_EQ(leave(id, text_of(success_of(id))), 202);
  controller_.wait_for(id, "Succeeded");
  auto other = success_of(id);
  other.byte_count = 124;
  EXPECT_EQ(leave(id, text_of(other)), 202);
  expect_parked(id, "conflicting-result", text_of(other));
  EXPECT_EQ(controller_.items("/api/backups").at(0).at("byteCount").as_int64(), 123);
  // A failure after the success changes nothing and contradicts nothing that is kept.
  EXPECT_EQ(leave(id, text_of(failure_of(id))), 202);
  EXPECT_EQ(controller_.request(id)["stateCode"], "Succeeded");
}

TEST_F(ControllerResults, WhatCannotBeReadIsParkedAsItCame) {
  const auto id = sent();
  const std::string rows[] = {"not json at all", "{}", R"({"resultCode":"Succeeded"})", "\"\xff\x01 bytes\"", "<html>"};
  for (const auto& body : rows) EXPECT_EQ(leave(id, body), 202) << body;
  const auto items = parked(std::size(rows));
  for (const auto& item : items) {
    EXPECT_EQ(HttpAnswer::text_of(item, "reasonCode"), "unreadable");
    EXPECT_EQ(HttpAnswer::text_of(item, "commandId"), id);
  }
  // They stand in nobody's way.
  EXPECT_EQ(leave(id, text_of(success_of(id))), 202);
  EXPECT_EQ(controller_.wait_for(id, "Succeeded")["stateCode"], "Succeeded");
}

TEST_F(ControllerResults, AnEmptyBodyAndAPathThatIsNoIdAreParkedToo) {
  EXPECT_EQ(leave("01900000-0000-7000-8000-000000000001", ""), 202);
  expect_parked("01900000-0000-7000-8000-000000000001", "unreadable", "");
  const auto body = text_of(success_of("01900000-0000-7000-8000-000000000002"));
  EXPECT_EQ(leave("no-id", body), 202);
  EXPECT_EQ(HttpAnswer::text_of(parked(2)[0], "reasonCode"), "command-mismatch");
}

TEST_F(ControllerResults, AResultForAnotherCommandThanThePathIsParked) {
  const auto id = sent();
  const auto body = text_of(success_of("01900000-0000-7000-8000-000000000009"));
  EXPECT_EQ(leave(id, body), 202);
  expect_parked(id, "command-mismatch", body);
  EXPECT_EQ(controller_.request(id)["stateCode"], "Sent");
}

TEST_F(ControllerResults, AResultFromAnotherZoneIsParked) {
  const auto id = sent();
  const auto body = text_of(success_of(id, "tapes"));
  EXPECT_EQ(leave(id, body), 202);
  expect_parked(id, "wrong-zone", body);
  EXPECT_EQ(controller_.request(id)["stateCode"], "Sent");
}

TEST_F(ControllerResults, AResultForARequestThatWasNeverSentIsParked) {
  ASSERT_EQ(controller_.http().post("/api/zones/files/pause").status, 200);
  const auto id = id_of(controller_.http().post("/api/backup-requests", request_body()));
  const auto body = text_of(success_of(id));
  EXPECT_EQ(leave(id, body), 202);
  expect_parked(id, "not-sent", body);
  EXPECT_EQ(controller_.request(id)["stateCode"], "Allowed");
}

TEST_F(ControllerResults, ABodyBeyondTheLimitIsRefused) {
  const auto answer =
      controller_.http().put("/api/zone-results/01900000-0000-7000-8000-000000000001", std::string(65'537, 'x'));
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(controller_.items("/api/parked-results").size(), 0U);
}

}  // namespace

// A zone that is faster than our own commit of Sent: the result is there while the answer to the command is not.
TEST(ControllerEarlyResult, IsRecordedWithSentInferred) {
  FakeJobs jobs;
  std::string controller_url;
  FakeServer zone([&](const http::Request& request) {
    const auto& id = request.segments.back();
    // On a thread of its own, as a zone would; the command's answer waits for it.
    const auto left = std::async(std::launch::async, [&] {
                        return http::call({.base_url = controller_url, .timeout = std::chrono::seconds{5}},
                                          {"PUT", "/api/zone-results/" + id, {}, text_of(success_of(id))});
                      }).get();
    return left && left->status == 202 ? http::json_response(202, R"({"stateCode":"Accepted"})")
                                       : http::problem_response(500, "internal-error", "not taken");
  });
  ControllerProcess controller(jobs.url());
  controller.configure("[[zone]]\nname = \"files\"\nurl = \"" + zone.url() + "\"\n");
  ASSERT_TRUE(controller.start());
  controller_url = controller.url();
  const auto id = id_of(controller.http().post("/api/backup-requests", request_body()));
  const auto done = controller.wait_for(id, "Succeeded");
  EXPECT_EQ(controller.history(id), "Received Allowed Sent Succeeded");
  EXPECT_FALSE(done["sentTime"].empty());
  EXPECT_EQ(controller.items("/api/backups").size(), 1U);
}

}  // namespace backupctl::testing
