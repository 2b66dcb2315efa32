// The real controller is killed with SIGKILL at random moments under load, a hundred times (BACKUPCTL_KILLS=N for
// another number). Afterwards everything that was acknowledged is there and has ended once, and nothing ran twice.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "integration/support/controller_process.hpp"

namespace backupctl::testing {
namespace {

constexpr int clients = 4;

// What clients were told, and where they ask. Thread-safe.
class Acknowledged {
 public:
  void set_url(std::string url) {
    const std::lock_guard lock(mutex_);
    url_ = std::move(url);
  }
  std::string url() const {
    const std::lock_guard lock(mutex_);
    return url_;
  }
  void add(const std::string& key, const std::string& id) {
    const std::lock_guard lock(mutex_);
    ++answers_;
    const auto [at, fresh] = ids_.try_emplace(key, id);
    if (!fresh && at->second != id) contradictions_.push_back(key + ": " + at->second + " and " + id);
  }
  std::map<std::string, std::string> ids() const {
    const std::lock_guard lock(mutex_);
    return ids_;
  }
  std::size_t answers() const {
    const std::lock_guard lock(mutex_);
    return answers_;
  }
  std::vector<std::string> contradictions() const {
    const std::lock_guard lock(mutex_);
    return contradictions_;
  }

 private:
  mutable std::mutex mutex_;
  std::string url_;
  std::size_t answers_ = 0;
  std::map<std::string, std::string> ids_;
  std::vector<std::string> contradictions_;
};

// Posts under one key after another, each until it is answered, and every fifth once more.
void post_until(const std::atomic<bool>& over, int client, Acknowledged& acknowledged) {
  for (int number = 0; !over; ++number) {
    const auto key = std::to_string(client) + "-" + std::to_string(number);
    for (int answers = 0; !over && answers < (number % 5 == 0 ? 2 : 1);) {
      HttpProbe probe(acknowledged.url());
      const auto answer = probe.post("/api/backup-requests", request_body(), with_key(key));
      if (answer.status != 202 && answer.status != 200) continue;
      acknowledged.add(key, id_of(answer));
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

TEST(RandomKill, NothingAcknowledgedIsLostAndNothingIsDoneTwice) {
  const char* wanted = std::getenv("BACKUPCTL_KILLS");
  const int kills = wanted ? std::atoi(wanted) : 100;
  FakeJobs jobs;
  FakeZone zone;
  ControllerProcess controller(jobs.url());
  controller.add_zone(zone, "resultDue = \"1s\"\nmaxInFlight = 64");
  ASSERT_TRUE(controller.start());

  Acknowledged acknowledged;
  acknowledged.set_url(controller.url());
  std::atomic<bool> over = false;
  std::vector<std::thread> load;
  for (int client = 0; client < clients; ++client) {
    load.emplace_back([&over, &acknowledged, client] { post_until(over, client, acknowledged); });
  }
  std::mt19937 random(20'261'124);  // the moments still differ: the processes do
  for (int kill = 0; kill < kills; ++kill) {
    // Every other life is left to do some work first; the rest end at any moment, their start included.
    const auto answers = acknowledged.answers();
    if (kill % 2 == 0) eventually([&] { return acknowledged.answers() > answers; });
    const std::chrono::milliseconds moment{std::uniform_int_distribution<int>(5, 150)(random)};
    eventually([] { return false; }, moment);
    controller.kill();
    if (!controller.start()) {
      ADD_FAILURE() << "did not start after kill " << kill << ": " << controller.process().log();
      break;
    }
    acknowledged.set_url(controller.url());
  }
  eventually([] { return false; }, std::chrono::milliseconds{100});
  over = true;
  for (auto& thread : load) thread.join();

  const auto is_quiet = [&] {
    for (const auto* state : {"Received", "Allowed", "Sent"}) {
      if (!controller.items(std::string("/api/backup-requests?limit=1&stateCode=") + state).empty()) return false;
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

  EXPECT_EQ(acknowledged.contradictions(), std::vector<std::string>{});
  const auto promised = acknowledged.ids();
  for (const auto& [key, id] : promised) EXPECT_EQ(states[id], "Succeeded") << key << " " << id;
  for (const auto& [id, state] : states) EXPECT_EQ(backups[id], state == "Succeeded" ? 1 : 0) << id << " " << state;
  for (const auto& [id, runs] : zone.runs()) {
    EXPECT_EQ(runs, 1) << id;
    EXPECT_TRUE(states.contains(id)) << "the zone has a command of no request: " << id;
  }
  EXPECT_GE(acknowledged.answers(), static_cast<std::size_t>(kills) / 2) << "too little load to prove anything";
  std::printf("%d kills, %zu requests acknowledged, %zu stored, %zu backups\n", kills, promised.size(), states.size(),
              backups.size());
}

}  // namespace
}  // namespace backupctl::testing
