#include "wire/backup_request_json.hpp"

#include <gtest/gtest.h>

#include "unit/wire_fixtures.hpp"
#include "wire/json.hpp"

namespace backupctl::wire {
namespace {

using namespace testing;

const std::string golden_body = R"({"apiVersion":"2026-11-01","backupJobId":"0190a000-0000-7000-8000-000000000002",)"
                                R"("backupSourcePath":"/data/ledger/2021-01-08","dataAsOfDate":"2021-01-08"})";

BackupRequest finished_request() {
  return {.order = {.id = request_id,
                    .job_id = job_id,
                    .source = source,
                    .data_as_of = as_of,
                    .requester = OwnerName::parse("batch-night").value(),
                    .transport = TransportKind::http,
                    .key = IdempotencyKey::parse("k").value(),
                    .traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                    .received = second(0)},
          .progress = {
              .state = RequestState::succeeded,
              .reason = "verified",
              .checked = second(1),
              .responded = second(2),
              .sent = second(3),
              .result_due = second(100),
              .result_received = second(4),
              .result_recorded = second(5),
              .terms = AllowedTerms{.job_version = 3, .zone = zone, .storage_path = "ledger", .days_to_keep = 3650},
              .backup_id = backup_id,
              .check_attempts = 1,
              .send_attempts = 2,
              .last_error = "connection \"refused\"",
              .next_action = second(60)}};
}

TEST(BackupRequestBody, IsReadAndWritten) {
  const BackupRequestBody body{job_id, source, as_of};
  EXPECT_EQ(json_text(write_backup_request_body, body), golden_body);
  EXPECT_EQ(read_backup_request_body(golden_body).value(), body);
}

TEST(BackupRequestBody, NamesEveryBadMember) {
  struct Row {
    std::string text;
    std::vector<std::string> pointers;
  };
  const std::string api = R"("apiVersion":"2026-11-01")";
  for (const auto& row : {
           Row{"{" + api + "}", {"/backupJobId", "/backupSourcePath", "/dataAsOfDate"}},
           Row{with(golden_body, R"("apiVersion":"2026-11-01",)", ""), {"/apiVersion"}},
           Row{with(golden_body, R"("2026-11-01")", "20261101"), {"/apiVersion"}},
           Row{with(golden_body, "0190a000-", "0190a000"), {"/backupJobId"}},
           Row{with(golden_body, "\"/data/ledger/2021-01-08\"", "null"), {"/backupSourcePath"}},
           Row{with(golden_body, "/data/ledger", "/data/.."), {"/backupSourcePath"}},
           Row{with(golden_body, "/data/ledger", "/data/\\u001b"), {"/backupSourcePath"}},
           Row{with(golden_body, "/data/", "data/"), {"/backupSourcePath"}},
           Row{with(golden_body, "\"dataAsOfDate\":\"2021-01-08\"", "\"dataAsOfDate\":\"2021-02-29\""),
               {"/dataAsOfDate"}},
           Row{with(golden_body, "\"dataAsOfDate\":\"2021-01-08\"", "\"dataAsOfDate\":\"2021-01-08T00:00:00Z\""),
               {"/dataAsOfDate"}},
           Row{with(golden_body, "}", R"(,"force":true,"stateCode":"Sent"})"), {"/force", "/stateCode"}},
           Row{with(golden_body, "0190a000-", "x"), {"/backupJobId"}},
           Row{"[]", {""}},
           Row{"\"text\"", {""}},
       }) {
    const auto read = read_backup_request_body(row.text);
    ASSERT_FALSE(read.has_value()) << row.text;
    EXPECT_EQ(read.error().kind, ErrorKind::invalid);
    EXPECT_EQ(read.error().code, "invalid-request") << row.text;
    std::vector<std::string> pointers;
    for (const auto& fault : read.error().faults) pointers.push_back(fault.pointer);
    EXPECT_EQ(pointers, row.pointers) << row.text;
  }
}

TEST(BackupRequestBody, RefusesOtherApiVersionsAndListsThoseAccepted) {
  const auto read = read_backup_request_body(R"({"apiVersion":"2099-01-01","somethingNew":1})");
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, "unsupported-api-version");
  EXPECT_NE(read.error().detail.find("2026-11-01"), std::string::npos);
  EXPECT_EQ(read.error().faults, (std::vector<Fault>{{"/apiVersion", "must be 2026-11-01"}}));
}

TEST(BackupRequestBody, RefusesMalformedJson) {
  EXPECT_EQ(read_backup_request_body("").error().code, "malformed-json");
  EXPECT_EQ(read_backup_request_body(with(golden_body, "}", R"(,"apiVersion":"2026-11-01"})")).error().code,
            "malformed-json");
}

TEST(BackupRequestBody, NeverRepeatsALongValue) {
  const auto read = read_backup_request_body(with(golden_body, "/data/ledger", "secret" + std::string(5000, 'x')));
  for (const auto& fault : read.error().faults) EXPECT_LT(fault.detail.size(), 200u);
  EXPECT_EQ(read.error().detail.find("secret"), std::string::npos);
}

TEST(BackupRequestJson, ShowsEveryMemberOfAFinishedRequest) {
  EXPECT_EQ(json_text(write_backup_request, finished_request(), second(200)),
            R"({"backupRequestId":"0190a000-0000-7000-8000-000000000001","apiVersion":"2026-11-01",)"
            R"("backupJobId":"0190a000-0000-7000-8000-000000000002","backupSourcePath":"/data/ledger/2021-01-08",)"
            R"("dataAsOfDate":"2021-01-08","requesterId":"batch-night","transport":"HTTP","stateCode":"Succeeded",)"
            R"("stateReason":"verified","receivedTime":"2026-11-24T02:25:00.123456Z",)"
            R"("checkedTime":"2026-11-24T02:25:01.123456Z","respondedTime":"2026-11-24T02:25:02.123456Z",)"
            R"("sentTime":"2026-11-24T02:25:03.123456Z","sentToZone":"files",)"
            R"("resultDueTime":"2026-11-24T02:26:40.123456Z","overdue":false,)"
            R"("resultReceivedTime":"2026-11-24T02:25:04.123456Z","resultRecordedTime":"2026-11-24T02:25:05.123456Z",)"
            R"("backupId":"0190a000-0000-7000-8000-000000000003","attempts":{"check":1,"send":2},)"
            R"("nextAttemptTime":"2026-11-24T02:26:00.123456Z","lastError":"connection \"refused\"",)"
            R"("traceId":"4bf92f3577b34da6a3ce929d0e0e4736"})");
}

TEST(BackupRequestJson, LeavesOutWhatIsNotThereYet) {
  auto request = finished_request();
  request.progress = {};
  request.order.traceparent.clear();
  request.order.transport = TransportKind::file_drop;
  EXPECT_EQ(json_text(write_backup_request, request, second(1)),
            R"({"backupRequestId":"0190a000-0000-7000-8000-000000000001","apiVersion":"2026-11-01",)"
            R"("backupJobId":"0190a000-0000-7000-8000-000000000002","backupSourcePath":"/data/ledger/2021-01-08",)"
            R"("dataAsOfDate":"2021-01-08","requesterId":"batch-night","transport":"FileDrop","stateCode":"Received",)"
            R"("receivedTime":"2026-11-24T02:25:00.123456Z","overdue":false,"attempts":{"check":0,"send":0}})");
}

TEST(BackupRequestJson, TellsOverdueAndNamesTheZoneOnlyWhenSent) {
  auto request = finished_request();
  request.progress.state = RequestState::sent;
  EXPECT_NE(json_text(write_backup_request, request, second(101)).find(R"("overdue":true)"), std::string::npos);
  EXPECT_NE(json_text(write_backup_request, request, second(100)).find(R"("overdue":false)"), std::string::npos);
  request.progress.state = RequestState::allowed;
  request.progress.sent.reset();
  EXPECT_EQ(json_text(write_backup_request, request, second(101)).find("sentToZone"), std::string::npos);
}

TEST(History, IsWrittenInOrder) {
  const std::vector<HistoryEntry> history{{RequestState::received, second(0), ""},
                                          {RequestState::not_allowed, second(1), "no such job\n"}};
  EXPECT_EQ(json_text(write_history, history),
            R"({"items":[{"stateCode":"Received","time":"2026-11-24T02:25:00.123456Z","detail":""},)"
            R"({"stateCode":"NotAllowed","time":"2026-11-24T02:25:01.123456Z","detail":"no such job\n"}]})");
  EXPECT_EQ(json_text(write_history, std::vector<HistoryEntry>{}), R"({"items":[]})");
}

}  // namespace
}  // namespace backupctl::wire
