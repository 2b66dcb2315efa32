// The file drop under many seeds of crashes, kills, power cuts, full disks, a folder that goes away, a faulty store and
// several hosts on one folder. Seeds are chosen as for the main simulation: BACKUPCTL_SIM_SEEDS, _FIRST, _SEED, _TRACE.
#include <gtest/gtest.h>

#include <cstdio>

#include "sim/seeds.hpp"
#include "sim_drop/drop_world.hpp"

namespace backupctl::sim {
namespace {

void expect_all_kept(std::uint64_t seed, const DropReport& report) {
  std::string text;
  for (const auto& violation : report.violations) text += violation + "\n";
  ASSERT_TRUE(report.violations.empty()) << "seed " << seed << ":\n" << text;
}

TEST(DropSimulation, TheSameSeedTakesTheSameWay) {
  if (!fs::exists("/dev/shm")) GTEST_SKIP() << "elsewhere a folder lists its names in an order of its own";
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    EXPECT_EQ(DropWorld(seed).run().trace, DropWorld(seed).run().trace) << "seed " << seed;
  }
}

TEST(DropSimulation, EachLineIsOneRequestAndEachFileHasItsEnd) {
  const auto only = number_from("BACKUPCTL_SIM_SEED", 0);
  const auto first = only ? only : number_from("BACKUPCTL_SIM_FIRST", 1);
  const auto count = only ? 1 : number_from("BACKUPCTL_SIM_SEEDS", 300);
  DropReport sum;
  for (auto seed = first; seed < first + count; ++seed) {
    const auto report = DropWorld(seed).run();
    ASSERT_NO_FATAL_FAILURE(expect_all_kept(seed, report));
    sum.events += report.events;
    sum.files += report.files;
    sum.requests += report.requests;
    sum.succeeded += report.succeeded;
    for (std::size_t i = 0; i < sum.crashes.size(); ++i) sum.crashes[i] += report.crashes[i];
  }
  std::int64_t crashes = 0;
  std::string missed;
  for (std::size_t i = 0; i < sum.crashes.size(); ++i) {
    crashes += sum.crashes[i];
    if (sum.crashes[i] == 0) {
      missed += std::string(i % 2 ? " after " : " before ") + std::string(filedrop::file_drop_fault_steps[i / 2]);
    }
  }
  std::printf("%llu seeds, %llu events, %lld files, %lld requests, %lld succeeded, %lld crashes\n",
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(sum.events),
              static_cast<long long>(sum.files), static_cast<long long>(sum.requests),
              static_cast<long long>(sum.succeeded), static_cast<long long>(crashes));
  // Fewer seeds need not come by every place.
  if (count < 300) return;
  EXPECT_EQ(missed, "") << "no file drop crashed there";
  EXPECT_GT(sum.succeeded, 0);
}

}  // namespace
}  // namespace backupctl::sim
