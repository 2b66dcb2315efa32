// Appends to the audit's chains in the transaction that is under way.
// Thread rule: that of the session.
#pragma once

#include <vector>

#include "backupctl/repository.hpp"
#include "soci/ground/postgresql_session.hpp"

namespace backupctl::soci::postgresql {

void append_audit(PostgresqlSession& session, const std::vector<AuditEntry>& entries);
bool tie_audit(PostgresqlSession& session, const TieAudit& command);  // false: nothing to tie

std::vector<AuditRecord> select_audit(PostgresqlSession& session, const AuditQuery& query);
std::vector<AuditHead> select_audit_heads(PostgresqlSession& session);

}  // namespace backupctl::soci::postgresql
