#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "soci/ground/instance_lock.hpp"
#include "soci/ground/turnstile.hpp"
#include "soci_temporary_folder.hpp"

namespace backupctl::soci {
namespace {

using namespace std::chrono_literals;

InstanceId instance(int n) {
  return InstanceId::parse("01900000-0000-7000-8000-00000000000" + std::to_string(n)).value();
}

TEST(Turnstile, LetsOneIn) {
  TemporaryFolder folder;
  auto one = Turnstile::beside(folder / "s.db").value();
  auto two = Turnstile::beside(folder / "s.db").value();
  {
    auto pass = one.enter(0ms);
    ASSERT_TRUE(pass);
    auto refused = two.enter(1ms);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "store-busy");
    EXPECT_TRUE(refused.error().retryable);
  }
  EXPECT_TRUE(two.enter(0ms));
}

TEST(Turnstile, WhoHasWrittenWaitsBehindTheOneWhoWaits) {
  TemporaryFolder folder;
  auto one = Turnstile::beside(folder / "s.db").value();
  auto gate = LockFile::open(folder / "s.db.gate.lock").value();
  ASSERT_TRUE(gate.try_lock());  // somebody waits for the writer's place, which is free
  EXPECT_FALSE(one.enter(1ms));
  gate.unlock();
  EXPECT_TRUE(one.enter(0ms));
}

TEST(Turnstile, ExcludesUnderContention) {
  TemporaryFolder folder;
  std::atomic<int> inside{0}, overlaps{0}, entered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      auto turnstile = Turnstile::beside(folder / "s.db").value();
      for (int i = 0; i < 200; ++i) {
        auto pass = turnstile.enter(60s);
        if (!pass) continue;
        ++entered;
        if (inside.fetch_add(1) != 0) ++overlaps;
        inside.fetch_sub(1);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(overlaps, 0);
  EXPECT_EQ(entered, 600);
}

TEST(InstanceLock, LivesAsLongAsItsObject) {
  TemporaryFolder folder;
  const auto store = folder / "s.db";
  EXPECT_FALSE(is_alive(store, instance(1)).value());
  {
    auto lock = InstanceLock::take(store, instance(1));
    ASSERT_TRUE(lock);
    EXPECT_TRUE(is_alive(store, instance(1)).value());
    EXPECT_FALSE(is_alive(store, instance(2)).value());
    auto twice = InstanceLock::take(store, instance(1));
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().kind, ErrorKind::conflict);
    EXPECT_TRUE(is_alive(store, instance(1)).value());
  }
  EXPECT_FALSE(is_alive(store, instance(1)).value());
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(InstanceLock, TheKernelFreesThatOfAKilledProcess) {
  TemporaryFolder folder;
  const auto store = folder / "s.db";
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto lock = InstanceLock::take(store, instance(1));
    if (lock && ::write(ready[1], "x", 1) == 1) ::pause();
    ::_exit(1);
  }
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  auto mine = InstanceLock::take(store, instance(2)).value();
  EXPECT_TRUE(is_alive(store, instance(1)).value());
  EXPECT_TRUE(remove_dead_instances(store).empty());

  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(is_alive(store, instance(1)).value());
  EXPECT_EQ(remove_dead_instances(store), std::vector{instance(1)});
  EXPECT_TRUE(remove_dead_instances(store).empty());
  EXPECT_TRUE(is_alive(store, instance(2)).value());
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(InstanceLock, LeavesOtherFilesAlone) {
  TemporaryFolder folder;
  const auto store = folder / "s.db";
  for (const char* name : {"s.db.instance-x.lock", "t.db.instance-01900000-0000-7000-8000-000000000001.lock",
                           "s.db.lock", "s.db.instance-.lock", "s.db.instance-.loc"}) {
    write_bytes(folder.path() / name, "");
  }
  EXPECT_TRUE(remove_dead_instances(store).empty());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 5);
}

}  // namespace
}  // namespace backupctl::soci
