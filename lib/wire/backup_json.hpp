// Backups of the master store in JSON.
//
// Thread rule: pure functions.
#pragma once

#include "backupctl/backup.hpp"
#include "wire/json_writer.hpp"

namespace backupctl::wire {

void write_backup(JsonWriter& out, const Backup& backup);

}  // namespace backupctl::wire
