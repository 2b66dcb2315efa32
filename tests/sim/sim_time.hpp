// Virtual time: one queue of events for the whole world, ordered by time; nothing ever waits for real.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "backupctl/executor.hpp"
#include "backupctl/ids.hpp"

namespace backupctl::sim {

// The one source of chance of a run. SplitMix64: small, fast, the same everywhere.
class SimRandom final : public Random {
 public:
  explicit SimRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override {
    auto z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(bound));
  }
  bool chance(int percent) { return percent > 0 && below(100) < percent; }
  Duration up_to(Duration most) { return Duration{below(most.count() + 1)}; }

 private:
  std::uint64_t state_;
};

class SimTime {
 public:
  Duration now() const { return now_; }
  // Events of one moment run in the order in which they were put in.
  void at(Duration time, Task task) {
    std::size_t slot = tasks_.size();
    if (free_.empty()) {
      tasks_.push_back(std::move(task));
    } else {
      slot = free_.back();
      free_.pop_back();
      tasks_[slot] = std::move(task);
    }
    heap_.push_back({std::max(time, now_), sequence_++, slot});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  void after(Duration delay, Task task) { at(now_ + delay, std::move(task)); }
  bool is_empty() const { return heap_.empty(); }
  Duration next_at() const { return heap_.front().at; }
  void run_one() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const auto event = heap_.back();
    heap_.pop_back();
    now_ = event.at;
    const auto task = std::exchange(tasks_[event.slot], nullptr);
    free_.push_back(event.slot);
    task();
  }
  std::uint64_t events_so_far() const { return sequence_; }

 private:
  struct Event {
    Duration at;
    std::uint64_t sequence;
    std::size_t slot;
  };
  static bool later(const Event& a, const Event& b) { return a.at != b.at ? a.at > b.at : a.sequence > b.sequence; }

  Duration now_{};
  std::uint64_t sequence_ = 0;
  std::vector<Event> heap_;
  std::vector<Task> tasks_;
  std::vector<std::size_t> free_;
};

}  // namespace backupctl::sim
