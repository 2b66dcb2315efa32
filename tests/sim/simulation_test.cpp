// The whole controller under a thousand seeds of crashes, a faulty store, lost calls and a stingy zone. A failing seed
// is run again alone with BACKUPCTL_SIM_SEED=N, step by step with BACKUPCTL_SIM_TRACE=1; BACKUPCTL_SIM_SEEDS=N sets how
// many are run.
#include <gtest/gtest.h>

#include <cstdlib>

#include "sim/world.hpp"

namespace backupctl::sim {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t fallback) {
  const char* text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : fallback;
}

std::string describe(const Outcome& outcome) {
  std::string text;
  for (const auto& violation : outcome.violations) text += violation + "\n";
  return text;
}

TEST(Simulation, KeepsEveryPromiseUnderEverySeed) {
  const auto only = number_from("BACKUPCTL_SIM_SEED", 0);
  const auto first = only ? only : 1;
  const auto last = only ? only : number_from("BACKUPCTL_SIM_SEEDS", 1000);
  std::int64_t requests = 0, succeeded = 0, crashes = 0;
  for (auto seed = first; seed <= last; ++seed) {
    const auto outcome = World(seed).run();
    ASSERT_TRUE(outcome.violations.empty()) << "seed " << seed << ":\n" << describe(outcome);
    requests += outcome.requests;
    succeeded += outcome.succeeded;
    crashes += outcome.crashes;
  }
  RecordProperty("requests", std::to_string(requests));
  std::printf("%lld requests, %lld succeeded, %lld crashes\n", static_cast<long long>(requests),
              static_cast<long long>(succeeded), static_cast<long long>(crashes));
  EXPECT_GT(succeeded, 0);
  if (!only) {
    EXPECT_GT(crashes, 0);
  }
}

TEST(Simulation, TheSameSeedTakesTheSameWay) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(World(seed).run().trace, World(seed).run().trace) << "seed " << seed;
  }
  EXPECT_NE(World(1).run().trace, World(2).run().trace);
}

}  // namespace
}  // namespace backupctl::sim
