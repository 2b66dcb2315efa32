// What --help prints.
#pragma once

#include <string>

#include "config/options.hpp"

namespace backupctl::config {

std::string help_text(const Program& program, Schema& schema);

}  // namespace backupctl::config
