// What all parts of one simulated shop share. Everything in it follows from the seed.
#pragma once

#include <cstdlib>

#include "backupctl/testing/memory_repository.hpp"
#include "sim/faults.hpp"
#include "sim/model.hpp"
#include "sim/sim_time.hpp"
#include "sim/trace.hpp"

namespace backupctl::sim {

inline constexpr Timestamp epoch{std::chrono::seconds(1'790'000'000)};

struct Shop {
  explicit Shop(std::uint64_t seed)
      : random(seed), applies_at_once(seed % 3 == 0 ? 2 : 1), faults(Faults::of(random)) {}

  SimRandom random;
  std::size_t applies_at_once;  // groups that the store takes; two in every third shop
  Faults faults;
  SimTime time;
  Duration clock_offset{};  // the wall clock has been stepped by so much
  testing::MemoryRepository store;
  Model model{time, store};
  Trace trace{std::getenv("BACKUPCTL_SIM_TRACE") != nullptr};
  std::int64_t calls_under_way = 0;  // of the network: called, and not yet arrived for the last time

  Timestamp wall() const { return epoch + time.now() + clock_offset; }
  void note(std::string_view what, std::string_view detail = {}, std::string_view more = {}) {
    trace.note(time.now(), what, detail, more);
  }
  bool chance(int percent) { return random.chance(percent); }
};

}  // namespace backupctl::sim
