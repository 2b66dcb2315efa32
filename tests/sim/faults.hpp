// What goes wrong in a run, in percent of the occasions. Each seed draws its own mixture; all of it is over once the
// quiet phase has begun.
#pragma once

#include <array>

#include "backupctl/fault_points.hpp"
#include "sim/sim_time.hpp"

namespace backupctl::sim {

struct Faults {
  // Processes
  int crash_per_thousand = 0;         // at each fault point
  std::size_t favourite = two_sides;  // one fault point (step * 2 + after) that this seed crashes at more often
  int favourite_crash = 0;
  int zone_unknown = 0;  // a controller starts without one of the zones
  // Store
  int store_failed = 0;           // a commit is certainly not done
  int store_unknown_applied = 0;  // done, but nobody says so
  int store_unknown_not = 0;      // not done, and nobody says so
  int command_failed = 0;         // one Command of a commit is not written, the others are
  int read_failed = 0;
  // Network
  int call_lost = 0;   // the peer never hears of it
  int call_late = 0;   // it hears long after the caller has given up
  int call_twice = 0;  // it hears twice
  int reply_lost = 0;  // it hears, we do not
  int slow = 0;        // something takes a hundred times as long
  // Peers
  int job_unavailable = 0;
  int notifier_unavailable = 0;
  int jobs_restless = 0;  // chance that jobs are suspended, changed and removed all the time
  int wrong_answer = 0;   // a zone answers what it should not
  int zone_refuses = 0;
  int zone_forgets = 0;      // a command vanishes from its memory
  int zone_contradicts = 0;  // it tells another result later
  int result_twice = 0;
  int result_lost = 0;  // on the way to the controller; the outbox repeats

  static constexpr std::size_t two_sides = 2 * fault_steps.size();

  static Faults of(SimRandom& random) {
    const auto level = [&random](std::int64_t most) {
      return random.chance(50) ? static_cast<int>(random.below(most + 1)) : 0;
    };
    Faults faults;
    faults.crash_per_thousand = level(20);
    faults.favourite = static_cast<std::size_t>(random.below(two_sides));
    faults.favourite_crash = level(60);
    faults.zone_unknown = level(40);
    faults.store_failed = level(10);
    faults.store_unknown_applied = level(10);
    faults.store_unknown_not = level(10);
    faults.command_failed = level(10);
    faults.read_failed = level(10);
    faults.call_lost = level(40);
    faults.call_late = level(20);
    faults.call_twice = level(30);
    faults.reply_lost = level(40);
    faults.slow = level(30);
    faults.job_unavailable = level(50);
    faults.notifier_unavailable = level(50);
    faults.jobs_restless = level(100);
    faults.wrong_answer = level(20);
    faults.zone_refuses = level(15);
    faults.zone_forgets = level(20);
    faults.zone_contradicts = level(20);
    faults.result_twice = level(50);
    faults.result_lost = level(40);
    return faults;
  }
};

}  // namespace backupctl::sim
