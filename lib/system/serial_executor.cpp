#include "backupctl/serial_executor.hpp"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

namespace backupctl {

struct SerialExecutor::Impl {
  SystemClock clock;
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Task> ready;
  std::multimap<Duration, Task> timed;  // by the clock's monotonic time
  bool stopping = false;
  std::thread thread{[this] { run(); }};

  void run() {
    std::unique_lock lock(mutex);
    while (!stopping) {
      const auto now = clock.monotonic();
      while (!timed.empty() && timed.begin()->first <= now) {
        ready.push_back(std::move(timed.begin()->second));
        timed.erase(timed.begin());
      }
      if (ready.empty()) {
        if (timed.empty()) {
          wake.wait(lock);
        } else {
          wake.wait_for(lock, timed.begin()->first - now);
        }
        continue;
      }
      auto task = std::move(ready.front());
      ready.pop_front();
      lock.unlock();
      task();
      task = nullptr;  // what it captured ends here, not under the lock
      lock.lock();
    }
  }
};

SerialExecutor::SerialExecutor() : impl_(std::make_unique<Impl>()) {}

SerialExecutor::~SerialExecutor() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_one();
  impl_->thread.join();
}

void SerialExecutor::post(Task task) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->ready.push_back(std::move(task));
  }
  impl_->wake.notify_one();
}

void SerialExecutor::post_after(Duration delay, Task task) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->timed.emplace(impl_->clock.monotonic() + delay, std::move(task));
  }
  impl_->wake.notify_one();
}

}  // namespace backupctl
