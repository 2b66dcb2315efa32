// The real program over HTTP.
#include <gmock/gmock.h>

#include <atomic>
#include <limits>
#include <thread>

#include "integration/raw_peer.hpp"
#include "jobs_process.hpp"

namespace backupctl::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string document =
    R"({"name":"ledger","zone":"files","storagePath":"ledger","daysToKeep":3650,"inForceFrom":"2021-01-01",)"
    R"("inForceTo":"2031-12-31","allowedRequesters":["batch-night"],"backupSourceRoots":["/data/ledger"]})";
const std::string nobodys_id = "01900000-0000-7000-8000-000000000009";

class JobsProgram : public ::testing::Test {
 protected:
  std::string config(const std::string& extra = "") {
    const auto path = folder.path / "jobs.toml";
    std::ofstream(path) << extra
                        << token_table({{"alice", "alice \"owner\""},
                                        {"alice-2", "alice \"approver\""},
                                        {"carol", "carol \"owner\""},
                                        {"bob", "bob \"approver\""},
                                        {"audit", "audrey \"auditor\""},
                                        {"controller", "controller \"jobs\""},
                                        {"batch", "batch-night \"requester\", \"operator\", \"zone\""}})
                        << "zone = \"files\"\n";
    return path;
  }
  std::vector<std::string> arguments(std::vector<std::string> more = {}) {
    std::vector<std::string> all{"--set", "http.listen=127.0.0.1:0", "--set",
                                 "store.url=sqlite://" + (folder.path / "jobs.db").string()};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  void start(const std::string& extra = "") {
    server.reset();
    server = std::make_unique<JobsProcess>(arguments({"--config", config(extra)}));
    ASSERT_NE(server->address, "") << server->log;
  }
  void start_open() {
    server.reset();
    server = std::make_unique<JobsProcess>(arguments());
    ASSERT_NE(server->address, "") << server->log;
  }
  Caller as(const std::string& name) { return {server->address, name.empty() ? "" : "token-" + name}; }
  std::string create(const std::string& name = "alice") {
    return as(name).post("/api/backup-jobs", document).text("backupJobId");
  }
  std::string approved() {
    const auto id = create();
    as("alice").act(id, "submit", 1);
    EXPECT_EQ(as("bob").act(id, "approve", 1).status, 200);
    return id;
  }
  static std::string path(const std::string& id) { return "/api/backup-jobs/" + id; }

  TemporaryFolder folder;
  std::unique_ptr<JobsProcess> server;
};

TEST_F(JobsProgram, OnePersonCreatesAnotherApproves) {
  start();
  const auto created = as("alice").post("/api/backup-jobs", document);
  ASSERT_EQ(created.status, 201) << created.body;
  const auto id = created.text("backupJobId");
  EXPECT_EQ(created.headers.find("Location"), path(id));
  EXPECT_EQ(created.headers.find("ETag"), "\"1\"");
  EXPECT_EQ(created.text("approvalStateCode"), "Draft");
  EXPECT_EQ(created.text("ownerId"), "alice");
  EXPECT_EQ(created.number("version"), 1);

  EXPECT_EQ(as("alice").act(id, "submit", 1).text("approvalStateCode"), "Submitted");
  EXPECT_EQ(as("bob").act(id, "approve", 1).text("approvalStateCode"), "Approved");
  const auto read = as("controller").get(path(id));
  EXPECT_EQ(read.status, 200);
  EXPECT_EQ(read.text("approvalStateCode"), "Approved");
  EXPECT_THAT(read.body, Not(HasSubstr("pendingVersion")));

  const auto history = as("audit").get(path(id) + "/history");
  EXPECT_EQ(history.status, 200);
  std::vector<std::string> acts;
  for (const auto& item : history.json.at("items").as_array()) {
    acts.push_back(std::string(item.at("actor").as_string()) + " " + std::string(item.at("action").as_string()));
  }
  EXPECT_THAT(acts, ElementsAre("alice create", "alice submit", "bob approve"));
}

TEST_F(JobsProgram, NobodyApprovesTheirOwnWithWhicheverToken) {
  start();
  const auto id = create();
  as("alice").act(id, "submit", 1);
  const auto refused = as("alice-2").act(id, "approve", 1);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.code(), "four-eyes");
  EXPECT_EQ(as("controller").get(path(id)).text("approvalStateCode"), "Submitted");
}

TEST_F(JobsProgram, AChangeWaitsWhileTheApprovedVersionStaysInForce) {
  start();
  const auto id = approved();
  auto changed = document;
  changed.replace(changed.find("3650"), 4, "10");
  EXPECT_EQ(as("alice").ask("PUT", path(id), changed).status, 428);
  EXPECT_EQ(as("alice").put(path(id), changed, "\"7\"").status, 412);
  EXPECT_EQ(as("alice").put(path(id), changed, "*").code(), "invalid-request");
  const auto put = as("alice").put(path(id), changed, "\"1\"");
  ASSERT_EQ(put.status, 200) << put.body;
  EXPECT_EQ(put.number("version"), 2);
  EXPECT_EQ(put.text("approvalStateCode"), "Draft");
  EXPECT_EQ(as("alice").put(path(id), changed, "\"1\"").code(), "stale-version");

  auto read = as("controller").get(path(id));
  EXPECT_EQ(read.number("version"), 1);
  EXPECT_EQ(read.number("daysToKeep"), 3650);
  EXPECT_EQ(read.number("pendingVersion"), 2);
  EXPECT_EQ(as("bob").get(path(id) + "?version=2").number("daysToKeep"), 10);
  EXPECT_EQ(as("bob").get(path(id) + "?version=3").status, 404);
  EXPECT_EQ(as("bob").get(path(id) + "?version=x").status, 422);

  as("alice").act(id, "submit", 2);
  const auto stale = as("bob").act(id, "approve", 1);
  EXPECT_EQ(stale.status, 409);
  EXPECT_EQ(stale.code(), "stale-version");
  EXPECT_EQ(as("bob").act(id, "approve", 2).status, 200);
  read = as("controller").get(path(id));
  EXPECT_EQ(read.number("version"), 2);
  EXPECT_EQ(read.number("daysToKeep"), 10);

  EXPECT_EQ(as("alice").act(id, "suspend", 2).text("approvalStateCode"), "Suspended");
  EXPECT_EQ(as("bob").act(id, "resume", 2).text("approvalStateCode"), "Approved");
  EXPECT_EQ(as("bob").act(id, "resume", 2).code(), "wrong-state");
  EXPECT_EQ(as("alice").act(id, "retire", 2).text("approvalStateCode"), "Retired");
  EXPECT_EQ(as("alice").put(path(id), changed, "\"2\"").code(), "retired");
}

TEST_F(JobsProgram, AnAnswerCanBeEditedAndSentBack) {
  start();
  const auto id = approved();
  auto body = as("alice").get(path(id)).body;
  body.replace(body.find("3650"), 4, "99");
  EXPECT_EQ(as("alice").put(path(id), body, "\"1\"").number("daysToKeep"), 99);
}

TEST_F(JobsProgram, WhoMayDoWhat) {
  start();
  const auto id = create();
  for (const auto* name : {"alice", "bob", "audit", "controller"})
    EXPECT_EQ(as(name).get(path(id)).status, 200) << name;
  for (const auto& target : {path(id), path(id) + "/history", path(id) + "/backups"}) {
    EXPECT_EQ(as("carol").get(target).code(), "backup-job-not-found") << target;
    EXPECT_EQ(as("batch").get(target).status, 403) << target;
    EXPECT_EQ(as("").get(target).status, 401) << target;
    EXPECT_EQ(as("wrong").get(target).status, 401) << target;
  }
  EXPECT_EQ(as("carol").put(path(id), document, "\"1\"").code(), "backup-job-not-found");
  EXPECT_EQ(as("carol").act(id, "retire", 1).code(), "backup-job-not-found");
  EXPECT_EQ(as("carol").get("/api/backup-jobs").body, R"({"items":[]})");
  for (const auto* name : {"bob", "audit", "controller", "batch"}) {
    EXPECT_EQ(as(name).post("/api/backup-jobs", document).code(), "forbidden") << name;
    EXPECT_EQ(as(name).put(path(id), document, "\"1\"").code(), "forbidden") << name;
    EXPECT_EQ(as(name).act(id, "submit", 1).code(), "forbidden") << name;
  }
  for (const auto* name : {"alice", "audit", "controller", "batch"}) {
    for (const auto* action : {"approve", "deny"}) EXPECT_EQ(as(name).act(id, action, 1).code(), "forbidden") << name;
  }
  for (const auto* open : {"/livez", "/readyz", "/metrics", "/openapi.json"}) EXPECT_EQ(as("").get(open).status, 200);
}

TEST_F(JobsProgram, BadInputIsNamedInFullAndStoresNothing) {
  start();
  const auto bad = as("alice").post("/api/backup-jobs", R"({"name":"","zone":"A","storagePath":"..","daysToKeep":-1,)"
                                                        R"("allowedRequesters":[],"backupSourceRoots":["x"],"x":1})");
  EXPECT_EQ(bad.status, 422);
  EXPECT_EQ(bad.json.at("errors").as_array().size(), 7U) << bad.body;
  EXPECT_EQ(as("alice").post("/api/backup-jobs", "{").code(), "malformed-json");
  EXPECT_EQ(as("alice").post("/api/backup-jobs", R"({"name":"a","name":"b"})").status, 400);
  EXPECT_EQ(as("alice").post("/api/backup-jobs", std::string(70'000, ' ')).status, 413);
  EXPECT_EQ(as("alice").ask("POST", "/api/backup-jobs", document, {{"Content-Type", "text/plain"}}).status, 415);
  EXPECT_EQ(as("alice").post("/api/backup-jobs?x=1", document).status, 400);
  EXPECT_EQ(as("alice").act(nobodys_id, "submit", 1).code(), "backup-job-not-found");
  EXPECT_EQ(as("alice").get(path("not-a-uuid")).code(), "backup-job-not-found");
  EXPECT_EQ(as("alice").act(nobodys_id, "explode", 1).status, 404);
  EXPECT_EQ(as("audit")
                .get("/api/backup-jobs?limit=0&cursor=x&zone=A&approvalStateCode=Good")
                .json.at("errors")
                .as_array()
                .size(),
            4U);
  EXPECT_EQ(as("audit").get("/api/backup-jobs").body, R"({"items":[]})");
}

TEST_F(JobsProgram, ListsInPages) {
  start();
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(create(i == 1 ? "carol" : "alice"));
  const auto first = as("audit").get("/api/backup-jobs?limit=2");
  ASSERT_EQ(first.json.at("items").as_array().size(), 2U);
  EXPECT_EQ(first.json.at("items").at(0).at("backupJobId").as_string(), ids[2]);
  const auto second = as("audit").get("/api/backup-jobs?limit=2&cursor=" + first.text("nextCursor"));
  ASSERT_EQ(second.json.at("items").as_array().size(), 1U);
  EXPECT_EQ(second.json.at("items").at(0).at("backupJobId").as_string(), ids[0]);
  EXPECT_EQ(second.text("nextCursor"), "");
  EXPECT_EQ(as("alice").get("/api/backup-jobs").json.at("items").as_array().size(), 2U);
  EXPECT_EQ(as("audit").get("/api/backup-jobs?ownerId=carol").json.at("items").as_array().size(), 1U);
}

TEST_F(JobsProgram, WithoutTokensAllButTheApprovalWorks) {
  start_open();
  const auto id = create("");
  EXPECT_EQ(as("").get(path(id)).text("ownerId"), "local");
  EXPECT_EQ(as("").act(id, "submit", 1).status, 200);
  const auto refused = as("").act(id, "approve", 1);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.code(), "identities-required");
}

TEST_F(JobsProgram, BackupsComeFromTheController) {
  const std::string list = R"({"items":[{"backupId":"b"}]})";
  std::string question;
  const auto answer_json = [](int status, const std::string& type, const std::string& body) {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: " + type +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
  };
  testing::RawPeer controller(std::vector<testing::RawPeer::Script>{
      [&](testing::Conversation& client) {
        question = client.read_request();
        client.send(answer_json(200, "application/json", list));
      },
      testing::answers_once(answer_json(200, "text/html", "<html>a proxy</html>")),
      testing::answers_once(answer_json(403, "application/problem+json",
                                        R"({"type":"t","title":"t","status":403,"code":"forbidden","detail":"d"})")),
      testing::answers_once(
          answer_json(422, "application/problem+json",
                      R"({"type":"t","title":"t","status":422,"code":"invalid-request","detail":"d"})"))});
  const auto token_file = folder.path / "token";
  std::ofstream(token_file) << "s3cret\n";
  start("[controller]\nurl = \"" + controller.url() + "\"\ntokenFile = \"" + token_file.string() + "\"\n");
  const auto id = create();
  const auto target = path(id) + "/backups?limit=5&cursor=a%26b";
  const auto found = as("alice").get(target);
  EXPECT_EQ(found.status, 200);
  EXPECT_EQ(found.body, list);
  EXPECT_THAT(question, HasSubstr("GET /api/backups?backupJobId=" + id + "&limit=5&cursor=a%26b HTTP/1.1"));
  EXPECT_THAT(question, HasSubstr("Authorization: Bearer s3cret"));
  EXPECT_EQ(as("alice").get(target).code(), "controller-unavailable");
  EXPECT_EQ(as("alice").get(target).code(), "controller-unavailable");
  EXPECT_EQ(as("alice").get(target).status, 422);
  server->end(SIGTERM);
  EXPECT_THAT(server->log, Not(HasSubstr("s3cret")));
  EXPECT_THAT(server->log, Not(HasSubstr("token-alice")));
}

TEST_F(JobsProgram, AControllerThatIsAwayIsA503) {
  start("[controller]\nurl = \"http://127.0.0.1:1\"\n");
  const auto away = as("alice").get(path(create()) + "/backups");
  EXPECT_EQ(away.status, 503);
  EXPECT_EQ(away.code(), "controller-unavailable");
  EXPECT_TRUE(away.headers.find("Retry-After"));
}

TEST_F(JobsProgram, TheDescriptionNamesEveryCallThatIsServed) {
  start();
  const auto description = as("").get("/openapi.json");
  ASSERT_EQ(description.text("openapi"), "3.1.0");
  const auto id = create();
  for (const auto& [pattern, item] : description.json.at("paths").as_object()) {
    auto target = std::string(pattern);
    if (const auto at = target.find("{id}"); at != std::string::npos) target.replace(at, 4, id);
    for (const auto& [method, operation] : item.as_object()) {
      if (method == "parameters") continue;
      std::string verb(method);
      for (auto& c : verb) c = static_cast<char>(std::toupper(c));
      const auto answer = as("alice").ask(verb, target);
      EXPECT_NE(answer.status, 404) << verb << ' ' << target;
      EXPECT_NE(answer.status, 405) << verb << ' ' << target;
    }
  }
}

TEST_F(JobsProgram, MetricsCountJobs) {
  start();
  create();
  approved();
  const auto metrics = as("").get("/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("backupctl_backup_jobs{state=\"Draft\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("backupctl_backup_jobs{state=\"Approved\"} 1\n"));
}

TEST_F(JobsProgram, EndsWithZeroWhenAskedAndWithTheRightCodeWhenItCannotStart) {
  start();
  EXPECT_EQ(server->end(SIGTERM), 0);
  EXPECT_THAT(server->log, HasSubstr("\"msg\":\"stopped\""));

  JobsProcess misconfigured(arguments({"--set", "http.listn=x", "--check-config"}));
  EXPECT_EQ(misconfigured.end(0), 2);
  EXPECT_THAT(misconfigured.log, HasSubstr("did you mean http.listen?"));

  JobsProcess fine(arguments({"--check-config", "--config", config()}));
  EXPECT_EQ(fine.end(0), 0) << fine.log;

  std::ofstream(folder.path / "foreign.db") << "not a database, but long enough to be taken for a file of some kind";
  JobsProcess foreign(arguments({"--set", "store.url=sqlite://" + (folder.path / "foreign.db").string()}));
  EXPECT_EQ(foreign.end(0), 1);
  EXPECT_THAT(foreign.log, HasSubstr("store-foreign"));
}

// Kills the program while it is being written to, again and again; whatever was answered must be there afterwards.
TEST_F(JobsProgram, NothingAcknowledgedIsLostToKillNine) {
  std::vector<std::string> acknowledged;
  std::vector<std::string> submitted;
  for (int round = 0; round < 5; ++round) {
    start();
    std::atomic<int> answered{0};
    std::thread writer([&, alice = as("alice")]() mutable {
      for (;;) {
        const auto created = alice.post("/api/backup-jobs", document);
        if (created.status != 201) break;
        acknowledged.push_back(created.text("backupJobId"));
        if (alice.act(acknowledged.back(), "submit", 1).status != 200) break;
        submitted.push_back(acknowledged.back());
        answered.fetch_add(1);
        answered.notify_one();
      }
      answered = std::numeric_limits<int>::max();  // nothing more to wait for
      answered.notify_one();
    });
    for (int seen = 0; seen < 3 + 2 * round; seen = answered.load()) answered.wait(seen);
    EXPECT_EQ(server->end(SIGKILL), -SIGKILL);
    writer.join();
  }
  start();
  EXPECT_GE(submitted.size(), 30U);
  for (const auto& id : acknowledged) EXPECT_EQ(as("bob").get(path(id)).status, 200) << id;
  for (const auto& id : submitted) EXPECT_EQ(as("bob").get(path(id)).text("approvalStateCode"), "Submitted") << id;
  // At most the one call in flight at each kill may be there without its answer.
  std::size_t stored = 0;
  std::string cursor;
  do {
    const auto page = as("audit").get("/api/backup-jobs?limit=50" + (cursor.empty() ? "" : "&cursor=" + cursor));
    ASSERT_EQ(page.status, 200);
    stored += page.json.at("items").as_array().size();
    cursor = page.text("nextCursor");
  } while (!cursor.empty());
  EXPECT_LE(stored, acknowledged.size() + 5);
}

}  // namespace
}  // namespace backupctl::jobs
