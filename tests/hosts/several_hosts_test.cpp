// Several controllers on one PostgreSQL, all of which fail: hosts are killed or stopped for longer than their lease,
// the server crashes and comes back, connections are cut in the middle of a commit. Afterwards everything that was
// acknowledged is there and has ended once, and nothing ran twice. BACKUPCTL_STORE_CRASHES=N for another number of
// server crashes than 3 for each number of hosts.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "integration/support/controller_process.hpp"
#include "integration/support/cutting_proxy.hpp"
#include "integration/support/postgresql_cluster.hpp"

namespace backupctl::testing {
namespace {

using std::chrono::milliseconds;
constexpr int clients = 4;
constexpr milliseconds between_crashes{1500};
constexpr milliseconds longer_than_the_lease{1600};
constexpr std::chrono::seconds ready_within{10};

void pass(milliseconds time) {
  eventually([] { return false; }, time);
}
milliseconds since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
}

bool is_ready(const std::string& url) { return HttpProbe(url).get("/readyz").status == 200; }

// Where clients ask, and what they were told. Thread-safe.
class Front {
 public:
  void set(std::size_t host, const std::string& url) {
    const std::lock_guard lock(mutex_);
    urls_.resize(std::max(urls_.size(), host + 1));
    urls_[host] = url;
  }
  std::string url(std::size_t host) const {
    const std::lock_guard lock(mutex_);
    return urls_[host % urls_.size()];
  }
  void acknowledge(const std::string& key, const std::string& id) {
    const std::lock_guard lock(mutex_);
    ++answers_;
    const auto [at, fresh] = ids_.try_emplace(key, id);
    if (!fresh && at->second != id) contradictions_.push_back(key + ": " + at->second + " and " + id);
  }
  std::map<std::string, std::string> acknowledged() const {
    const std::lock_guard lock(mutex_);
    return ids_;
  }
  std::vector<std::string> contradictions() const {
    const std::lock_guard lock(mutex_);
    return contradictions_;
  }
  std::size_t answers() const {
    const std::lock_guard lock(mutex_);
    return answers_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> urls_;
  std::size_t answers_ = 0;
  std::map<std::string, std::string> ids_;
  std::vector<std::string> contradictions_;
};

// Posts under one key after another, each until it is answered, at one host after the other; every fifth once more.
void post_until(const std::atomic<bool>& over, int client, Front& front) {
  auto turn = static_cast<std::size_t>(client);
  for (int number = 0; !over; ++number) {
    const auto key = std::to_string(client) + "-" + std::to_string(number);
    for (int answers = 0; !over && answers < (number % 5 == 0 ? 2 : 1);) {
      HttpProbe probe(front.url(turn++));
      const auto answer = probe.post("/api/backup-requests", request_body(), with_key(key));
      if (answer.status != 202 && answer.status != 200) continue;
      front.acknowledge(key, id_of(answer));
      ++answers;
    }
  }
}

std::vector<boost::json::value> all_items(ControllerProcess& controller, const std::string& list) {
  std::vector<boost::json::value> items;
  std::string cursor;
  do {
    const auto page = controller.http().get(list + "?limit=1000" + (cursor.empty() ? "" : "&cursor=" + cursor));
    if (page.status != 200) {
      ADD_FAILURE() << list << ": " << page.text;
      break;
    }
    for (const auto& item : page.json.at("items").as_array()) items.push_back(item);
    cursor = page["nextCursor"];
  } while (!cursor.empty());
  return items;
}

void expect_each_ended_once(ControllerProcess& controller, FakeZone& zone, const Front& front) {
  const auto is_quiet = [&] {
    for (const auto* state : {"Received", "Allowed", "Sent"}) {
      const auto page = controller.http().get(std::string("/api/backup-requests?limit=1&stateCode=") + state);
      if (page.status != 200 || !page.json.at("items").as_array().empty()) return false;
    }
    return true;
  };
  EXPECT_TRUE(eventually(is_quiet, std::chrono::minutes{2})) << controller.http().get("/api/status").text;

  std::map<std::string, std::string> states;
  for (const auto& request : all_items(controller, "/api/backup-requests")) {
    states[HttpAnswer::text_of(request, "backupRequestId")] = HttpAnswer::text_of(request, "stateCode");
  }
  std::map<std::string, int> backups;
  for (const auto& backup : all_items(controller, "/api/backups"))
    ++backups[HttpAnswer::text_of(backup, "backupRequestId")];

  EXPECT_EQ(front.contradictions(), std::vector<std::string>{});
  for (const auto& [key, id] : front.acknowledged()) EXPECT_EQ(states[id], "Succeeded") << key << " " << id;
  for (const auto& [id, state] : states) EXPECT_EQ(backups[id], state == "Succeeded" ? 1 : 0) << id << " " << state;
  for (const auto& [id, runs] : zone.runs()) {
    EXPECT_EQ(runs, 1) << id;
    EXPECT_TRUE(states.contains(id)) << "the zone has a command of no request: " << id;
  }
}

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
    // The server may be away just now: a host that cannot open its store ends, and whoever runs it starts it again.
    ASSERT_TRUE(eventually([&] { return hosts[host]->start(); })) << hosts[host]->process().log();
    front.set(host, hosts[host]->url());
  };
  for (std::size_t host = 0; host < static_cast<std::size_t>(GetParam()); ++host) {
    hosts.push_back(std::make_unique<ControllerProcess>(jobs.url()));
    // The first host's connections are those that are cut.
    hosts[host]->use_store(cluster.url("backups", host == 0 ? proxy.port() : 0));
    hosts[host]->add_zone(zone, "resultDue = \"1s\"\nmaxInFlight = 64");
    start(host);
  }

  std::atomic<bool> over = false;
  std::vector<std::thread> load;
  for (int client = 0; client < clients; ++client) {
    load.emplace_back([&over, &front, client] { post_until(over, client, front); });
  }
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
  over = true;
  for (auto& thread : load) thread.join();
  const auto quiet_from = std::chrono::steady_clock::now();
  EXPECT_LT(slowest, ready_within);
  EXPECT_GT(proxy.cuts(), 0);
  expect_each_ended_once(*hosts.front(), zone, front);
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
