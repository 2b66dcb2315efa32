// Virtual time: one queue of events for the whole world, ordered by time; nothing ever waits for real.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

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
  bool chance(int percent) { return below(100) < percent; }
  Duration up_to(Duration most) { return Duration{below(most.count() + 1)}; }

 private:
  std::uint64_t state_;
};

class SimTime {
 public:
  Duration now() const { return now_; }
  void at(Duration time, Task task) { events_.emplace(std::pair(std::max(time, now_), sequence_++), std::move(task)); }
  void after(Duration delay, Task task) { at(now_ + delay, std::move(task)); }
  bool is_empty() const { return events_.empty(); }
  Duration next_at() const { return events_.begin()->first.first; }
  void run_one() {
    auto event = events_.extract(events_.begin());
    now_ = event.key().first;
    event.mapped()();
  }

 private:
  Duration now_{};
  std::uint64_t sequence_ = 0;
  std::map<std::pair<Duration, std::uint64_t>, Task> events_;
};

}  // namespace backupctl::sim
