// Pieces of SQL that several statements share.
#pragma once

#include <string_view>

namespace backupctl::soci {

// Word for word the condition of the index backup_request_open: with it in a WHERE, SQLite knows that it may use the
// index, whatever is compared with a parameter beside it.
inline constexpr std::string_view is_open =
    "(state_code = 'Received' OR state_code = 'Allowed' OR state_code = 'Sent')";

}  // namespace backupctl::soci
