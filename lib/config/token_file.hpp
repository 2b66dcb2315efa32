// A secret kept in a file of its own, so that it stands neither in the configuration nor on a command line.
#pragma once

#include <string>

#include "backupctl/result.hpp"

namespace backupctl::config {

// Thread rule: plain value. The token never goes into a log, an error or a problem.
struct TokenFile {
  std::string path;     // empty: no token
  std::string token{};  // the file's text without white space around it
};

// Errors: invalid (missing, unreadable, not a regular file, empty, over 64 KiB, with white space or control characters
// within).
Result<std::string> read_token_file(const std::string& path);

bool is_readable_by_others(const std::string& path);

}  // namespace backupctl::config
