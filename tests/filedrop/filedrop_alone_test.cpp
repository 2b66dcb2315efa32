// A whole shop without backupctl-http: backupctl-filedrop with no listener, the job service, a zone that leaves its
// results in a result store of their own, and an operator who reads the store with backupctl.
#include <gtest/gtest.h>

#include "filedrop/drop_process.hpp"
#include "integration/support/free_port.hpp"
#include "integration/zone_process.hpp"
#include "jobs/jobs_process.hpp"

namespace backupctl::testing {
namespace {

struct Said {
  int code = -1;
  std::string text;  // both streams
  boost::json::value json() const { return boost::json::parse(text); }
};

Said backupctl(const Shop& shop, std::vector<std::string> words) {
  Process process({.program = BACKUPCTL_PROGRAM, .arguments = std::move(words), .log = shop.folder().path() / "said"});
  const auto code = process.wait();
  return {code.value_or(-1), process.log()};
}

std::string store_of(const Shop& shop) { return "sqlite://" + (shop.folder().path() / "controller.db").string(); }

Said read_store(const Shop& shop, std::vector<std::string> words) {
  words.insert(words.begin(), {"--store", store_of(shop), "--output", "json"});
  return backupctl(shop, std::move(words));
}

class FileDropAlone : public ::testing::Test {
 protected:
  FileDropAlone() {
    fs::create_directories(root() / "data" / "ledger");
    fs::create_directories(root() / "backups");
    std::ofstream(root() / "data" / "ledger" / "accounts") << "1000\n";
    std::ofstream(root() / "jobs.toml") << jobs::token_table(
        {{"alice", "alice \"owner\""}, {"bob", "bob \"approver\""}, {"controller", "controller \"jobs\""}});
    std::ofstream(root() / "controller.token") << "token-controller";
    fs::permissions(root() / "controller.token", fs::perms::owner_read | fs::perms::owner_write);
  }

  const fs::path& root() const { return shop_.folder().path(); }
  std::string results() const { return "sqlite://" + (root() / "results.db").string(); }

  std::unique_ptr<jobs::JobsProcess> start_jobs() {
    return std::make_unique<jobs::JobsProcess>(
        std::vector<std::string>{"--config", root() / "jobs.toml", "--set", "http.listen=127.0.0.1:" + port_, "--set",
                                 "store.url=sqlite://" + (root() / "jobs.db").string()});
  }
  std::string approved_job(jobs::JobsProcess& service) const {
    jobs::Caller alice(service.address, "token-alice"), bob(service.address, "token-bob");
    const auto id = alice
                        .post("/api/backup-jobs", R"({"name":"ledger","zone":"files","storagePath":"ledger",)"
                                                  R"("daysToKeep":3650,"allowedRequesters":["batch"],)"
                                                  R"("backupSourceRoots":[")" +
                                                      (root() / "data").string() + R"("]})")
                        .text("backupJobId");
    alice.act(id, "submit", 1);
    EXPECT_EQ(bob.act(id, "approve", 1).status, 200);
    return id;
  }
  std::vector<std::string> zone_settings() const {
    return {"zone.name=files",
            "zone.driver=files",
            "zone.state=" + (root() / "zone.db").string(),
            R"(zone.sources=[")" + (root() / "data").string() + R"("])",
            "files.root=" + (root() / "backups").string(),
            "results.url=" + results()};
  }
  std::vector<std::string> states() const {
    std::vector<std::string> all;
    for (const auto& line : json_lines(shop_.outbox("night.status.jsonl"))) {
      all.push_back(HttpAnswer::text_of(line, "stateCode"));
    }
    return all;
  }

  const std::string port_ = std::to_string(free_port());
  Shop shop_{"http://127.0.0.1:" + port_};
  DropProcess drop_{shop_};
};

TEST_F(FileDropAlone, IsSeenByTheCommandLineFromFileToBackup) {
  auto service = start_jobs();
  ASSERT_NE(service->address, "") << service->log;
  const auto job = approved_job(*service);
  zone::testing::ZoneProcess zone(zone_settings());
  ASSERT_NE(zone.address(), "") << zone.said();
  service->end(SIGTERM);  // what comes now stays open

  shop_.configure_jobs("tokenFile = \"" + (root() / "controller.token").string() + "\"");
  shop_.configure("[results]\nurl = \"" + results() + "\"\n[[zone]]\nname = \"files\"\nurl = \"http://" +
                  zone.address() + "\"");
  ASSERT_TRUE(drop_.start({}, "")) << drop_.process().log();
  shop_.put("night.jsonl", request_line((root() / "data" / "ledger").string(), job) + "\n");
  ASSERT_TRUE(shop_.wait_for("outbox/night.receipt.jsonl")) << drop_.process().log();
  const auto id = HttpAnswer::text_of(json_lines(shop_.outbox("night.receipt.jsonl")).front(), "backupRequestId");

  auto status = read_store(shop_, {"status"});
  ASSERT_EQ(status.code, 0) << status.text;
  EXPECT_TRUE(status.json().at("ready").as_bool());
  EXPECT_EQ(status.json().at("states").at("Received").at("count").as_int64(), 1);
  ASSERT_EQ(status.json().at("controllers").as_array().size(), 1U) << status.text;
  EXPECT_EQ(HttpAnswer::text_of(status.json().at("controllers").at(0), "program"), "backupctl-filedrop");
  const auto open = read_store(shop_, {"request", "list", "--state", "Received", "--transport", "FileDrop"});
  ASSERT_EQ(open.json().at("items").as_array().size(), 1U) << open.text;
  EXPECT_EQ(HttpAnswer::text_of(open.json().at("items").at(0), "backupRequestId"), id);
  const auto refused = read_store(shop_, {"request", "cancel", id});
  EXPECT_EQ(refused.code, 2) << "nothing is ever done to a store that is only read";
  EXPECT_NE(refused.text.find("Next: leave --store away"), std::string::npos) << refused.text;

  service = start_jobs();
  ASSERT_TRUE(shop_.wait_for("outbox/night.end.json")) << drop_.process().log();
  EXPECT_TRUE(shop_.outbox("night.end.json").starts_with(R"({"outcome":"Succeeded")"))
      << shop_.outbox("night.status.jsonl");
  EXPECT_EQ(states(), (std::vector<std::string>{"Allowed", "Sent", "Succeeded"}));
  EXPECT_EQ(drop_.process().log().find("listening"), std::string::npos);

  EXPECT_EQ(read_store(shop_, {"status"}).json().at("states").at("Received").at("count").as_int64(), 0);
  EXPECT_EQ(HttpAnswer::text_of(read_store(shop_, {"request", "show", id}).json(), "stateCode"), "Succeeded");
  const auto backups = read_store(shop_, {"backup", "list"}).json();
  ASSERT_EQ(backups.at("items").as_array().size(), 1U);
  const auto& backup = backups.at("items").at(0);
  EXPECT_EQ(HttpAnswer::text_of(backup, "backupRequestId"), id);
  EXPECT_TRUE(fs::exists(root() / "backups" / HttpAnswer::text_of(backup, "backupStoragePath")));

  EXPECT_EQ(drop_.stop(), 0);
  status = read_store(shop_, {"status"});
  EXPECT_FALSE(status.json().at("ready").as_bool()) << "nobody runs: " << status.text;
  EXPECT_TRUE(status.json().at("controllers").as_array().empty());
}

TEST_F(FileDropAlone, TheStoreAnswersAsAControllerWould) {
  FakeJobs service;
  FakeZone zone;
  Shop shop(service.url());
  shop.add_zone(zone);
  DropProcess drop(shop);
  ASSERT_TRUE(drop.start()) << drop.process().log();
  shop.put("a.jsonl", request_line() + "\n" + request_line("/etc") + "\n" + request_line("/data/ledger/3") + "\n");
  ASSERT_TRUE(shop.wait_for("outbox/a.end.json")) << drop.process().log();
  const auto id = HttpAnswer::text_of(json_lines(shop.outbox("a.receipt.jsonl")).front(), "backupRequestId");
  const std::vector<std::vector<std::string>> reads{{"request", "list"},
                                                    {"request", "list", "--limit", "2"},
                                                    {"request", "list", "--state", "NotAllowed"},
                                                    {"request", "show", id},
                                                    {"request", "history", id},
                                                    {"backup", "list"},
                                                    {"backup", "show", id},
                                                    {"parked", "list"},
                                                    {"audit", "heads"},
                                                    {"audit", "verify"}};
  for (const auto* output : {"table", "json"}) {
    for (const auto& read : reads) {
      std::vector<std::string> from_store{"--output", output, "--store", store_of(shop)};
      std::vector<std::string> from_controller{"--output", output, "--controller", drop.url()};
      from_store.insert(from_store.end(), read.begin(), read.end());
      from_controller.insert(from_controller.end(), read.begin(), read.end());
      const auto one = backupctl(shop, from_store), other = backupctl(shop, from_controller);
      EXPECT_EQ(one.text, other.text) << read.at(0) << " " << read.at(1);
      EXPECT_EQ(one.code, other.code) << read.at(0) << " " << read.at(1) << one.text;
    }
  }
  EXPECT_EQ(read_store(shop, {"request", "list", "--limit", "1"}).json().at("items").as_array().size(), 1U);
}

TEST_F(FileDropAlone, NoStoreIsMadeByLooking) {
  const auto said = read_store(shop_, {"status"});
  EXPECT_EQ(said.code, 1);
  EXPECT_NE(said.text.find("controller.db"), std::string::npos) << said.text;
  EXPECT_FALSE(fs::exists(root() / "controller.db"));
}

}  // namespace
}  // namespace backupctl::testing
