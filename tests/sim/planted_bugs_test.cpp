// The simulation on trial: each bug of planted/bugs.txt must be found within 10,000 seeds, and with none planted
// nothing.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <string>

#include "sim/planted/planted.hpp"
#include "sim/seeds.hpp"
#include "sim/world.hpp"

namespace backupctl::sim {
namespace {

constexpr std::uint64_t most_seeds = 10'000;

// NUMBER -> what it is, from the lines "bug NUMBER FILE WHAT IT IS".
std::map<int, std::string> listed_bugs() {
  std::map<int, std::string> bugs;
  std::ifstream list(BACKUPCTL_PLANTED_BUGS);
  for (std::string line; std::getline(list, line);) {
    int number = 0, end = 0;
    char file[256] = {};
    if (std::sscanf(line.c_str(), "bug %d %255s %n", &number, file, &end) == 2) bugs[number] = line.substr(end);
  }
  return bugs;
}

class PlantedBug : public ::testing::TestWithParam<int> {
 protected:
  void TearDown() override { planted_bug = 0; }
};

TEST_P(PlantedBug, IsFound) {
  planted_bug = GetParam();
  for (std::uint64_t seed = 1; seed <= most_seeds; ++seed) {
    const auto report = World(seed).run();
    if (report.violations.empty()) continue;
    std::printf("bug %2d, %s: found by seed %llu, %s\n", planted_bug, listed_bugs()[planted_bug].c_str(),
                static_cast<unsigned long long>(seed), report.violations.front().c_str());
    return;
  }
  ADD_FAILURE() << "bug " << planted_bug << ", " << listed_bugs()[planted_bug] << ": not found";
}

INSTANTIATE_TEST_SUITE_P(Each, PlantedBug, ::testing::Range(1, 33));

TEST(PlantedBugs, ListIsWholeAndNumbered) {
  const auto bugs = listed_bugs();
  EXPECT_EQ(bugs.size(), 32u) << "INSTANTIATE_TEST_SUITE_P follows the list";
  for (const auto& [number, what] : bugs) EXPECT_TRUE(number >= 1 && number <= 32 && !what.empty()) << number;
}

TEST(PlantedBugs, WithNonePlantedNothingIsFound) {
  const auto count = number_from("BACKUPCTL_SIM_SEEDS", 2000);
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    const auto report = World(seed).run();
    ASSERT_TRUE(report.violations.empty()) << "seed " << seed << ": " << report.violations.front();
  }
}

}  // namespace
}  // namespace backupctl::sim
