// The running zone: its parts put together, from the first line to the last.
#pragma once

#include <string>
#include <vector>

#include "backupctl/executor.hpp"
#include "backupctl/log.hpp"
#include "backupctl/result.hpp"
#include "zone/settings.hpp"

namespace backupctl::zone {

// Serves until SIGTERM or SIGINT has come and work in flight has been left in order. Errors: what kept it from
// starting, or internal when it had to end by itself. Thread rule: once, from main.
Result<void> serve(const Settings& settings, Clock& clock, Logger& logger);

}  // namespace backupctl::zone
