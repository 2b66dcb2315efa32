// What goes wrong in a run, in percent of the occasions. All zero once the quiet phase has begun.
#pragma once

namespace backupctl::sim {

struct Faults {
  int crash_per_thousand = 0;     // at each fault point
  int store_failed = 0;           // a write is certainly not done
  int store_unknown_applied = 0;  // done, but nobody says so
  int store_unknown_not = 0;      // not done, and nobody says so
  int read_failed = 0;
  int job_unavailable = 0;
  int call_lost = 0;     // the zone never hears of it
  int reply_lost = 0;    // it hears, we do not
  int zone_forgets = 0;  // a command vanishes from its memory
  int result_twice = 0;
  int result_lost = 0;  // on the way to the controller; the outbox repeats
  int slow = 0;         // something takes a hundred times as long
};

}  // namespace backupctl::sim
