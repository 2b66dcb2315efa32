// The main() of a controller program, but for how it is asked.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "config/options.hpp"
#include "controller/service.hpp"

namespace backupctl::host {

struct ProgramParts {
  config::Program about;
  std::function<void(config::Schema&)> declare_more{};  // keys of this program alone
  std::vector<std::string_view> more_fault_steps{};     // beside those of the controller
  MakeTransports make_transports;
};

// Returns the exit code. Thread rule: call once, from main. `settings` holds the defaults and becomes what was read.
int run_program(int argc, char** argv, Settings& settings, const ProgramParts& parts);

}  // namespace backupctl::host
