// Several controllers on one PostgreSQL, all of which fail: hosts are killed or stopped for longer than their lease,
// the server crashes and comes back, connections are cut in the middle of a commit. Afterwards everything that was
// acknowledged is there and has ended once, and nothing ran twice. BACKUPCTL_STORE_CRASHES=N for another number of
// server crashes than 3 for each number of hosts.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <vector>

#include "integration/support/cutting_proxy.hpp"
#include "integration/support/postgresql_cluster.hpp"
#include "integration/support/request_load.hpp"

namespace backupctl::testing {
namespace {

using std::chrono::milliseconds;
constexpr std::size_t clients = 4;
constexpr milliseconds between_crashes{1500};
constexpr milliseconds longer_than_the_lease{1600};
constexpr std::chrono::seconds ready_within{10};
constexpr std::chrono::seconds silence_told_within{8};

void pass(milliseconds time) {
  eventually([] { return false; }, time);
}
milliseconds since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
}

bool is_ready(const std::string& url) { return HttpProbe(url).get("/readyz").status == 200; }

class SeveralHosts : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(On, SeveralHosts, ::testing::Values(2, 3),
                         [](const auto& hosts) { return std::to_string(hosts.param) + "Hosts"; });

TEST_P(SeveralHosts, LoseNothingAndDoNothingTwiceWhileEverythingFails) {
  BACKUPCTL_NEEDS_POSTGRESQL();
  const char* wanted = std::getenv("BACKUPCTL_STORE_CRASHES");
  const int crashes = wanted ? std::atoi(wanted) : 3;
  PostgresqlCluster cluster(PostgresqlCluster::Sync::on);
  CuttingProxy proxy(cluster.port());
  FakeJobs jobs;
  FakeZone zone;
  Front front;
  std::vector<std::unique_ptr<ControllerProcess>> hosts;
  const auto start = [&](std::size_t host) {
    ASSERT_TRUE(hosts[host]->start()) << hosts[host]->process().log();
    front.set(host, hosts[host]->url());
  };
  for (std::size_t host = 0; host < static_cast<std::size_t>(GetParam()); ++host) {
    hosts.push_back(std::make_unique<ControllerProcess>(jobs.url()));
    // The first host's connections are those that are cut.
    hosts[host]->use_store(cluster.url("backups", host == 0 ? proxy.port() : 0));
    hosts[host]->add_zone(zone, "resultDue = \"1s\"\nmaxInFlight = 64");
    start(host);
  }

  Load load(front, clients);
  std::mt19937 random(20'261'124);  // the moments still differ: the processes do
  milliseconds slowest{0};
  for (int crash = 0; crash < crashes && !HasFatalFailure(); ++crash) {
    const auto answers = front.answers();
    eventually([&] { return front.answers() > answers; });
    proxy.cut(crash % 2 == 0 ? CuttingProxy::Cut::after_commit : CuttingProxy::Cut::before_commit, 2);
    pass(milliseconds{std::uniform_int_distribution<int>(50, 400)(random)});

    const auto victim = random() % hosts.size();
    zone.report_to(hosts[(victim + 1) % hosts.size()]->url());
    const bool is_killed = crash % 2 == 0;
    is_killed ? hosts[victim]->kill() : hosts[victim]->process().signal(SIGSTOP);
    pass(is_killed ? milliseconds{100} : longer_than_the_lease);
    if (!is_killed) hosts[victim]->process().signal(SIGCONT);

    cluster.stop();
    pass(milliseconds{std::uniform_int_distribution<int>(0, 300)(random)});
    cluster.start();
    const auto returned = std::chrono::steady_clock::now();
    if (is_killed) start(victim);
    for (const auto& host : hosts) {
      EXPECT_TRUE(eventually([&] { return is_ready(host->url()); }, ready_within))
          << "not ready after crash " << crash << ": " << host->process().log().substr(0, 4000);
    }
    slowest = std::max(slowest, since(returned));
    pass(between_crashes - std::min(between_crashes, since(returned)));
  }
  load.end();
  const auto quiet_from = std::chrono::steady_clock::now();
  EXPECT_LT(slowest, ready_within);
  EXPECT_GT(proxy.cuts(), 0);
  EXPECT_EQ(problems(record_of(*hosts.front(), zone, front, clients)), std::vector<std::string>{});
  std::printf(
      "%d hosts, %d crashes of the server, %d commits cut, %zu requests acknowledged, %d stale fences, "
      "slowest return %lld ms, "
      "the rest done in %lld ms\n",
      GetParam(), crashes, proxy.cuts(), front.acknowledged().size(), zone.stale_fences(),
      static_cast<long long>(slowest.count()), static_cast<long long>(since(quiet_from).count()));
}

// The call of a host that was stopped arrives after its successor's.
TEST(StoppedHost, ItsStaleFenceIsRefusedAndItOverwritesNothing) {
  BACKUPCTL_NEEDS_POSTGRESQL();
  PostgresqlCluster cluster(PostgresqlCluster::Sync::on);
  FakeJobs jobs;
  FakeZone zone;
  CuttingProxy slow_way(std::stoi(zone.url().substr(zone.url().rfind(':') + 1)));
  const auto add_zone = [](ControllerProcess& host, const std::string& url) {
    host.configure("[[zone]]\nname = \"files\"\nurl = \"" + url + "\"\ntimeout = \"20s\"\nresultDue = \"24h\"");
  };
  ControllerProcess stopped(jobs.url()), successor(jobs.url());
  for (auto* host : {&stopped, &successor}) host->use_store(cluster.url());
  add_zone(stopped, "http://127.0.0.1:" + std::to_string(slow_way.port()));
  add_zone(successor, zone.url());
  ASSERT_TRUE(stopped.start()) << stopped.process().log();
  ASSERT_TRUE(successor.start()) << successor.process().log();
  zone.report_to(successor.url());

  slow_way.hold(true);
  const auto answer = stopped.http().post("/api/backup-requests", request_body());
  ASSERT_EQ(answer.status, 202) << answer.text;
  const auto id = id_of(answer);
  ASSERT_TRUE(eventually([&] { return slow_way.holds_something(); }));
  EXPECT_EQ(successor.request(id)["stateCode"], "Allowed");
  stopped.process().signal(SIGSTOP);
  EXPECT_EQ(successor.wait_for(id, "Succeeded")["stateCode"], "Succeeded");
  EXPECT_EQ(zone.stale_fences(), 0);

  slow_way.hold(false);
  EXPECT_TRUE(eventually([&] { return zone.stale_fences() == 1; }));
  const auto before = successor.request(id);
  stopped.process().signal(SIGCONT);
  EXPECT_TRUE(eventually([&] { return is_ready(stopped.url()); }, ready_within));
  // Something new goes all the way, so whatever was left in hand has been dealt with.
  const auto next = id_of(stopped.http().post("/api/backup-requests", request_body()));
  EXPECT_EQ(stopped.wait_for(next, "Succeeded")["stateCode"], "Succeeded");
  EXPECT_EQ(stopped.request(id).text, before.text);
  EXPECT_EQ(stopped.history(id), "Received Allowed Sent Succeeded");
  EXPECT_EQ(zone.runs()[id], 1);
}

TEST(FrozenServer, IsToldAndNothingIsDoneTwice) {
  BACKUPCTL_NEEDS_POSTGRESQL();
  PostgresqlCluster cluster(PostgresqlCluster::Sync::on);
  FakeJobs jobs;
  FakeZone zone;
  Front front;
  ControllerProcess one(jobs.url()), other(jobs.url());
  std::size_t number = 0;
  for (auto* host : {&one, &other}) {
    host->use_store(cluster.url("backups") + "&timeout=1&connect_timeout=2");
    host->add_zone(zone, "resultDue = \"1s\"\nmaxInFlight = 64");
    ASSERT_TRUE(host->start()) << host->process().log();
    front.set(number++, host->url());
  }
  Load load(front, clients);
  ASSERT_TRUE(eventually([&] { return front.answers() > 20; }));
  cluster.freeze();
  const auto frozen = std::chrono::steady_clock::now();
  for (auto* host : {&one, &other}) {
    EXPECT_TRUE(eventually([&] { return host->http().get("/readyz").status == 503; }, silence_told_within));
    EXPECT_EQ(host->http().get("/livez").status, 200);
  }
  const auto told = since(frozen);
  pass(longer_than_the_lease);
  cluster.thaw();
  const auto thawed = std::chrono::steady_clock::now();
  for (auto* host : {&one, &other}) EXPECT_TRUE(eventually([&] { return is_ready(host->url()); }, ready_within));
  const auto ready = since(thawed);
  const auto answers = front.answers();
  EXPECT_TRUE(eventually([&] { return front.answers() > answers + 20; }));
  load.end();
  EXPECT_EQ(problems(record_of(one, zone, front, clients)), std::vector<std::string>{});
  std::printf("told after %lld ms, ready %lld ms after it went on, %zu requests acknowledged\n",
              static_cast<long long>(told.count()), static_cast<long long>(ready.count()), front.acknowledged().size());
}

// As after a power cut.
TEST(StoreLater, IsWaitedForByAHostThatWasFaster) {
  BACKUPCTL_NEEDS_POSTGRESQL();
  PostgresqlCluster cluster(PostgresqlCluster::Sync::on);
  cluster.stop();
  FakeJobs jobs;
  FakeZone zone;
  ControllerProcess host(jobs.url()), given_up(jobs.url()), wrong(jobs.url());
  for (auto* one : {&host, &given_up}) {
    one->use_store(cluster.url());
    one->add_zone(zone);
    ASSERT_TRUE(one->start()) << one->process().log();
  }
  wrong.use_store("postgresql://backupctl@127.0.0.1:" + std::to_string(cluster.port()) + "/no_such_database");
  ASSERT_TRUE(wrong.start()) << "nobody can know yet";
  EXPECT_EQ(given_up.stop(), 0) << given_up.process().log();
  zone.report_to(host.url());

  EXPECT_FALSE(host.process().logged("waiting for the store", "again").empty()) << host.process().log();
  EXPECT_EQ(host.http().get("/livez").status, 200);
  const auto ready = host.http().get("/readyz");
  EXPECT_EQ(ready.status, 503);
  EXPECT_NE(ready.text.find("store-unreachable"), std::string::npos) << ready.text;
  const auto refused = host.http().post("/api/backup-requests", request_body(), with_key("night"));
  EXPECT_EQ(refused.status, 503) << refused.text;
  EXPECT_EQ(refused["code"], "store-unavailable") << refused.text;
  EXPECT_EQ(host.http().get("/api/backup-requests").status, 503);

  cluster.start();
  EXPECT_TRUE(eventually([&] { return is_ready(host.url()); }, ready_within)) << host.process().log();
  const auto answer = host.http().post("/api/backup-requests", request_body(), with_key("night"));
  EXPECT_EQ(answer.status, 202) << answer.text;
  EXPECT_EQ(host.wait_for(id_of(answer), "Succeeded")["stateCode"], "Succeeded");
  EXPECT_EQ(wrong.process().wait(ready_within), 1);
  EXPECT_NE(wrong.process().log().find("there is no such database"), std::string::npos) << wrong.process().log();
}

TEST(StoreLater, IsWaitedForByTheFileDropToo) {
  BACKUPCTL_NEEDS_POSTGRESQL();
  PostgresqlCluster cluster(PostgresqlCluster::Sync::on);
  cluster.stop();
  const TempDir folder;
  Process drop({.program = BACKUPCTL_FILEDROP_PROGRAM,
                .arguments = {"--set", "store.url=" + cluster.url(), "--set",
                              "filedrop.folder=" + (folder.path() / "drop").string()},
                .log = folder.path() / "log"});
  EXPECT_FALSE(drop.logged("waiting for the store", "again").empty()) << drop.log();
  EXPECT_EQ(drop.log().find("\"watching\""), std::string::npos) << "files stay where they are meanwhile";
  cluster.start();
  EXPECT_FALSE(drop.logged("watching", "folder").empty()) << drop.log();
  drop.signal(SIGTERM);
  EXPECT_EQ(drop.wait(), 0);
}

TEST(StoreLater, WhatNoWaitingHelpsEndsAHostAtOnce) {
  BACKUPCTL_NEEDS_POSTGRESQL();
  PostgresqlCluster cluster(PostgresqlCluster::Sync::off);
  FakeJobs jobs;
  const auto log_of = [&](const std::string& url, const std::string& more = {}) {
    ControllerProcess host(jobs.url());
    host.use_store(url);
    host.configure(more);
    EXPECT_FALSE(host.start());
    EXPECT_EQ(host.process().wait(), 1);
    return host.process().log();
  };
  const auto at = "@127.0.0.1:" + std::to_string(cluster.port());
  auto log = log_of("postgresql://nobody_of_that_name" + at + "/postgres");
  EXPECT_NE(log.find("\"code\":\"store-no-permission\""), std::string::npos) << log;
  log = log_of("postgresql://backupctl" + at + "/no_such_database");
  EXPECT_NE(log.find("\"code\":\"store-missing\""), std::string::npos) << log;
  cluster.run("CREATE USER service");
  log = log_of("postgresql://service" + at + "/postgres?schema=backups");
  EXPECT_NE(log.find("backupctl store migrate"), std::string::npos) << log;
}

TEST(StoreAway, IsToldAndPassesByItself) {
  BACKUPCTL_NEEDS_POSTGRESQL();
  PostgresqlCluster cluster(PostgresqlCluster::Sync::on);
  FakeJobs jobs;
  FakeZone zone;
  ControllerProcess host(jobs.url());
  host.use_store(cluster.url());
  host.add_zone(zone);
  ASSERT_TRUE(host.start()) << host.process().log();
  ASSERT_TRUE(is_ready(host.url()));

  cluster.stop();
  EXPECT_TRUE(eventually([&] { return host.http().get("/readyz").status == 503; }, ready_within));
  EXPECT_EQ(host.http().get("/livez").status, 200);
  const auto refused = host.http().post("/api/backup-requests", request_body(), with_key("night"));
  EXPECT_EQ(refused.status, 503) << refused.text;
  EXPECT_EQ(refused["code"], "store-unavailable") << refused.text;

  cluster.start();
  EXPECT_TRUE(eventually([&] { return is_ready(host.url()); }, ready_within));
  const auto answer = host.http().post("/api/backup-requests", request_body(), with_key("night"));
  EXPECT_EQ(answer.status, 202) << answer.text;
  EXPECT_EQ(host.wait_for(id_of(answer), "Succeeded")["stateCode"], "Succeeded");

  // Read-only, as after a switch to a standby: reads go on, and /readyz says that writes do not.
  cluster.run(
      "ALTER DATABASE postgres SET default_transaction_read_only = on;"
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'backupctl'");
  EXPECT_TRUE(eventually([&] { return host.http().get("/readyz").status == 503; }, ready_within));
  EXPECT_EQ(host.request(id_of(answer)).status, 200);
  cluster.run("BEGIN READ WRITE; ALTER DATABASE postgres RESET default_transaction_read_only; COMMIT");
  EXPECT_TRUE(eventually([&] { return is_ready(host.url()); }, ready_within));
  EXPECT_EQ(host.stop(), 0);
}

}  // namespace
}  // namespace backupctl::testing
