// What a zone's commands and results say they are (`commandType`).
#pragma once

#include <string_view>

namespace backupctl::wire {

inline constexpr std::string_view create_backup_type = "CreateBackup";

}  // namespace backupctl::wire
