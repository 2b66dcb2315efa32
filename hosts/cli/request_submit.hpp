// request submit, which may wait for the end.
#pragma once

#include "cli/command_line.hpp"

namespace backupctl::cli {

void add_request_submit(CLI::App& noun, Run& run);

}  // namespace backupctl::cli
