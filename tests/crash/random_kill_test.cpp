// Three real controllers on one store are killed with SIGKILL at random moments under load, all the time
// (BACKUPCTL_KILLS=N for another number of kills). Afterwards everything that was acknowledged is there and has ended
// once, and nothing ran twice.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "integration/support/request_load.hpp"

namespace backupctl::testing {
namespace {

constexpr std::size_t controllers = 3;
constexpr std::size_t clients = 4;

// Kills one controller again and again, and starts it again. Every other life is left to do some work first; the rest
// end at any moment, their start included.
void kill_and_start(ControllerProcess& controller, std::size_t number, std::atomic<int>& kills_left, Front& front) {
  std::mt19937 random(20'261'124 + static_cast<unsigned>(number));  // the moments still differ: the processes do
  for (int life = 0; kills_left.fetch_sub(1) > 0; ++life) {
    const auto answers = front.answers(number);
    if (life % 2 == 0) eventually([&] { return front.answers(number) > answers; });
    const std::chrono::milliseconds moment{std::uniform_int_distribution<int>(1, 60)(random)};
    eventually([] { return false; }, moment);
    controller.kill();
    if (!controller.start()) {
      ADD_FAILURE() << "did not start: " << controller.process().log();
      return;
    }
    front.set(number, controller.url());
  }
}

TEST(RandomKill, NothingAcknowledgedIsLostAndNothingIsDoneTwice) {
  const char* wanted = std::getenv("BACKUPCTL_KILLS");
  const int kills = wanted ? std::atoi(wanted) : 100;
  FakeJobs jobs;
  FakeZone zone;
  Front front;
  std::vector<std::unique_ptr<ControllerProcess>> all;
  for (std::size_t number = 0; number < controllers; ++number) {
    all.push_back(std::make_unique<ControllerProcess>(jobs.url()));
    auto& controller = *all.back();
    controller.use_store("sqlite://" + (all.front()->folder() / "controller.db").string());
    controller.add_zone(zone, "resultDue = \"1s\"\nmaxInFlight = 64");
    ASSERT_TRUE(controller.start()) << controller.process().log();
    front.set(number, controller.url());
  }

  const auto begun = std::chrono::steady_clock::now();
  std::atomic<int> kills_left = kills;
  Load load(front, clients);
  std::vector<std::thread> killers;
  for (std::size_t number = 0; number < controllers; ++number) {
    killers.emplace_back([&, number] { kill_and_start(*all[number], number, kills_left, front); });
  }
  for (auto& thread : killers) thread.join();
  eventually([] { return false; }, std::chrono::milliseconds{100});
  load.end();
  const auto took = std::chrono::steady_clock::now() - begun;

  const auto record = record_of(*all.front(), zone, front, clients);
  EXPECT_EQ(problems(record), std::vector<std::string>{}) << all.front()->http().get("/api/status").text;
  EXPECT_GE(record.acknowledged.size(), static_cast<std::size_t>(kills) / 2) << "too little load to prove anything";
  std::printf("%d kills in %lld s, %zu requests acknowledged, %zu stored, %zu backups\n", kills,
              static_cast<long long>(std::chrono::duration_cast<std::chrono::seconds>(took).count()),
              record.acknowledged.size(), record.states.size(), record.backups.size());
}

}  // namespace
}  // namespace backupctl::testing
