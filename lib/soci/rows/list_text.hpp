// What a list asks for, as the conditions of a SELECT and the index that it is read by, the same in every engine.
// Thread rule: that of the statement.
#pragma once

#include "backupctl/repository.hpp"
#include "soci/rows/select_text.hpp"

namespace backupctl::soci {

// Of a SELECT from backup_request, and of one from backup.
void list(SelectText& select, const RequestQuery& query);
void list(SelectText& select, const BackupQuery& query);

}  // namespace backupctl::soci
