// What every command is given: the options that all have, where to write, what time it is.
#pragma once

#include <iosfwd>
#include <string>

#include "backupctl/executor.hpp"

namespace backupctl::cli {

class StoreReader;

// What scripts may rely on.
inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_bad_usage = 2;
inline constexpr int exit_not_allowed = 3;
inline constexpr int exit_request_failed = 4;
inline constexpr int exit_cancelled = 5;
inline constexpr int exit_time_out = 6;

// Thread rule: one thread.
struct Session {
  std::ostream& out;  // results alone, for pipes
  std::ostream& err;  // remarks, progress, failures
  Clock& clock;
  bool err_is_terminal = false;

  std::string controller_url = "http://127.0.0.1:8080";
  std::string jobs_url = "http://127.0.0.1:8081";
  std::string token_file{};      // empty: calls go without a token
  StoreReader* store = nullptr;  // asked instead of the controller
  bool json = false;             // the API's own documents instead of tables
};

}  // namespace backupctl::cli
