// What is wrong with a configuration, and where.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace backupctl::config {

// Thread rule: plain value.
struct Problem {
  std::string where;  // "controller.toml:12", "environment BACKUPCTL_HTTP_LISTEN", "--set" or "default"
  std::string key;    // "http.listen", "zone[0].url" (rows count from 0); empty when the file as a whole is unreadable
  std::string detail;
  friend bool operator==(const Problem&, const Problem&) = default;
};

std::string to_string(const Problem& problem);  // "controller.toml:12: http.listen: must be …"

// The one of `known` that `word` was probably meant to be, or "" when none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace backupctl::config
