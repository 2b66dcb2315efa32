// What the verbs of "store" share.
#pragma once

#include "backupctl/result.hpp"
#include "cli/command_line.hpp"

namespace backupctl::cli {

CLI::Validator store_url();

// Says on session.err what went wrong and what to do next. Returns the exit code.
int fail_on_store(const Session& session, const Error& error, std::string_view next);

// check, migrate, copy.
void add_store_upkeep(CLI::App& noun, Run& run);

}  // namespace backupctl::cli
