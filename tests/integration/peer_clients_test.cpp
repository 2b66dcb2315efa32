// The job service and the zones as their clients see them: what each answer means, and what is none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <thread>

#include "backupctl/http/job_client.hpp"
#include "backupctl/http/zone_client.hpp"
#include "integration/raw_peer.hpp"

namespace backupctl::http {
namespace {

using namespace std::chrono_literals;
using backupctl::testing::answers;
using backupctl::testing::Conversation;
using backupctl::testing::RawPeer;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const JobId job_id = JobId::parse("0190a000-0000-7000-8000-000000000001").value();
const RequestId request_id = RequestId::parse("0190a000-0000-7000-8000-000000000002").value();

std::string answer(std::string_view status, std::string_view type, std::string_view body, std::string_view more = "") {
  std::string text = "HTTP/1.1 " + std::string(status) + " X\r\n";
  if (!type.empty()) text += "Content-Type: " + std::string(type) + "\r\n";
  return text + std::string(more) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string problem(const std::string& status, const std::string& code, std::string_view more = "") {
  return answer(
      status, "application/problem+json",
      R"({"type":"urn:x","title":"T","status":)" + status + R"(,"detail":"the reason","code":")" + code + R"("})",
      more);
}

std::string html(std::string_view status, std::string_view more = "") {
  return answer(status, "text/html; charset=utf-8", "<html><h1>Gateway</h1></html>", more);
}

ClientOptions options_for(const RawPeer& peer, std::chrono::milliseconds timeout = 60s) {
  ClientOptions options;
  options.base_url = peer.url();
  options.timeout = timeout;
  options.bearer_token = "t0ken";
  return options;
}

// A port's client on a running Runtime.
template <class Port>
class Asked {
 public:
  using Make = Result<std::unique_ptr<Port>> (*)(Runtime&, ClientOptions);
  Asked(Make make, ClientOptions options)
      : port_(make(runtime_, std::move(options)).value()), thread_([this] { runtime_.run(); }) {}
  ~Asked() {
    runtime_.stop();
    thread_.join();
  }

  // Calls `ask(port, handler)` on the executor and waits for the handler's argument.
  template <class Reply, class Ask>
  Reply wait(Ask ask) {
    auto promise = std::make_shared<std::promise<Reply>>();
    runtime_.post(
        [this, promise, ask] { ask(*port_, [promise](Reply reply) { promise->set_value(std::move(reply)); }); });
    return promise->get_future().get();
  }

 private:
  Runtime runtime_;
  std::unique_ptr<Port> port_;
  std::thread thread_;
};

using Fetched = Result<std::optional<BackupJob>>;

Fetched fetch(const RawPeer& peer, std::chrono::milliseconds timeout = 60s, const std::string& trace = traceparent) {
  Asked<JobClient> jobs(make_job_client, options_for(peer, timeout));
  return jobs.wait<Fetched>([&trace](JobClient& client, auto handler) {
    client.fetch(job_id, {request_id, trace}, handler);
  });
}

CreateBackupCommand command() {
  return {.id = request_id,
          .fence = 7,
          .job_id = job_id,
          .source = SourcePath::parse("/data/ledger").value(),
          .storage_path = "ledger",
          .data_as_of = CivilDate::parse("2021-01-08").value(),
          .traceparent = traceparent};
}

SendReply send_to(const RawPeer& peer, std::chrono::milliseconds timeout = 60s) {
  Asked<ZoneClient> zone(make_zone_client, options_for(peer, timeout));
  return zone.wait<SendReply>([](ZoneClient& client, auto handler) { client.send(command(), handler); });
}

StatusReply status_of(const RawPeer& peer, std::chrono::milliseconds timeout = 60s) {
  Asked<ZoneClient> zone(make_zone_client, options_for(peer, timeout));
  return zone.wait<StatusReply>([](ZoneClient& client, auto handler) {
    client.status({request_id, traceparent}, handler);
  });
}

CancelReply cancel_at(const RawPeer& peer, std::chrono::milliseconds timeout = 60s) {
  Asked<ZoneClient> zone(make_zone_client, options_for(peer, timeout));
  return zone.wait<CancelReply>([](ZoneClient& client, auto handler) {
    client.cancel({request_id, traceparent}, 8, handler);
  });
}

std::string job_json(const std::string& id = job_id.to_string()) {
  return R"({"backupJobId":")" + id +
         R"(","version":3,"name":"ledger","approvalStateCode":"Approved","zone":"files","storagePath":"ledger",)"
         R"("daysToKeep":3650,"inForceFrom":"2021-01-01","allowedRequesters":["batch-night"],)"
         R"("backupSourceRoots":["/data/ledger"],"pendingVersion":4,"somethingNewer":{}})";
}

const std::string zone_result =
    R"({"apiVersion":"2026-11-01","commandId":"0190a000-0000-7000-8000-000000000002","commandType":"CreateBackup",)"
    R"("resultCode":"Failed","reasonCode":"source-missing","zone":"files","message":"gone"})";

// Neither a job service nor a zone says any of these, whatever it was asked.
struct Unclear {
  std::string bytes;
  std::string detail;  // part of what a person is told
};
std::vector<Unclear> unclear_answers() {
  return {
      {html("200"), "status 200, text/html"},
      {html("202"), "status 202, text/html"},
      {html("404"), "status 404, text/html"},
      {html("409"), "status 409, text/html"},
      {html("412"), "status 412, text/html"},
      {html("422"), "status 422, text/html"},
      {answer("404", "", ""), "status 404, no content type"},
      {answer("404", "application/json", "{}"), "status 404, application/json"},
      {answer("404", "application/problem+json", "{\"status\":404}"), "status 404"},
      {answer("404", "application/problem+json", "<html>"), "status 404"},
      {answer("404", "application/problem+json", R"({"status":410,"code":"backup-job-not-found"})"), "status 404"},
      {answer("200", "application/json", "{"), ""},
      {answer("200", "application/json", "<html>"), ""},
      {answer("200", "text/plain", "ok"), "text/plain"},
      {answer("200", "application/jsonx", "{}"), "application/jsonx"},
      {answer("204", "", ""), "status 204"},
      {html("302", "Location: https://login.example.org/\r\n"), "(Location: https://login.example.org/)"},
      {problem("400", "malformed-json"), "status 400, malformed-json: the reason"},
      {problem("429", "too-many-requests", "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n"), "(Retry-After: Fri"},
      {html("429", "Retry-After: -1\r\n"), "(Retry-After: -1)"},
      {problem("500", "internal"), "status 500"},
      {html("502"), "status 502, text/html, not an answer of ours"},
      {problem("503", "overloaded", "Retry-After: 5\r\n"), "status 503, overloaded: the reason (Retry-After: 5)"},
      {"SSH-2.0-OpenSSH_9.2\r\n", "it does not begin with HTTP"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\n{}", "multiple Content-Length"},
      {answer("200", "application/json", std::string(2'000'000, ' ')), "body limit"},
      {answer("404", "text/ht\xffml", ""), "status 404, text/ht?ml, not an answer of ours"},
  };
}

TEST(JobClientHttp, AsksForTheJob) {
  std::string seen;
  RawPeer peer([&](Conversation& client) {
    seen = client.read_request();
    client.send(answer("200", "application/json; charset=utf-8", job_json()));
  });
  const auto job = fetch(peer);
  ASSERT_TRUE(job) << job.error().detail;
  ASSERT_TRUE(*job);
  EXPECT_EQ((*job)->id, job_id);
  EXPECT_EQ((*job)->version, 3);
  EXPECT_EQ((*job)->approval, ApprovalState::approved);
  EXPECT_EQ((*job)->days_to_keep, 3650);
  EXPECT_THAT(seen, HasSubstr("GET /api/backup-jobs/0190a000-0000-7000-8000-000000000001 HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nAuthorization: Bearer t0ken\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nBackup-Request-Id: 0190a000-0000-7000-8000-000000000002\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\ntraceparent: " + traceparent + "\r\n"));
}

TEST(JobClientHttp, SendsNoTraceparentThatIsNone) {
  for (const std::string bad : {"", "00-1", "x\r\nX-Forged: 1"}) {
    std::string seen;
    RawPeer peer([&](Conversation& client) {
      seen = client.read_request();
      client.send(answer("200", "application/json", job_json()));
    });
    EXPECT_TRUE(fetch(peer, 60s, bad)) << bad;
    EXPECT_THAT(seen, AllOf(Not(HasSubstr("traceparent")), Not(HasSubstr("Forged")))) << bad;
  }
}

TEST(JobClientHttp, OnlyTheJobServiceItselfSaysThatThereIsNoSuchJob) {
  RawPeer peer(answers(problem("404", "backup-job-not-found")));
  const auto job = fetch(peer);
  ASSERT_TRUE(job) << job.error().detail;
  EXPECT_FALSE(*job);
}

void expect_no_job(const std::string& bytes, const std::string& code, const std::string& detail) {
  RawPeer peer(answers(bytes));
  const auto job = fetch(peer);
  ASSERT_FALSE(job) << bytes.substr(0, 200);
  EXPECT_EQ(job.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(job.error().retryable);
  EXPECT_THAT(job.error().detail, HasSubstr(detail));
  if (!code.empty()) {
    EXPECT_EQ(job.error().code, code) << bytes.substr(0, 200);
  }
}

TEST(JobClientHttp, AllElseIsNoAnswer) {
  for (const auto& [bytes, detail] : unclear_answers()) expect_no_job(bytes, "", detail);
  expect_no_job(problem("404", "not-found"), "bad-answer", "status 404, not-found: the reason");
  expect_no_job(problem("410", "backup-job-not-found"), "bad-answer", "status 410");
  expect_no_job(answer("200", "application/json", ""), "bad-answer", "does not read as a job");
  expect_no_job(answer("200", "application/json", "{}"), "bad-answer", "/backupJobId");
  expect_no_job(answer("200", "application/json", job_json(request_id.to_string())), "bad-answer",
                "another job, 0190a000");
  expect_no_job(answer("203", "application/json", job_json()), "bad-answer", "status 203");
  expect_no_job(answer("200", "text/html", job_json()), "bad-answer", "text/html");
  expect_no_job(problem("401", "unauthenticated"), "unauthorized", "status 401, unauthenticated: the reason");
  expect_no_job(html("403"), "unauthorized", "status 403, text/html");
  expect_no_job(problem("503", "overloaded"), "no-answer", "status 503");
  expect_no_job(html("429"), "no-answer", "status 429");
}

TEST(JobClientHttp, SaysWhenNothingCame) {
  RawPeer silent([](Conversation& client) { client.wait_for_close(); });
  const auto job = fetch(silent, 150ms);
  ASSERT_FALSE(job);
  EXPECT_EQ(job.error().code, "no-answer");
  EXPECT_EQ(job.error().detail, "job service: read the answer of " + silent.name() +
                                    " to GET /api/backup-jobs/0190a000-0000-7000-8000-000000000001: no answer within "
                                    "150 ms");
}

TEST(JobClientHttp, TellsNothingThatATerminalWouldObey) {
  RawPeer peer(answers(answer("503", "application/problem+json",
                              R"({"status":503,"code":"x","detail":"\u001b[2J)" + std::string(2000, 'y') + R"("})")));
  const auto job = fetch(peer);
  ASSERT_FALSE(job);
  EXPECT_THAT(job.error().detail, AllOf(Not(HasSubstr("\x1b")), HasSubstr("yyy…")));
  EXPECT_LT(job.error().detail.size(), 500U);
}

TEST(ZoneClientHttp, SendsTheCommandWithItsFence) {
  std::string seen;
  RawPeer peer([&](Conversation& client) {
    seen = client.read_request();
    client.send(answer("202", "", ""));
  });
  EXPECT_EQ(send_to(peer).answer, SendAnswer::accepted);
  EXPECT_THAT(seen, HasSubstr("PUT /zone/commands/0190a000-0000-7000-8000-000000000002 HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nAuthorization: Bearer t0ken\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nBackupctl-Fence: 7\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nBackup-Request-Id: 0190a000-0000-7000-8000-000000000002\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\ntraceparent: " + traceparent + "\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nContent-Type: application/json\r\n"));
  EXPECT_THAT(seen, ::testing::EndsWith(
                        R"({"apiVersion":"2026-11-01","commandType":"CreateBackup",)"
                        R"("backupRequestId":"0190a000-0000-7000-8000-000000000002",)"
                        R"("backupJobId":"0190a000-0000-7000-8000-000000000001","backupSourcePath":"/data/ledger",)"
                        R"("storagePath":"ledger","dataAsOfDate":"2021-01-08"})"));
}

TEST(ZoneClientHttp, ReadsEachAnswerToASend) {
  const std::vector<std::tuple<std::string, SendAnswer, std::string>> rows{
      {answer("202", "application/json", R"({"stateCode":"Accepted"})"), SendAnswer::accepted, ""},
      {answer("200", "", ""), SendAnswer::known, ""},
      {answer("200", "application/json", R"({"stateCode":"Running"})"), SendAnswer::known, ""},
      {problem("422", "source-missing"), SendAnswer::refused, "source-missing: the reason"},
      {problem("409", "command-conflict"), SendAnswer::conflict, "status 409"},
      {problem("412", "stale-fence"), SendAnswer::stale_fence, "status 412"},
      {problem("401", "unauthenticated"), SendAnswer::unauthorized, "status 401"},
      {html("403"), SendAnswer::unauthorized, "status 403"},
      {problem("404", "not-found"), SendAnswer::unanswered, "status 404"},
      {answer("201", "", ""), SendAnswer::unanswered, "status 201"},
  };
  for (const auto& [bytes, expected, detail] : rows) {
    RawPeer peer(answers(bytes));
    const auto reply = send_to(peer);
    EXPECT_EQ(reply.answer, expected) << bytes;
    EXPECT_THAT(reply.detail, HasSubstr(detail));
  }
  for (const auto& [bytes, detail] : unclear_answers()) {
    RawPeer peer(answers(bytes));
    const auto reply = send_to(peer);
    EXPECT_EQ(reply.answer, SendAnswer::unanswered) << bytes.substr(0, 200);
    EXPECT_THAT(reply.detail, AllOf(HasSubstr(detail), Not(::testing::IsEmpty())));
  }
}

TEST(ZoneClientHttp, AsksForTheStatus) {
  std::string seen;
  RawPeer peer([&](Conversation& client) {
    seen = client.read_request();
    client.send(answer("200", "application/json", R"({"stateCode":"Finished","result":)" + zone_result + "}"));
  });
  const auto reply = status_of(peer);
  EXPECT_EQ(reply.state, CommandState::finished) << reply.detail;
  ASSERT_TRUE(reply.result);
  EXPECT_EQ(reply.result->reason_code, "source-missing");
  EXPECT_EQ(reply.body, zone_result);
  EXPECT_THAT(seen, HasSubstr("GET /zone/commands/0190a000-0000-7000-8000-000000000002 HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nBackup-Request-Id: 0190a000-0000-7000-8000-000000000002\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\ntraceparent: " + traceparent + "\r\n"));
  EXPECT_THAT(seen, Not(HasSubstr("Backupctl-Fence")));
}

TEST(ZoneClientHttp, ReadsEachStatus) {
  const std::vector<std::pair<std::string, CommandState>> rows{
      {answer("200", "application/json", R"({"stateCode":"Accepted"})"), CommandState::accepted},
      {answer("200", "application/json", R"({"stateCode":"Running","progress":{"bytes":1}})"), CommandState::running},
      {problem("404", "command-not-found"), CommandState::unknown},
      {problem("401", "unauthenticated"), CommandState::unauthorized},
      {html("403"), CommandState::unauthorized},
      {answer("200", "", ""), CommandState::unanswered},
      {answer("200", "application/json", R"({"stateCode":"Finished"})"), CommandState::unanswered},
      {answer("200", "application/json", R"({"stateCode":"Odd"})"), CommandState::unanswered},
      {problem("412", "stale-fence"), CommandState::unanswered},
  };
  for (const auto& [bytes, expected] : rows) {
    RawPeer peer(answers(bytes));
    EXPECT_EQ(status_of(peer).state, expected) << bytes;
  }
  for (const auto& [bytes, detail] : unclear_answers()) {
    RawPeer peer(answers(bytes));
    const auto reply = status_of(peer);
    EXPECT_EQ(reply.state, CommandState::unanswered) << bytes.substr(0, 200);
    EXPECT_THAT(reply.detail, AllOf(HasSubstr(detail), Not(::testing::IsEmpty())));
  }
}

TEST(ZoneClientHttp, KeepsAResultThatItCannotRead) {
  RawPeer peer(answers(answer("200", "application/json", R"({"stateCode":"Finished","result":{"odd": 1}})")));
  const auto reply = status_of(peer);
  EXPECT_EQ(reply.state, CommandState::finished);
  EXPECT_FALSE(reply.result);
  EXPECT_EQ(reply.body, R"({"odd": 1})");
  EXPECT_NE(reply.detail, "");
}

TEST(ZoneClientHttp, CancelsWithItsFence) {
  std::string seen;
  RawPeer peer([&](Conversation& client) {
    seen = client.read_request();
    client.send(answer("202", "application/json", "{}"));
  });
  EXPECT_EQ(cancel_at(peer).answer, CancelAnswer::taken_up);
  EXPECT_THAT(seen, HasSubstr("DELETE /zone/commands/0190a000-0000-7000-8000-000000000002 HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nBackupctl-Fence: 8\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\nBackup-Request-Id: 0190a000-0000-7000-8000-000000000002\r\n"));
}

TEST(ZoneClientHttp, ReadsEachAnswerToACancel) {
  const std::vector<std::pair<std::string, CancelAnswer>> rows{
      {answer("202", "", ""), CancelAnswer::taken_up},
      {problem("409", "finished"), CancelAnswer::finished},
      {problem("412", "stale-fence"), CancelAnswer::stale_fence},
      {problem("401", "unauthenticated"), CancelAnswer::unauthorized},
      {html("403"), CancelAnswer::unauthorized},
      {answer("200", "", ""), CancelAnswer::unanswered},
      {problem("404", "command-not-found"), CancelAnswer::unanswered},
      {problem("422", "refused"), CancelAnswer::unanswered},
  };
  for (const auto& [bytes, expected] : rows) {
    RawPeer peer(answers(bytes));
    EXPECT_EQ(cancel_at(peer).answer, expected) << bytes;
  }
  for (const auto& [bytes, detail] : unclear_answers()) {
    RawPeer peer(answers(bytes));
    const auto reply = cancel_at(peer);
    EXPECT_EQ(reply.answer, CancelAnswer::unanswered) << bytes.substr(0, 200);
    EXPECT_THAT(reply.detail, AllOf(HasSubstr(detail), Not(::testing::IsEmpty())));
  }
}

TEST(ZoneClientHttp, SaysWhenNothingCame) {
  RawPeer silent([](Conversation& client) { client.wait_for_close(); });
  const auto sent = send_to(silent, 150ms);
  EXPECT_EQ(sent.answer, SendAnswer::unanswered);
  EXPECT_THAT(sent.detail,
              HasSubstr("to PUT /zone/commands/0190a000-0000-7000-8000-000000000002: no answer within 150"));
  EXPECT_EQ(status_of(silent, 150ms).state, CommandState::unanswered);
  EXPECT_EQ(cancel_at(silent, 150ms).answer, CancelAnswer::unanswered);
}

}  // namespace
}  // namespace backupctl::http
