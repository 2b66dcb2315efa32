// The steps by which a store's schema grows. A step is never edited once released: its checksum is kept in the store.
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backupctl/result.hpp"
#include "system/embedded_file.hpp"

namespace backupctl::soci {

struct Migration {
  std::int32_t number;  // 1, 2, 3, … without a gap
  std::string_view name;
  std::string_view sql;       // one or more statements, without BEGIN or COMMIT
  std::string_view checksum;  // SHA-256 of `sql`, hex
};

// Files named "0001_create_flow.sql", in any order. Errors: internal (a name that does not fit, a gap, a double).
Result<std::vector<Migration>> migrations_of(std::span<const EmbeddedFile> files);

// "store-older", conflict: a store that is opened for reading alone is not migrated on the way. `where` is its address.
Error older_schema(const std::string& where, std::size_t theirs, std::size_t ours);

}  // namespace backupctl::soci
