// Following a backup request to its end.
#pragma once

#include <string>

#include "cli/caller.hpp"

namespace backupctl::cli {

bool is_terminal_state(std::string_view state_code);
// The exit code that a terminal state stands for.
int exit_code_of(std::string_view state_code);

// Asks for the request until it has ended or `timeout` has passed since `begin` (Clock::monotonic), showing on
// session.err what goes on; on a terminal in one line. A controller that is away, or not well, is asked again: the
// request goes on without it. Prints the request as it was seen last and returns the exit code.
int wait_for_end(const Session& session, const std::string& request_id, Duration begin, Duration timeout);

}  // namespace backupctl::cli
