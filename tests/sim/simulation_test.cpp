// The whole controller under many seeds of crashes, hangs, a faulty store, a bad network, restless jobs and a stingy
// zone. BACKUPCTL_SIM_SEEDS=N sets how many are run, from BACKUPCTL_SIM_FIRST on; a failing seed is run again alone
// with BACKUPCTL_SIM_SEED=N, step by step with BACKUPCTL_SIM_TRACE=1.
#include <gtest/gtest.h>

#include <cstdio>

#include "sim/kept_seeds.hpp"
#include "sim/seeds.hpp"
#include "sim/world.hpp"

namespace backupctl::sim {
namespace {

void expect_all_kept(std::uint64_t seed, const RunReport& report) {
  std::string text;
  for (const auto& violation : report.violations) text += violation + "\n";
  ASSERT_TRUE(report.violations.empty()) << "seed " << seed << ":\n" << text;
}

TEST(Simulation, FindsNothingUnderTheSeedsThatFoundSomethingOnce) {
  for (const auto& kept : kept_seeds) {
    SCOPED_TRACE(kept.found);
    ASSERT_NO_FATAL_FAILURE(expect_all_kept(kept.seed, World(kept.seed).run()));
  }
}

TEST(Simulation, TheSameSeedTakesTheSameWay) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(World(seed).run().trace, World(seed).run().trace) << "seed " << seed;
  }
  EXPECT_NE(World(1).run().trace, World(2).run().trace);
}

TEST(Simulation, KeepsEveryPromiseUnderEverySeed) {
  const auto only = number_from("BACKUPCTL_SIM_SEED", 0);
  const auto first = only ? only : number_from("BACKUPCTL_SIM_FIRST", 1);
  const auto count = only ? 1 : number_from("BACKUPCTL_SIM_SEEDS", 300);
  RunReport sum;
  for (auto seed = first; seed < first + count; ++seed) {
    const auto report = World(seed).run();
    ASSERT_NO_FATAL_FAILURE(expect_all_kept(seed, report));
    sum.events += report.events;
    sum.requests += report.requests;
    sum.succeeded += report.succeeded;
    sum.parked += report.parked;
    sum.adopted += report.adopted;
    sum.imported += report.imported;
    for (std::size_t i = 0; i < sum.crashes.size(); ++i) sum.crashes[i] += report.crashes[i];
  }
  std::int64_t crashes = 0;
  std::string missed;
  for (std::size_t i = 0; i < sum.crashes.size(); ++i) {
    crashes += sum.crashes[i];
    if (sum.crashes[i] == 0) missed += std::string(i % 2 ? " after " : " before ") + std::string(fault_steps[i / 2]);
  }
  std::printf(
      "%llu seeds, %llu events, %lld requests, %lld succeeded, %lld results parked, %lld adopted, "
      "%lld backups imported, %lld crashes\n",
      static_cast<unsigned long long>(count), static_cast<unsigned long long>(sum.events),
      static_cast<long long>(sum.requests), static_cast<long long>(sum.succeeded), static_cast<long long>(sum.parked),
      static_cast<long long>(sum.adopted), static_cast<long long>(sum.imported), static_cast<long long>(crashes));
  // Fewer seeds need not come by every place.
  if (count < 5000) return;
  EXPECT_EQ(missed, "") << "no controller crashed there";
  EXPECT_GT(sum.succeeded, 0);
  EXPECT_GT(sum.parked, 0);
  EXPECT_GT(sum.adopted, 0);
  EXPECT_GT(sum.imported, 0);
}

}  // namespace
}  // namespace backupctl::sim
