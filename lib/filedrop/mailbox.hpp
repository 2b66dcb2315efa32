// Brings answers that come on other threads to the thread that works on the files.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <utility>

#include "backupctl/executor.hpp"

namespace backupctl::filedrop {

// Thread-safe; run() is for the one thread that works on the files.
class Mailbox {
 public:
  // `wake` is called, from any thread, when something has come.
  explicit Mailbox(std::function<void()> wake = [] {}) : wake_(std::move(wake)) {}

  void post(Task task) {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    tasks_.push_back(std::move(task));
    if (tasks_.size() == 1) wake_();
  }
  // True when there was something.
  bool run() {
    std::deque<Task> tasks;
    {
      const std::lock_guard lock(mutex_);
      tasks.swap(tasks_);
    }
    for (auto& task : tasks) task();
    return !tasks.empty();
  }
  // From now on what comes is dropped.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    tasks_.clear();
  }

 private:
  std::mutex mutex_;
  std::function<void()> wake_;
  std::deque<Task> tasks_;
  bool closed_ = false;
};

}  // namespace backupctl::filedrop
