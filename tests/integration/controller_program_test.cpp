// backupctl-http as a program: its command line, starting, stopping, and a store that does not answer.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "integration/support/controller_process.hpp"

namespace backupctl::testing {
namespace {

struct Ended {
  std::optional<int> code;
  std::string output;
};

class ControllerProgram : public ::testing::Test {
 protected:
  Launch launch(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {}) {
    return {BACKUPCTL_HTTP_PROGRAM, std::move(arguments), std::move(environment), folder_.path() / "log",
            folder_.path()};
  }
  Ended run(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {}) {
    Process process(launch(std::move(arguments), std::move(environment)));
    const auto code = process.wait();
    return {code, process.log()};
  }

  TempDir folder_;
};

TEST_F(ControllerProgram, TellsItsUsageAndVersion) {
  const auto help = run({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_NE(help.output.find("giveUpAfter = \"1d\""), std::string::npos);
  EXPECT_EQ(run({"--version"}).output, "backupctl-http 0.1.0\n");
  EXPECT_EQ(run({"--nonsense"}).code, 2);
}

TEST_F(ControllerProgram, CheckConfigNamesEveryProblemAndDoesNothingElse) {
  folder_.write("jobs.toml", "[[job]]\nzone = \"files\"\n");
  const auto file =
      folder_.write("bad.toml", "[store]\nurl = \"mysql://x\"\ncreat = \"auto\"\n[jobs]\nurl = \"file://" +
                                    (folder_.path() / "jobs.toml").string() +
                                    "\"\n[[zone]]\nname = \"files\"\nurl = \"ftp://x\"\n[[zone]]\nname = "
                                    "\"files\"\nurl = \"http://127.0.0.1:1\"\n[http]\nlisten = "
                                    "\"0.0.0.0:8080\"\n");
  const auto bad = run({"--config", file, "--check-config"});
  EXPECT_EQ(bad.code, 2);
  for (const auto* problem : {"store.url", "store.creat", "jobs.toml", "backupJobId", "zone[0].url", "zone[1].name",
                              "http.listen", "bad.toml:2"})
    EXPECT_NE(bad.output.find(problem), std::string::npos) << problem << "\n" << bad.output;
  const auto good = folder_.write("good.toml", "[store]\nurl = \"sqlite:controller.db\"\n");
  EXPECT_EQ(run({"--config", good, "--check-config"}).code, 0);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "controller.db"));
}

TEST_F(ControllerProgram, AFaultPointThatDoesNotExistIsBadUsage) {
  for (const auto* fault : {"nowhere:after", "claim", "claim:during", "claim:after:0", "claim:after:x", ""}) {
    const auto ended = run({"--set", "http.listen=127.0.0.1:0"}, {{"BACKUPCTL_FAULT", fault}});
    EXPECT_EQ(ended.code, 2) << fault;
    EXPECT_NE(ended.output.find("write-allowed"), std::string::npos) << ended.output;
  }
}

TEST_F(ControllerProgram, StartsWithoutAConfigurationFile) {
  Process process(launch({"--set", "http.listen=127.0.0.1:0"}));
  const auto address = process.logged("listening", "address");
  ASSERT_FALSE(address.empty()) << process.log();
  EXPECT_EQ(HttpProbe("http://" + address).get("/readyz").status, 200);
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "backupctl-data" / "controller.db"));
  process.signal(SIGINT);
  EXPECT_EQ(process.wait(), 0);
}

TEST_F(ControllerProgram, AStoreThatCannotBeUsedIsAFailureAndLeftAsItIs) {
  folder_.write("foreign.db", "this is no database, and long enough that nobody takes it for an empty one");
  const auto foreign = run({"--set", "store.url=sqlite:foreign.db"});
  EXPECT_EQ(foreign.code, 1);
  EXPECT_NE(foreign.output.find("the store cannot be used"), std::string::npos);
  EXPECT_EQ(read_file(folder_.path() / "foreign.db").substr(0, 19), "this is no database");
  EXPECT_EQ(run({"--set", "store.url=sqlite:none.db", "--set", "store.create=never"}).code, 1);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "none.db"));
}

TEST_F(ControllerProgram, AnAddressInUseIsAFailure) {
  FakeJobs jobs;
  EXPECT_EQ(run({"--set", "http.listen=" + jobs.url().substr(7)}).code, 1);
}

TEST_F(ControllerProgram, ServesJobsFromAFileAndReadsItAgain) {
  const auto job = [](const std::string& requester) {
    return "[[job]]\nbackupJobId = \"" + std::string(ledger_job_id) +
           "\"\nzone = \"files\"\nstoragePath = \"ledger\"\ndaysToKeep = 3650\nallowedRequesters = [\"" + requester +
           "\"]\nbackupSourceRoots = [\"/data/ledger\"]\n";
  };
  const auto file = folder_.write("jobs.toml", job("local"));
  FakeZone zone;
  ControllerProcess controller("file://" + file);
  controller.add_zone(zone);
  ASSERT_TRUE(controller.start()) << controller.process().log();
  const auto answer = controller.http().post("/api/backup-requests", request_body());
  EXPECT_EQ(answer.status, 202) << answer.text;
  EXPECT_EQ(controller.wait_for(id_of(answer), "Succeeded")["stateCode"], "Succeeded");
  folder_.write("jobs.toml", job("somebody-else"));
  EXPECT_EQ(controller.http().post("/api/backup-requests", request_body()).status, 403);
}

TEST_F(ControllerProgram, FinishesCallsUnderWayWhenItIsStopped) {
  FakeJobs jobs;
  FakeZone zone;
  ControllerProcess controller(jobs.url());
  controller.check_time_out("20s");
  controller.add_zone(zone);
  ASSERT_TRUE(controller.start());
  jobs.server().set(Mood::silent);
  auto pending = controller.http().start("POST", "/api/backup-requests", request_body(), with_key("night"));
  ASSERT_TRUE(eventually([&] { return jobs.server().calls() > 0; }));
  controller.process().signal(SIGTERM);
  EXPECT_FALSE(controller.process().logged("stopping", "grace").empty());
  jobs.server().release(
      200, wire::json_text([](auto& out, const BackupJob& job) { wire::write_backup_job(out, job); }, ledger_job()));
  EXPECT_EQ(pending.get().status, 202);
  EXPECT_EQ(controller.process().wait(), 0) << controller.process().log();
}

TEST_F(ControllerProgram, EndsWithinItsGraceWhateverHangs) {
  FakeJobs jobs;
  ControllerProcess controller(jobs.url());
  controller.check_time_out("60s");
  controller.configure("[shutdown]\ngrace = \"300ms\"");
  ASSERT_TRUE(controller.start());
  jobs.server().set(Mood::silent);
  auto pending = controller.http().start("POST", "/api/backup-requests", request_body(), with_key("night"));
  ASSERT_TRUE(eventually([&] { return jobs.server().calls() > 0; }));
  controller.process().signal(SIGTERM);
  EXPECT_EQ(controller.process().wait(std::chrono::seconds{10}), 0) << controller.process().log();
  EXPECT_EQ(pending.get().status, 0);
}

// Another program has the store's write lock and keeps it.
TEST_F(ControllerProgram, WithoutItsStoreItPromisesNothing) {
  FakeJobs jobs;
  FakeZone zone;
  ControllerProcess controller(jobs.url());
  controller.add_zone(zone);
  ASSERT_TRUE(controller.start());
  sqlite3* store = nullptr;
  ASSERT_EQ(sqlite3_open((controller.folder() / "controller.db").c_str(), &store), SQLITE_OK);
  ASSERT_TRUE(
      eventually([&] { return sqlite3_exec(store, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK; }));
  const auto answer = controller.http().post("/api/backup-requests", request_body(), with_key("night"));
  EXPECT_EQ(answer.status, 503) << answer.text;
  EXPECT_EQ(answer["code"], "store-unavailable");
  EXPECT_FALSE(answer.header("Retry-After").empty());
  EXPECT_TRUE(id_of(answer).empty());
  EXPECT_EQ(controller.http().get("/readyz").status, 503);
  EXPECT_EQ(controller.http().get("/api/backup-requests").status, 200) << "reads go on";
  EXPECT_EQ(controller.http().put("/api/zone-results/01900000-0000-7000-8000-000000000001", "x").status, 503);
  sqlite3_exec(store, "ROLLBACK", nullptr, nullptr, nullptr);
  sqlite3_close(store);
  EXPECT_TRUE(eventually([&] { return controller.http().get("/readyz").status == 200; }));
  const auto again = controller.http().post("/api/backup-requests", request_body(), with_key("night"));
  EXPECT_EQ(again.status, 202) << again.text;
  EXPECT_EQ(controller.items("/api/backup-requests").size(), 1U);
}

}  // namespace
}  // namespace backupctl::testing
