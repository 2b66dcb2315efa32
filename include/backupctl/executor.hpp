// Where work runs and what time it is: the two things that tests and the simulation replace.
#pragma once

#include <functional>

#include "backupctl/time.hpp"

namespace backupctl {

using Task = std::function<void()>;

// Runs tasks one after another, never two at once: everything that is "on the executor" needs no lock.
// Thread rule: post and post_after may be called from any thread; tasks run on the executor alone.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void post(Task task) = 0;
  // Runs `task` once at least `delay` has passed by the monotonic clock. There is no cancel: a task that is no longer
  // wanted finds so when it runs, so keep such timers few.
  virtual void post_after(Duration delay, Task task) = 0;
};

// Thread rule: any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() = 0;       // UTC wall clock; may step
  virtual Duration monotonic() = 0;  // since some fixed moment; never steps, counts suspended time (CLOCK_BOOTTIME)
};

}  // namespace backupctl
