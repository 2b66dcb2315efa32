// Pieces of SQL that several statements share.
#pragma once

#include <string>
#include <string_view>

namespace backupctl::soci {

// Word for word the condition of the index backup_request_open: with it in a WHERE, PostgreSQL knows that it may use
// the index, whatever is compared with a parameter beside it.
inline constexpr std::string_view pg_is_open = "state_code IN ('Received', 'Allowed', 'Sent')";

// A lock until the end of the transaction, one of ours in this schema for each `text` (an SQL expression).
inline std::string pg_lock(std::string_view text) {
  return "pg_advisory_xact_lock(hashtextextended(current_schema() || ' ' || " + std::string(text) + ", 0))";
}

// Heard by the other controllers on this schema; see work_channel.hpp.
inline constexpr std::string_view pg_announce_work = "SELECT pg_notify('backupctl_work', current_schema())";

}  // namespace backupctl::soci
