// What a store's log must go through before anything is built upon it.
// Thread rule: that of the session in whose write transaction it is called: nobody else may write to the log meanwhile.
#pragma once

#include <filesystem>
#include <string>

#include "backupctl/result.hpp"

namespace backupctl::soci {

// Writes the log's bytes once more as they are, and syncs them.
//
// A process before us may have left because a sync of the log failed. The kernel then takes the bytes for written: they
// can be read, no later sync writes them, and a power cut takes them away again, from under what was built upon them.
// Nothing is done when there is no log. Errors: those of sqlite_error.hpp.
Result<void> rewrite_log(const std::filesystem::path& store, const std::string& vfs);

}  // namespace backupctl::soci
