// The controller as a server process: its parts put together, started, and ended in order.
#pragma once

#include "backupctl/executor.hpp"
#include "backupctl/fault_points.hpp"
#include "backupctl/log.hpp"
#include "controller/settings.hpp"

namespace backupctl::host {

// Serves until SIGTERM or SIGINT; a second one ends without waiting. Returns the exit code: 0 after a signal, 1 when it
// could not start; the log says why. Thread rule: call once, from main. `faults` may be null.
int serve(const Settings& settings, Clock& clock, Logger& logger, FaultPoints* faults);

}  // namespace backupctl::host
