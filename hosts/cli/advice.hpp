// What to do about a failure.
// Thread rule: pure function.
#pragma once

#include <string>

#include "cli/caller.hpp"

namespace backupctl::cli {

// One sentence; empty when there is nothing to add to what the service says.
std::string advice_on(const Session& session, Service service, const Error& error);

}  // namespace backupctl::cli
