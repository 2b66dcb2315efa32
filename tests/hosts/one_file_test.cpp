// Two processes on one SQLite file, both writing all the time: each gets its share, nobody waits for long (20 ms, or
// four times what a commit takes alone where the machine is slower than that).
// BACKUPCTL_FAIRNESS_SECONDS=N for another length than 3 s.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "backupctl/soci/store.hpp"
#include "integration/support/temp_dir.hpp"

namespace backupctl::testing {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

struct Share {
  std::int64_t commits = 0;
  std::int64_t longest_99 = 0;  // microseconds that 99 of 100 commits took at most, waiting for the other included
};

// Commits one after another until the end; in a process of its own.
Share commit_until(const std::string& url, const std::string& zone_name, Clock::time_point end) {
  auto store = soci::open_blocking(url).value();
  const auto zone = ZoneName::parse(zone_name).value();
  std::vector<std::int64_t> times;
  for (bool paused = true; Clock::now() < end; paused = !paused) {
    const auto begin = Clock::now();
    const auto outcome = store->apply({PauseZone{zone, paused}}).at(0);
    if (outcome.status == OutcomeStatus::failed || outcome.status == OutcomeStatus::unknown) return {};
    times.push_back(std::chrono::duration_cast<microseconds>(Clock::now() - begin).count());
  }
  if (times.empty()) return {};
  std::ranges::sort(times);
  return {static_cast<std::int64_t>(times.size()), times[times.size() * 99 / 100]};
}

// Each of `processes` in a process of its own, all at once.
std::vector<Share> shares_of(int processes, const std::string& url, std::chrono::milliseconds length) {
  const auto end = Clock::now() + length;
  int ends[2];
  if (::pipe(ends) != 0) return {};
  for (int child = 0; child < processes; ++child) {
    if (::fork() != 0) continue;
    const auto share = commit_until(url, "zone-" + std::to_string(child), end);
    ::_exit(::write(ends[1], &share, sizeof share) == sizeof share ? 0 : 1);
  }
  std::vector<Share> shares(static_cast<std::size_t>(processes));
  for (auto& share : shares) {
    if (::read(ends[0], &share, sizeof share) != static_cast<ssize_t>(sizeof share)) share = {};
    ::wait(nullptr);
  }
  ::close(ends[0]);
  ::close(ends[1]);
  return shares;
}

TEST(OneFile, TwoProcessesGetEqualSharesAndShortWaits) {
  const char* wanted = std::getenv("BACKUPCTL_FAIRNESS_SECONDS");
  const TempDir folder;
  const auto url = "sqlite://" + (folder.path() / "controller.db").string();
  ASSERT_TRUE(soci::open_blocking(url));
  // What a commit takes here and now without the other.
  const auto alone = shares_of(1, url, std::chrono::seconds(1)).at(0);
  const auto both = shares_of(2, url, std::chrono::seconds(wanted ? std::atoi(wanted) : 3));
  const auto bound = std::max<std::int64_t>(20'000, 4 * alone.longest_99);
  const auto all = both[0].commits + both[1].commits;
  std::printf("alone: %lld commits, 99 %% within %lld us\n", static_cast<long long>(alone.commits),
              static_cast<long long>(alone.longest_99));
  ASSERT_GT(alone.commits, 0);
  ASSERT_GT(all, 0);
  for (const auto& [commits, longest_99] : both) {
    std::printf("%lld of %lld commits, 99 %% within %lld us\n", static_cast<long long>(commits),
                static_cast<long long>(all), static_cast<long long>(longest_99));
    EXPECT_GE(commits * 100, all * 40);
    EXPECT_LT(longest_99, bound);
  }
}

}  // namespace
}  // namespace backupctl::testing
