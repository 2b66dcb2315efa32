// The command line that every server has: --config --set --check-config --help --version.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "config/load.hpp"

namespace backupctl::config {

inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;     // at run time
inline constexpr int exit_bad_usage = 2;  // of the command line, or in the configuration

struct Program {
  std::string name;      // "backupctl-http"
  std::string version;   // "0.1.0"
  std::string summary;   // one sentence
  std::string examples;  // a few command lines, each with a word on what it does
};

struct Start {
  std::optional<int> exit_code{};   // set: main returns it at once, all there is to say has been said
  std::vector<Problem> warnings{};  // to be logged once there is a logger
};

// Thread rule: call once, from main. `arguments` without the program's own name.
Start start(const Program& program, Schema& schema, const std::vector<std::string>& arguments,
            const Environment& environment, std::ostream& out, std::ostream& err);
Start start(const Program& program, Schema& schema, int argc, char** argv);  // with the process's own

Environment process_environment();

}  // namespace backupctl::config
