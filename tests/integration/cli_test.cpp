// The command-line client as a program, against services that the test plays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <deque>
#include <map>
#include <mutex>
#include <regex>

#include "digest/sha256.hpp"
#include "http/problem.hpp"
#include "integration/support/fake_server.hpp"
#include "integration/support/temp_dir.hpp"

namespace backupctl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string job_id = "01900000-0000-7000-8000-0000000000aa";
const std::string request_id = "01900000-0000-7000-8000-0000000000bb";
const std::string backup_id = "01900000-0000-7000-8000-0000000000cc";

// Answers each call with what was put there for it: the answers in turn, the last one for good.
class Service {
 public:
  void put(const std::string& call, http::Response answer) {
    const std::lock_guard lock(mutex_);
    answers_[call].push_back(std::move(answer));
  }
  void forget(const std::string& call) {
    const std::lock_guard lock(mutex_);
    answers_.erase(call);
  }
  void put_json(const std::string& call, const std::string& body) { put(call, http::json_response(200, body)); }
  std::string url() const { return server_.url(); }

  std::vector<std::string> calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  http::Request last() {
    const std::lock_guard lock(mutex_);
    return last_;
  }

 private:
  http::Response answer(const http::Request& request) {
    const std::lock_guard lock(mutex_);
    std::string call = request.method + " " + request.path.substr(0, request.path.find('?'));
    for (const auto& [name, value] : request.query) {
      call += (call.find('?') == std::string::npos ? "?" : "&") + name + "=" + value;
    }
    calls_.push_back(call);
    last_ = request;
    auto& answers = answers_[call];
    if (answers.empty()) return http::problem_response(404, "not-found", "the test has no answer to " + call);
    auto next = answers.front();
    if (answers.size() > 1) answers.pop_front();
    return next;
  }

  std::mutex mutex_;
  std::map<std::string, std::deque<http::Response>> answers_;
  std::vector<std::string> calls_;
  http::Request last_;
  testing::FakeServer server_{[this](const http::Request& request) { return answer(request); }};
};

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

std::string shell_word(const std::string& text) {
  return "'" + std::regex_replace(text, std::regex("'"), "'\\''") + "'";
}

class Cli : public ::testing::Test {
 protected:
  Outcome run(const std::vector<std::string>& words) {
    const auto file = [this](const char* name) { return (folder_.path() / name).string(); };
    std::string command = "env -u BACKUPCTL_TOKEN_FILE BACKUPCTL_CONTROLLER=" + controller_.url() +
                          " BACKUPCTL_JOBS=" + jobs_.url() + " " + variables_ + " " + shell_word(BACKUPCTL_PROGRAM);
    for (const auto& word : words) command += " " + shell_word(word);
    command += " </dev/null >" + file("out") + " 2>" + file("err");
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, testing::read_file(file("out")),
            testing::read_file(file("err"))};
  }
  Outcome submit(std::vector<std::string> more = {}) {
    std::vector<std::string> words{"request",  "submit",  "--job",   job_id,
                                   "--source", "/data/x", "--as-of", "2021-01-08"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  void accept_request() {
    controller_.put("POST /api/backup-requests", http::json_response(202, request_in("Allowed")));
  }
  static std::string request_in(const std::string& state, const std::string& more = "") {
    return R"({"backupRequestId":")" + request_id + R"(","stateCode":")" + state + "\"" + more + "}";
  }
  static std::string without_times(const std::string& text) {
    return std::regex_replace(text, std::regex(R"(\d+ s\b)"), "N s");
  }

  testing::TempDir folder_;
  Service controller_;
  Service jobs_;
  std::string variables_;
  const std::string request_path_ = "GET /api/backup-requests/" + request_id;
};

TEST_F(Cli, FollowsListsFromPageToPage) {
  controller_.put_json("GET /api/backups?limit=3",
                       R"({"items":[{"backupId":"b1","stateCode":"Stored","byteCount":12345678901},)"
                       R"({"backupId":"b2","stateCode":"Stored","byteCount":7}],"nextCursor":"c1"})");
  controller_.put_json("GET /api/backups?limit=1&cursor=c1",
                       R"({"items":[{"backupId":"b3","byteCount":42}],"nextCursor":"c2"})");
  const auto table = run({"backup", "list", "--limit", "3"});
  EXPECT_EQ(table.code, 0);
  EXPECT_EQ(table.out,
            "backupId  stateCode  dataAsOfDate  zone    byteCount  dueToDeleteDate  backupJobId  backupStoragePath\n"
            "b1        Stored     -             -     12345678901  -                -            -\n"
            "b2        Stored     -             -               7  -                -            -\n"
            "b3        -          -             -              42  -                -            -\n");
  EXPECT_EQ(table.err, "there are more than these 3: --limit N shows up to N\n");

  const auto json = run({"--output", "json", "backup", "list", "--limit", "3"});
  EXPECT_EQ(json.out, R"({"items":[{"backupId":"b1","stateCode":"Stored","byteCount":12345678901},)"
                      R"({"backupId":"b2","stateCode":"Stored","byteCount":7},{"backupId":"b3","byteCount":42}],)"
                      R"("nextCursor":"c2"})"
                      "\n");
}

TEST_F(Cli, SaysThatAListIsEmptyOutsideOfTheOutput) {
  controller_.put_json("GET /api/backups?zone=files&stateCode=Stored&limit=100", R"({"items":[]})");
  const auto list = run({"backup", "list", "--zone", "files", "--state", "Stored"});
  EXPECT_EQ(list.code, 0);
  EXPECT_EQ(list.out, "");
  EXPECT_EQ(list.err, "no backups\n");
}

TEST_F(Cli, AlignsWideTextAndEscapesWhatATerminalWouldActUpon) {
  jobs_.put_json("GET /api/backup-jobs?limit=100",
                 R"({"items":[{"backupJobId":"j1","name":"帳簿","version":1,"zone":"a"},)"
                 R"({"backupJobId":"j2","name":"e\u0301\u001b[31m\u202e","version":10,"zone":"b"}]})");
  EXPECT_EQ(run({"job", "list"}).out,
            "backupJobId  name             version  approvalStateCode  pendingVersion  zone  daysToKeep  ownerId\n"
            "j1           帳簿                   1  -                  -               a     -           -\n"
            "j2           e\u0301\\x1b[31m\\u202e       10  -                  -               b     -           -\n");
}

TEST_F(Cli, CreatesAJobFromOptions) {
  jobs_.put("POST /api/backup-jobs",
            http::json_response(201, R"({"backupJobId":")" + job_id + R"(","version":1,"approvalStateCode":"Draft"})"));
  const auto created =
      run({"job",         "create",         "--name", "ledger \"A\"",  "--zone",  "files",         "--storage-path",
           "ledger",      "--days-to-keep", "30",     "--source-root", "/data/a", "--source-root", "/data/b",
           "--requester", "batch-night",    "--from", "2021-01-01",    "--to",    "2031-12-31"});
  EXPECT_EQ(created.code, 0);
  EXPECT_EQ(created.out, job_id + "\n");
  EXPECT_EQ(created.err, "version 1 is Draft\nNext: backupctl job submit " + job_id + "\n");
  EXPECT_EQ(jobs_.last().body,
            R"({"name":"ledger \"A\"","zone":"files","storagePath":"ledger","daysToKeep":30,)"
            R"("inForceFrom":"2021-01-01","inForceTo":"2031-12-31","allowedRequesters":["batch-night"],)"
            R"("backupSourceRoots":["/data/a","/data/b"]})");
}

TEST_F(Cli, CreatesAJobFromAFile) {
  jobs_.put("POST /api/backup-jobs", http::json_response(201, R"({"backupJobId":"j","version":1})"));
  EXPECT_EQ(run({"job", "create", "--file", folder_.write("job.json", R"({"name":"x"})")}).code, 0);
  EXPECT_EQ(jobs_.last().body, R"({"name":"x"})");
  const auto broken = run({"job", "create", "--file", folder_.write("broken.json", R"({"name":)")});
  EXPECT_EQ(broken.code, 2);
  EXPECT_THAT(broken.err, HasSubstr("broken.json is no JSON"));
  EXPECT_EQ(run({"job", "create", "--file", "/nowhere.json"}).code, 2);
}

TEST_F(Cli, ChangesTheNewestVersionAndKeepsTheOtherMembers) {
  jobs_.put_json("GET /api/backup-jobs/" + job_id, R"({"version":1,"name":"a","daysToKeep":3,"pendingVersion":2})");
  jobs_.put_json("GET /api/backup-jobs/" + job_id + "?version=2",
                 R"({"version":2,"name":"b","daysToKeep":3,"new":[1]})");
  jobs_.put_json("PUT /api/backup-jobs/" + job_id, R"({"backupJobId":"j","version":3,"approvalStateCode":"Draft"})");
  EXPECT_EQ(run({"job", "change", job_id, "--days-to-keep", "40"}).code, 0);
  EXPECT_EQ(jobs_.last().body, R"({"version":2,"name":"b","new":[1],"daysToKeep":40})");
  EXPECT_EQ(jobs_.last().headers.find("If-Match"), "\"2\"");
}

TEST_F(Cli, DecidesOnTheNewestVersionAndSuspendsTheOneInForce) {
  const auto job = "/api/backup-jobs/" + job_id;
  jobs_.put_json("GET " + job, R"({"version":1,"pendingVersion":2})");
  jobs_.put_json("GET " + job + "?version=2", R"({"version":2})");
  jobs_.put_json("POST " + job + "/approve", R"({"version":2,"name":"ledger","approvalStateCode":"Approved"})");
  jobs_.put_json("POST " + job + "/suspend", R"({"version":1,"name":"ledger","approvalStateCode":"Suspended"})");
  const auto approved = run({"job", "approve", job_id, "--comment", "as agreed"});
  EXPECT_EQ(approved.code, 0);
  EXPECT_EQ(approved.out, "version 2 of job ledger is Approved\n");
  EXPECT_EQ(jobs_.last().body, R"({"version":2,"comment":"as agreed"})");
  EXPECT_EQ(run({"job", "suspend", job_id}).code, 0);
  EXPECT_EQ(jobs_.last().body, R"({"version":1})");
  EXPECT_EQ(run({"job", "approve", job_id, "--version", "7"}).code, 0);
  EXPECT_EQ(jobs_.last().body, R"({"version":7})");
}

TEST_F(Cli, TellsAProblemWithEveryPointerAndWhatToDo) {
  jobs_.put("POST /api/backup-jobs",
            http::problem_response(422, "invalid-request", "two members are not right",
                                   {{"/zone", "must be there"}, {"/daysToKeep", "must be \u001b a number"}}));
  const auto refused = run({"job", "create", "--file", folder_.write("job.json", "{}")});
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.out, "");
  EXPECT_EQ(refused.err,
            "backupctl: Invalid request: two members are not right (422 invalid-request)\n"
            "  /zone  must be there\n  /daysToKeep  must be \\x1b a number\n");
  controller_.put("GET /api/status", http::problem_response(401, "unauthenticated", "there is no token"));
  EXPECT_THAT(run({"status"}).err, HasSubstr("Next: name the file that holds your token: --token-file"));
  controller_.put("GET /api/zones", {.status = 200, .headers = {{"Content-Type", "text/html"}}, .body = "<html>"});
  EXPECT_THAT(run({"zone", "list"}).err, HasSubstr("Next: make sure that the controller is at http://127.0.0.1:"));
  const auto nobody = run({"--controller", "http://127.0.0.1:1", "status"});
  EXPECT_EQ(nobody.code, 1);
  EXPECT_THAT(nobody.err, HasSubstr("Next: start the controller, or say where it is: --controller URL"));
}

TEST_F(Cli, SubmitsWhatItIsGiven) {
  accept_request();
  const auto submitted = submit({"--key", "k 1", "--respond-async"});
  EXPECT_EQ(submitted.code, 0);
  EXPECT_EQ(submitted.out, request_id + "\n");
  EXPECT_EQ(submitted.err, "Allowed\nNext: backupctl request show " + request_id + "\n");
  const auto sent = controller_.last();
  EXPECT_EQ(sent.body, R"({"apiVersion":"2026-11-01","backupJobId":")" + job_id +
                           R"(","backupSourcePath":"/data/x","dataAsOfDate":"2021-01-08"})");
  EXPECT_EQ(sent.headers.find("Idempotency-Key"), "k 1");
  EXPECT_EQ(sent.headers.find("Prefer"), "respond-async");
  EXPECT_EQ(sent.headers.find("Content-Type"), "application/json");
}

TEST_F(Cli, WaitsForTheEndAndTellsItByTheExitCode) {
  accept_request();
  controller_.put_json(request_path_, request_in("Allowed"));
  controller_.put_json(request_path_, request_in("Sent", R"(,"sentToZone":"files")"));
  controller_.put(request_path_, http::problem_response(503, "store-unavailable", "no store"));
  controller_.put_json(request_path_, request_in("Succeeded", R"(,"backupId":")" + backup_id + "\""));
  const auto done = submit({"--wait"});
  EXPECT_EQ(done.code, 0);
  EXPECT_EQ(done.out, request_id + "\n");
  EXPECT_EQ(without_times(done.err),
            "N s  Allowed\nN s  Sent to zone files\n"
            "N s  no answer: Not available now: no store (503 store-unavailable); try again in N s\n"
            "Succeeded after N s\nNext: backupctl backup show " +
                backup_id + "\n");
}

TEST_F(Cli, HasAnExitCodeForEachEnd) {
  accept_request();
  for (const auto& [state, code] : std::map<std::string, int>{{"NotAllowed", 3}, {"Failed", 4}, {"Cancelled", 5}}) {
    controller_.forget(request_path_);
    controller_.put_json(request_path_, request_in(state, R"(,"stateReason":"because")"));
    const auto ended = submit({"--wait", "--output", "json"});
    EXPECT_EQ(ended.code, code) << state;
    EXPECT_EQ(ended.out, request_in(state, R"(,"stateReason":"because")") + "\n");
    EXPECT_THAT(ended.err, HasSubstr(state + " after "));
  }
}

TEST_F(Cli, GivesUpWaitingInTime) {
  accept_request();
  controller_.put_json(request_path_, request_in("Sent", R"(,"sentToZone":"files","overdue":true)"));
  const auto late = submit({"--wait", "--timeout", "100ms"});
  EXPECT_EQ(late.code, 6);
  EXPECT_EQ(without_times(late.err),
            "N s  Sent to zone files, overdue\nnot ended after N s; it goes on\nNext: backupctl request show " +
                request_id + "\n");
}

TEST_F(Cli, TellsWhatIsNotAllowed) {
  controller_.put("POST /api/backup-requests",
                  http::problem_response(403, "backup-request-not-allowed", "the job is not approved", {},
                                         {.backup_request_id = request_id}));
  const auto refused = submit({"--wait"});
  EXPECT_EQ(refused.code, 3);
  EXPECT_EQ(refused.err,
            "backupctl: Not allowed: the job is not approved (403 backup-request-not-allowed)\n"
            "Next: backupctl job show " +
                job_id + " says what the job allows\nThe request is kept: backupctl request show " + request_id + "\n");
}

TEST_F(Cli, FollowsARequestThatCouldNotBeChecked) {
  controller_.put("POST /api/backup-requests", http::problem_response(503, "job-service-unavailable", "no answer", {},
                                                                      {.backup_request_id = request_id}));
  controller_.put_json(request_path_, request_in("Cancelled", R"(,"stateReason":"check-unavailable")"));
  EXPECT_EQ(submit({"--wait"}).code, 5);
  EXPECT_EQ(submit().code, 1);
}

TEST_F(Cli, RefusesValuesThatCannotBeRightWithoutAskingAnyone) {
  using Words = std::vector<std::string>;
  const Words bad[] = {
      {},
      {"nonsense"},
      {"request"},
      {"request", "show", "12"},
      {"request", "show"},
      {"request", "show", request_id, "more"},
      {"request", "list", "--state", "Done"},
      {"request", "list", "--limit", "0"},
      {"request", "list", "--received-from", "yesterday"},
      {"backup", "list", "--as-of-from", "2021-02-29"},
      {"zone", "pause", "No Zone"},
      {"job", "create", "--name", "x"},
      {"job", "create", "--file", "x", "--name", "x"},
      {"job", "approve", job_id, "--version", "0"},
      {"job", "change", job_id},
      {"job", "change", job_id, "--from", "2022-01-01", "--to", "2021-01-01"},
      {"--output", "xml", "status"},
      {"--controller", "ftp://x", "status"},
      {"--token-file", "/nowhere/token", "status"},
      {"token", "new", "--role", "king"},
      {"token", "new", "--role", "zone"},
      {"request", "cancel-all", "--reason", "x"},
      {"request", "resend", "--reason", "x"},
  };
  for (const auto& words : bad) {
    const auto refused = run(words);
    EXPECT_EQ(refused.code, 2) << ::testing::PrintToString(words) << refused.err;
    EXPECT_EQ(refused.out, "") << ::testing::PrintToString(words);
    EXPECT_THAT(refused.err, ::testing::StartsWith("backupctl: ")) << ::testing::PrintToString(words);
  }
  EXPECT_EQ(submit({"--timeout", "1h"}).code, 2) << "a time-out without --wait";
  EXPECT_EQ(submit({"--wait", "--timeout", "0s"}).code, 2);
  EXPECT_EQ(submit({"--wait", "--timeout", "soon"}).code, 2);
  EXPECT_EQ(submit({"--key", "\u00e9"}).code, 2);
  EXPECT_THAT(controller_.calls(), IsEmpty());
  EXPECT_THAT(jobs_.calls(), IsEmpty());
}

TEST_F(Cli, HelpsAtEveryLevel) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"--help"}, {"request", "--help"}, {"request", "submit", "--help"}, {"job", "create", "--help"}}) {
    const auto help = run(words);
    EXPECT_EQ(help.code, 0);
    EXPECT_THAT(help.out, HasSubstr("Examples:\n  backupctl "));
  }
  EXPECT_THAT(run({"--version"}).out, ::testing::MatchesRegex("backupctl [0-9.]+\n"));
}

TEST_F(Cli, MakesTokensThatItCanUse) {
  const auto file = (folder_.path() / "ann.token").string();
  const auto made = run({"token", "new", "--name", "ann", "--role", "owner", "--role", "operator", "--out", file});
  EXPECT_EQ(made.code, 0);
  const auto token = testing::read_file(file);
  EXPECT_THAT(token, ::testing::MatchesRegex("[0-9a-f]{64}"));
  EXPECT_EQ(made.out, "[[auth.token]]\nname = \"ann\"\nowner = \"ann\"\nsha256 = \"" + digest::sha256_hex(token) +
                          "\"\nroles = [\"owner\", \"operator\"]\n");
  EXPECT_THAT(made.err, ::testing::Not(HasSubstr(token)));
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);

  EXPECT_EQ(run({"token", "new", "--out", file}).code, 1) << "a token was written over";
  EXPECT_EQ(testing::read_file(file), token);

  controller_.put_json("GET /api/zones", R"({"items":[]})");
  variables_ = "BACKUPCTL_TOKEN_FILE=" + file;
  EXPECT_EQ(run({"zone", "list"}).code, 0);
  EXPECT_EQ(controller_.last().headers.find("Authorization"), "Bearer " + token);
}

TEST_F(Cli, ShowsTheStatusInParts) {
  controller_.put_json("GET /api/status",
                       R"({"ready":true,"states":{"Received":{"count":2,"oldestSeconds":17}},)"
                       R"("dependencies":[{"name":"jobs","breaker":"open","lastError":"refused"}],)"
                       R"("zones":[{"name":"files","paused":true,"inFlight":0,"waiting":3}],"parkedResults":1,)"
                       R"("rowsWithoutNextStep":0,"clock":"ok","controllers":[]})");
  const auto status = run({"status"});
  EXPECT_EQ(status.out,
            "ready  clock  parkedResults  rowsWithoutNextStep\n"
            "yes    ok                 1                    0\n\n"
            "stateCode  count  oldestSeconds\n"
            "Received       2             17\n\n"
            "zone   paused  inFlight  waiting\n"
            "files  yes            0        3\n\n"
            "dependency  breaker  lastError\n"
            "jobs        open     refused\n");
  EXPECT_EQ(status.err, "Next: backupctl parked list shows the results that fit nothing\n");
}

TEST_F(Cli, FailsWhenItsOutputIsLost) {
  controller_.put_json("GET /api/zones", R"({"items":[{"name":"files"}]})");
  const auto command = "BACKUPCTL_CONTROLLER=" + controller_.url() + " " + shell_word(BACKUPCTL_PROGRAM) +
                       " zone list >/dev/full 2>/dev/null";
  const int status = std::system(command.c_str());
  EXPECT_EQ(WEXITSTATUS(status), 1);
}

}  // namespace
}  // namespace backupctl
