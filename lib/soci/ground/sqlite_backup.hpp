// A copy of a SQLite store while others read and write it.
// Thread rule: any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "backupctl/result.hpp"

namespace backupctl::soci {

struct StoreCopy {
  std::string_view product;  // whose store it is, see product_name()
  std::uint32_t schema = 0;
  std::uint64_t byte_count = 0;
};

// The store as it stands at one moment. Nobody waits for it, and the store is not changed, also when its schema is
// older or newer than this program. The copy has been checked, and appears under its name whole and durable, or not at
// all. Errors: those of read_sqlite_header and sqlite_error; corrupt "store-foreign" (no store of ours); conflict
// "file-exists" (`to`, or `to`.new, which another copy is writing or has left behind).
Result<StoreCopy> back_up_sqlite(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace backupctl::soci
