#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>

#include "backupctl/serial_executor.hpp"
#include "system/worker_threads.hpp"

namespace backupctl {
namespace {

using namespace std::chrono_literals;

TEST(SerialExecutor, RunsTasksInOrderAndNeverTwoAtOnce) {
  SerialExecutor executor;
  std::atomic<int> inside{0};
  std::vector<int> order;  // no lock: that is the promise
  std::vector<std::thread> posters;
  for (int t = 0; t < 4; ++t) {
    posters.emplace_back([&] {
      for (int i = 0; i < 250; ++i) {
        executor.post([&] {
          EXPECT_EQ(inside.fetch_add(1), 0);
          order.push_back(0);
          inside.fetch_sub(1);
        });
      }
    });
  }
  for (auto& poster : posters) poster.join();
  std::promise<std::size_t> all;
  executor.post([&] { all.set_value(order.size()); });
  EXPECT_EQ(all.get_future().get(), 1000u);
}

TEST(SerialExecutor, RunsTimersByTheirTime) {
  SerialExecutor executor;
  std::string order;
  std::promise<void> done;
  executor.post([&] {
    executor.post_after(20ms, [&] {
      order += "c";
      done.set_value();
    });
    executor.post_after(1ms, [&] { order += "b"; });
    executor.post([&] { order += "a"; });
  });
  done.get_future().wait();
  EXPECT_EQ(order, "abc");
}

TEST(SerialExecutor, DropsWhatStillWaitsWhenItEnds) {
  const auto held = std::make_shared<int>(1);
  std::atomic<bool> ran{false};
  {
    SerialExecutor executor;
    executor.post_after(1h, [held, &ran] { ran = true; });
  }
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_FALSE(ran);
}

TEST(WorkerThreads, FinishWhatWasPosted) {
  std::atomic<int> ran{0};
  {
    WorkerThreads threads(3);
    for (int i = 0; i < 300; ++i) threads.post([&] { ++ran; });
  }
  EXPECT_EQ(ran, 300);
}

TEST(WorkerThreads, OneThreadKeepsTheOrder) {
  std::vector<int> order;
  {
    WorkerThreads threads(1);
    for (int i = 0; i < 100; ++i) threads.post([&order, i] { order.push_back(i); });
  }
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(SystemClock, GoesOn) {
  SystemClock clock;
  const auto first = clock.monotonic();
  EXPECT_GE(clock.monotonic(), first);
  EXPECT_GT(clock.now(), Timestamp{std::chrono::seconds(1'700'000'000)});
}

}  // namespace
}  // namespace backupctl
