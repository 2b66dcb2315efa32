// Every answer that POST /api/backup-requests can give.
#include <gtest/gtest.h>

#include <set>

#include "integration/support/controller_process.hpp"

namespace backupctl::testing {
namespace {

constexpr const char* requests = "/api/backup-requests";

class ControllerRequests : public ::testing::Test {
 protected:
  void start() {
    controller_.add_zone(zone_);
    ASSERT_TRUE(controller_.start()) << controller_.process().log();
  }
  HttpAnswer post(const std::string& body, http::Headers headers = {}) {
    return controller_.http().post(requests, body, std::move(headers));
  }
  std::size_t stored() { return controller_.items(requests).size(); }

  FakeJobs jobs_;
  FakeZone zone_;
  ControllerProcess controller_{jobs_.url()};
};

TEST_F(ControllerRequests, AllowedIs202WithLocationAndGoesToItsEnd) {
  start();
  const auto answer = post(request_body());
  ASSERT_EQ(answer.status, 202) << answer.text;
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  EXPECT_EQ(answer.header("Location"), "/api/backup-requests/" + id_of(answer));
  EXPECT_NE(answer["stateCode"], "Received");
  EXPECT_EQ(answer["requesterId"], "local");
  EXPECT_EQ(answer["transport"], "HTTP");
  EXPECT_EQ(answer["backupJobId"], ledger_job_id);

  const auto done = controller_.wait_for(id_of(answer), "Succeeded");
  std::string earlier;
  for (const auto* member :
       {"receivedTime", "checkedTime", "respondedTime", "sentTime", "resultReceivedTime", "resultRecordedTime"}) {
    EXPECT_FALSE(done[member].empty()) << member;
    EXPECT_LE(earlier, done[member]) << member;
    earlier = done[member];
  }
  EXPECT_EQ(done["sentToZone"], "files");
  const auto history = controller_.items(answer.header("Location") + "/history");
  const std::vector<std::pair<std::string, std::string>> expected{{"Received", done["receivedTime"]},
                                                                  {"Allowed", done["checkedTime"]},
                                                                  {"Sent", done["sentTime"]},
                                                                  {"Succeeded", done["resultRecordedTime"]}};
  ASSERT_EQ(history.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(HttpAnswer::text_of(history[i], "stateCode"), expected[i].first);
    EXPECT_EQ(HttpAnswer::text_of(history[i], "time"), expected[i].second) << expected[i].first;
  }
  const auto backup = controller_.http().get("/api/backups/" + done["backupId"]);
  EXPECT_EQ(backup.status, 200);
  EXPECT_EQ(backup["backupRequestId"], id_of(answer));
  EXPECT_EQ(backup["dueToDeleteDate"], "2031-01-06");
}

TEST_F(ControllerRequests, RespondAsyncAnswersBeforeTheCheck) {
  start();
  jobs_.server().set(Mood::silent);
  const auto answer = post(request_body(), {{"Prefer", "wait=5, Respond-Async"}});
  EXPECT_EQ(answer.status, 202) << answer.text;
  EXPECT_EQ(answer["stateCode"], "Received");
  EXPECT_EQ(answer.header("Preference-Applied"), "respond-async");
  jobs_.server().set(Mood::well);
  EXPECT_EQ(controller_.wait_for(id_of(answer), "Succeeded")["stateCode"], "Succeeded");
}

TEST_F(ControllerRequests, ASeenKeyAnswersWithTheSameRequest) {
  start();
  const auto first = post(request_body(), with_key("night"));
  ASSERT_EQ(first.status, 202);
  // The same values in another spelling are the same request.
  const auto again =
      post(R"( {"dataAsOfDate":"2021-01-08","backupSourcePath":"\/data/ledger/2021-01-08","backupJobId":")" +
               std::string(ledger_job_id) + R"(","apiVersion":"2026-11-01"})",
           with_key("night"));
  EXPECT_EQ(again.status, 200) << again.text;
  EXPECT_EQ(id_of(again), id_of(first));
  const auto other = post(request_body("/data/ledger/other"), with_key("night"));
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(other["code"], "idempotency-key-reused");
  EXPECT_EQ(stored(), 1U);
}

TEST_F(ControllerRequests, AKeyOutlivesACrash) {
  start();
  const auto first = post(request_body(), with_key("night"));
  ASSERT_EQ(first.status, 202);
  controller_.kill();
  ASSERT_TRUE(controller_.start());
  const auto again = post(request_body(), with_key("night"));
  EXPECT_EQ(again.status, 200) << again.text;
  EXPECT_EQ(id_of(again), id_of(first));
  controller_.wait_for(id_of(first), "Succeeded");
  EXPECT_EQ(controller_.items("/api/backups").size(), 1U);
}

TEST_F(ControllerRequests, FiftyAtOnceWithOneKeyAreOneRequest) {
  start();
  std::vector<std::future<HttpAnswer>> answers;
  for (int i = 0; i < 50; ++i)
    answers.push_back(controller_.http().start("POST", requests, request_body(), with_key("k")));
  std::set<std::string> ids;
  int accepted = 0;
  for (auto& pending : answers) {
    const auto answer = pending.get();
    accepted += answer.status == 202 ? 1 : 0;
    EXPECT_TRUE(answer.status == 202 || answer.status == 200) << answer.text;
    EXPECT_NE(answer["stateCode"], "Received") << "one that comes during the first's check waits for its outcome";
    ids.insert(id_of(answer));
  }
  EXPECT_EQ(accepted, 1);
  EXPECT_EQ(ids.size(), 1U);
  EXPECT_EQ(stored(), 1U);
  controller_.wait_for(*ids.begin(), "Succeeded");
  EXPECT_EQ(zone_.runs().size(), 1U);
}

TEST_F(ControllerRequests, WhatAJobForbidsIs403AndKept) {
  start();
  const auto job_with = [](const std::string& id, auto change) {
    auto job = ledger_job();
    job.id = JobId::parse("01900000-0000-7000-8000-0000000000" + id).value();
    change(job);
    return job;
  };
  jobs_.put(job_with("01", [](auto& job) { job.approval = ApprovalState::suspended; }));
  jobs_.put(job_with("02", [](auto& job) { job.in_force_to = CivilDate::parse("2020-12-31").value(); }));
  jobs_.put(job_with("03", [](auto& job) { job.allowed_requesters = {"somebody"}; }));
  jobs_.put(job_with("04", [](auto& job) { job.source_roots = {"/data/led"}; }));
  const std::pair<std::string, std::string> rows[] = {{"00", "there is no backup job"},
                                                      {"01", "not approved"},
                                                      {"02", "not in force after 2020-12-31"},
                                                      {"03", "does not name local"},
                                                      {"04", "outside"}};
  for (const auto& [id, detail] : rows) {
    const auto body = request_body("/data/ledger/x", "01900000-0000-7000-8000-0000000000" + id);
    const auto answer = post(body, with_key("key-" + id));
    EXPECT_EQ(answer.status, 403);
    EXPECT_EQ(answer["code"], "backup-request-not-allowed");
    EXPECT_NE(answer["detail"].find(detail), std::string::npos) << answer.text;
    const auto kept = controller_.request(id_of(answer));
    EXPECT_EQ(kept["stateCode"], "NotAllowed");
    EXPECT_EQ(controller_.history(id_of(answer)), "Received NotAllowed");
    const auto again = post(body, with_key("key-" + id));
    EXPECT_EQ(again.status, 403);
    EXPECT_EQ(id_of(again), id_of(answer));
    EXPECT_TRUE(eventually([&] { return !controller_.request(id_of(answer))["respondedTime"].empty(); }));
  }
  EXPECT_EQ(stored(), std::size(rows));
  EXPECT_TRUE(zone_.runs().empty());
}

TEST_F(ControllerRequests, BadInputIsNamedAndNothingIsStored) {
  start();
  struct Row {
    std::string body;
    http::Headers headers;
    int status;
    std::string code;
    std::vector<std::string> pointers;
  };
  const std::string id = ledger_job_id;
  const std::string good = request_body();
  const Row rows[] = {
      {"{", {}, 400, "malformed-json", {}},
      {good + "x", {}, 400, "malformed-json", {}},
      {R"({"apiVersion":"2026-11-01","apiVersion":"2026-11-01"})", {}, 400, "malformed-json", {}},
      {"{\"a\":\"\xff\"}", {}, 400, "malformed-json", {}},
      {"[]", {}, 422, "invalid-request", {""}},
      {R"({"apiVersion":"2026-11-01"})",
       {},
       422,
       "invalid-request",
       {"/backupJobId", "/backupSourcePath", "/dataAsOfDate"}},
      {R"({"apiVersion":"2026-11-01","backupJobId":"x","backupSourcePath":"a/../b","dataAsOfDate":"2021-02-29","more":1})",
       with_key(std::string(256, 'k')),
       422,
       "invalid-request",
       {"/backupJobId", "/backupSourcePath", "/dataAsOfDate", "/more", "Idempotency-Key"}},
      {R"({"apiVersion":"2026-11-01","backupJobId":7,"backupSourcePath":null,"dataAsOfDate":["2021-01-08"]})",
       {},
       422,
       "invalid-request",
       {"/backupJobId", "/backupSourcePath", "/dataAsOfDate"}},
      {good, {{"Idempotency-Key", "a"}, {"Idempotency-Key", "a"}}, 400, "malformed-request", {}},
      {good, {{"Idempotency-Key", "caf\xc3\xa9"}}, 422, "invalid-request", {"Idempotency-Key"}},
      {R"({"apiVersion":"2025-01-01","backupJobId":")" + id + R"("})", {}, 422, "unsupported-api-version", {}},
      {good, {{"Content-Type", "text/plain"}}, 415, "unsupported-media-type", {}},
      {"{\"a\":\"" + std::string(66'000, 'a') + "\"}", {}, 413, "body-too-large", {}},
  };
  for (const auto& row : rows) {
    const auto answer = post(row.body, row.headers);
    const auto shown = row.body.substr(0, 120) + " -> " + answer.text;
    EXPECT_EQ(answer.status, row.status) << shown;
    EXPECT_EQ(answer["code"], row.code) << shown;
    EXPECT_EQ(answer.header("Content-Type"), "application/problem+json") << shown;
    for (const auto& pointer : row.pointers) {
      const auto* errors = answer.json.is_object() ? answer.json.as_object().if_contains("errors") : nullptr;
      bool named = false;
      for (const auto& error : errors ? errors->as_array() : boost::json::array{})
        named = named || HttpAnswer::text_of(error, "pointer") == pointer;
      EXPECT_TRUE(named) << pointer << " in " << shown;
    }
  }
  EXPECT_EQ(stored(), 0U);
  const auto metrics = controller_.http().get("/metrics").text;
  EXPECT_NE(metrics.find("backupctl_http_refused_total{code=\"malformed-json\"} 4"), std::string::npos) << metrics;
  EXPECT_NE(metrics.find("backupctl_http_refused_total{code=\"body-too-large\"} 1"), std::string::npos) << metrics;
  EXPECT_NE(controller_.process().log().find("\"code\":\"malformed-json\""), std::string::npos);
}

TEST_F(ControllerRequests, MoreThanAnOwnerMayMakeIs429) {
  controller_.limit_requests(1);
  start();
  const auto first = post(request_body(), with_key("a"));
  EXPECT_EQ(first.status, 202) << first.text;
  const auto second = post(request_body(), with_key("b"));
  EXPECT_EQ(second.status, 429) << second.text;
  EXPECT_EQ(second["code"], "too-many-requests");
  EXPECT_EQ(second.header("Retry-After"), "1");
  EXPECT_EQ(stored(), 1U);
  HttpAnswer later;
  EXPECT_TRUE(eventually([&] { return (later = post(request_body(), with_key("b"))).status == 202; })) << later.text;
}

TEST_F(ControllerRequests, WithoutACheckAKeyDecidesWhetherItGoesOn) {
  controller_.check_time_out("200ms");
  start();
  jobs_.server().set(Mood::silent);
  const auto without = post(request_body());
  EXPECT_EQ(without.status, 503);
  EXPECT_EQ(without["code"], "job-service-unavailable");
  EXPECT_FALSE(without.header("Retry-After").empty());
  const auto closed = controller_.request(id_of(without));
  EXPECT_EQ(closed["stateCode"], "Cancelled");
  EXPECT_EQ(closed["stateReason"], "check-unavailable");

  const auto with = post(request_body(), with_key("night"));
  EXPECT_EQ(with.status, 503);
  EXPECT_EQ(with["code"], "job-service-unavailable");
  EXPECT_EQ(controller_.request(id_of(with))["stateCode"], "Received");
  jobs_.server().set(Mood::well);
  EXPECT_EQ(controller_.wait_for(id_of(with), "Succeeded")["stateCode"], "Succeeded");
  const auto again = post(request_body(), with_key("night"));
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(id_of(again), id_of(with));
}

TEST_F(ControllerRequests, TheCallersTraceIsKeptAndPassedOn) {
  start();
  const auto answer =
      post(request_body(), {{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}});
  EXPECT_EQ(answer["traceId"], "0af7651916cd43dd8448eb211c80319c");
}

}  // namespace
}  // namespace backupctl::testing
