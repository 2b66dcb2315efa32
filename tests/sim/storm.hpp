// A simulated shop is run through a storm of troubles, and then through the quiet in which everything must end.
#pragma once

#include <functional>
#include <string>

#include "sim/shop.hpp"

namespace backupctl::sim {

inline constexpr Duration quiet_for = std::chrono::minutes(40);
inline constexpr std::uint64_t most_events = 300'000;  // beyond this something goes round in circles

// Runs what was planned until, after the storm, nothing goes on. `what_goes_on` names what does. Ends early at a
// violation; not to come to an end is one.
inline void run_to_the_end(Shop& shop, Duration stormy_for, const std::function<std::string()>& what_goes_on) {
  Duration look_again = stormy_for;
  while (shop.model.violations().empty()) {
    if (shop.time.next_at() > look_again) {
      if (what_goes_on().empty()) break;
      look_again += std::chrono::seconds(1);
    }
    if (shop.time.next_at() > stormy_for + quiet_for || shop.time.events_so_far() > most_events) {
      shop.model.violation("not over: " + what_goes_on());
      break;
    }
    shop.time.run_one();
  }
}

}  // namespace backupctl::sim
