// The line between a running command and those who watch it: progress one way, the wish to stop the other.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

namespace backupctl::zone {

enum class Wish { go_on, cancel, stop };
enum class Phase { waiting, scanning, copying, verifying };

constexpr std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::scanning:
      return "scanning";
    case Phase::copying:
      return "copying";
    case Phase::verifying:
      return "verifying";
    case Phase::waiting:
      break;
  }
  return "waiting";
}

struct Progress {
  Phase phase = Phase::waiting;
  std::int64_t entries = 0;
  std::int64_t bytes = 0;  // of file contents read
  std::int64_t total_entries = 0;
  std::int64_t total_bytes = 0;
};

// Thread-safe.
class Monitor {
 public:
  // A driver asks at least once for each block it reads or writes.
  Wish wish() const { return wish_.load(std::memory_order_relaxed); }
  void cancel() { wish_.store(Wish::cancel, std::memory_order_relaxed); }
  // The process is going down; a command whose cancel was asked for is still cancelled, after the next start.
  void stop() {
    auto expected = Wish::go_on;
    wish_.compare_exchange_strong(expected, Wish::stop, std::memory_order_relaxed);
  }

  void enter(Phase phase) { phase_.store(phase, std::memory_order_relaxed); }
  void add(std::int64_t entries, std::int64_t bytes) {
    entries_.fetch_add(entries, std::memory_order_relaxed);
    bytes_.fetch_add(bytes, std::memory_order_relaxed);
  }
  void add_total(std::int64_t entries, std::int64_t bytes) {
    total_entries_.fetch_add(entries, std::memory_order_relaxed);
    total_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  }
  Progress progress() const {
    return {phase_.load(), entries_.load(), bytes_.load(), total_entries_.load(), total_bytes_.load()};
  }

 private:
  std::atomic<Wish> wish_{Wish::go_on};
  std::atomic<Phase> phase_{Phase::waiting};
  std::atomic<std::int64_t> entries_{0};
  std::atomic<std::int64_t> bytes_{0};
  std::atomic<std::int64_t> total_entries_{0};
  std::atomic<std::int64_t> total_bytes_{0};
};

}  // namespace backupctl::zone
