// Appends to the audit's chains in the transaction that is under way.
// Thread rule: that of the session.
#pragma once

#include <vector>

#include "backupctl/repository.hpp"
#include "soci/ground/sqlite_session.hpp"

namespace backupctl::soci {

void append_audit(SqliteSession& session, const std::vector<AuditEntry>& entries);
bool tie_audit(SqliteSession& session, const TieAudit& command);  // false: nothing to tie

std::vector<AuditRecord> select_audit(SqliteSession& session, const AuditQuery& query);
std::vector<AuditHead> select_audit_heads(SqliteSession& session);

}  // namespace backupctl::soci
