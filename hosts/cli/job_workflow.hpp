// job submit, approve, deny, suspend, resume, retire.
#pragma once

#include "cli/command_line.hpp"

namespace backupctl::cli {

void add_job_workflow(CLI::App& noun, Run& run);

}  // namespace backupctl::cli
