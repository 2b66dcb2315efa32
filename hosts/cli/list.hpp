// Lists, page after page.
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cli/caller.hpp"

namespace backupctl::cli {

struct ListOrder {
  Service service;
  std::string path;
  std::vector<std::pair<std::string, std::string>> filters;  // query parameters; without a value they are left out
  std::int64_t limit = 100;                                  // rows; 0: the list comes whole, it has no pages
  std::vector<std::string> columns;
  std::string nothing;  // said when the list is empty: "no backups"
};

// Prints the list as a table or as one document. Returns the exit code.
int print_list(const Session& session, const ListOrder& order);

}  // namespace backupctl::cli
