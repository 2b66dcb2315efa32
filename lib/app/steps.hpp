// What a Command is called in fault points, metrics and traces, and which row it is about.
#pragma once

#include <string>
#include <string_view>

#include "backupctl/repository.hpp"

namespace backupctl::app {

std::string_view step_of(const Command& command);  // one of fault_steps
std::string entity_of(const Command& command);     // Commands of one entity never share a group

}  // namespace backupctl::app
