// Three real controllers on one store are killed with SIGKILL at random moments under load, all the time
// (BACKUPCTL_KILLS=N for another number of kills). Afterwards everything that was acknowledged is there and has ended
// once, and nothing ran twice.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "crash/kill_record.hpp"
#include "integration/support/controller_process.hpp"

namespace backupctl::testing {
namespace {

constexpr std::size_t controllers = 3;
constexpr std::size_t clients = 4;

// What clients were told, and where they ask. Thread-safe.
class Acknowledged {
 public:
  void set_url(std::size_t controller, std::string url) {
    const std::lock_guard lock(mutex_);
    urls_[controller] = std::move(url);
  }
  std::string url(std::size_t controller) const {
    const std::lock_guard lock(mutex_);
    return urls_[controller];
  }
  void add(std::size_t controller, const std::string& key, const std::string& id) {
    const std::lock_guard lock(mutex_);
    ++answers_[controller];
    const auto [at, fresh] = ids_.try_emplace(key, id);
    if (!fresh && at->second != id) contradictions_.push_back(key + ": " + at->second + " and " + id);
  }
  std::map<std::string, std::string> ids() const {
    const std::lock_guard lock(mutex_);
    return ids_;
  }
  std::size_t answers(std::size_t controller) const {
    const std::lock_guard lock(mutex_);
    return answers_[controller];
  }
  std::vector<std::string> contradictions() const {
    const std::lock_guard lock(mutex_);
    return contradictions_;
  }

 private:
  mutable std::mutex mutex_;
  std::array<std::string, controllers> urls_;
  std::array<std::size_t, controllers> answers_{};
  std::map<std::string, std::string> ids_;
  std::vector<std::string> contradictions_;
};

// Posts under one key after another, each until some controller answers, and every fifth once more.
void post_until(const std::atomic<bool>& over, std::size_t client, Acknowledged& acknowledged) {
  std::size_t controller = client;
  std::string url;
  std::unique_ptr<HttpProbe> probe;
  for (int number = 0; !over; ++number) {
    const auto key = std::to_string(client) + "-" + std::to_string(number);
    for (int answers = 0; !over && answers < (number % 5 == 0 ? 2 : 1);) {
      controller = (controller + 1) % controllers;
      if (auto now = acknowledged.url(controller); !probe || now != url) {
        url = std::move(now);
        probe = std::make_unique<HttpProbe>(url);
      }
      const auto answer = probe->post("/api/backup-requests", request_body(), with_key(key));
      if (answer.status != 202 && answer.status != 200) continue;
      acknowledged.add(controller, key, id_of(answer));
      ++answers;
    }
  }
}

// Kills one controller again and again, and starts it again. Every other life is left to do some work first; the rest
// end at any moment, their start included.
void kill_and_start(ControllerProcess& controller, std::size_t number, std::atomic<int>& kills_left,
                    Acknowledged& acknowledged) {
  std::mt19937 random(20'261'124 + static_cast<unsigned>(number));  // the moments still differ: the processes do
  for (int life = 0; kills_left.fetch_sub(1) > 0; ++life) {
    const auto answers = acknowledged.answers(number);
    if (life % 2 == 0) eventually([&] { return acknowledged.answers(number) > answers; });
    const std::chrono::milliseconds moment{std::uniform_int_distribution<int>(1, 60)(random)};
    eventually([] { return false; }, moment);
    controller.kill();
    if (!controller.start()) {
      ADD_FAILURE() << "did not start: " << controller.process().log();
      return;
    }
    acknowledged.set_url(number, controller.url());
  }
}

TEST(RandomKill, NothingAcknowledgedIsLostAndNothingIsDoneTwice) {
  const char* wanted = std::getenv("BACKUPCTL_KILLS");
  const int kills = wanted ? std::atoi(wanted) : 100;
  FakeJobs jobs;
  FakeZone zone;
  Acknowledged acknowledged;
  std::vector<std::unique_ptr<ControllerProcess>> all;
  for (std::size_t number = 0; number < controllers; ++number) {
    all.push_back(std::make_unique<ControllerProcess>(jobs.url()));
    auto& controller = *all.back();
    controller.use_store("sqlite://" + (all.front()->folder() / "controller.db").string());
    controller.add_zone(zone, "resultDue = \"1s\"\nmaxInFlight = 64");
    ASSERT_TRUE(controller.start()) << controller.process().log();
    acknowledged.set_url(number, controller.url());
  }

  const auto begun = std::chrono::steady_clock::now();
  std::atomic<bool> over = false;
  std::atomic<int> kills_left = kills;
  std::vector<std::thread> load, killers;
  for (std::size_t client = 0; client < clients; ++client) {
    load.emplace_back([&over, &acknowledged, client] { post_until(over, client, acknowledged); });
  }
  for (std::size_t number = 0; number < controllers; ++number) {
    killers.emplace_back([&, number] { kill_and_start(*all[number], number, kills_left, acknowledged); });
  }
  for (auto& thread : killers) thread.join();
  eventually([] { return false; }, std::chrono::milliseconds{100});
  over = true;
  for (auto& thread : load) thread.join();
  const auto took = std::chrono::steady_clock::now() - begun;

  const auto record = record_of(*all.front(), zone, acknowledged.ids(), acknowledged.contradictions(), clients);
  EXPECT_EQ(problems(record), std::vector<std::string>{}) << all.front()->http().get("/api/status").text;
  EXPECT_GE(record.acknowledged.size(), static_cast<std::size_t>(kills) / 2) << "too little load to prove anything";
  std::printf("%d kills in %lld s, %zu requests acknowledged, %zu stored, %zu backups\n", kills,
              static_cast<long long>(std::chrono::duration_cast<std::chrono::seconds>(took).count()),
              record.acknowledged.size(), record.states.size(), record.backups.size());
}

}  // namespace
}  // namespace backupctl::testing
