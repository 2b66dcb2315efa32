// The audit's chains.
// Thread rule: that of the session.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "backupctl/repository.hpp"
#include "soci/ground/sqlite_session.hpp"

namespace backupctl::soci {

// Appends in the transaction that is under way. The head of a chain is read once and written once, by close().
class AuditAppender {
 public:
  explicit AuditAppender(SqliteSession& session) : session_(session) {}

  void append(const std::vector<AuditEntry>& entries);
  bool tie(const TieAudit& command);  // false: nothing to tie
  void close();                       // after the last entry, before the commit

 private:
  struct Head {
    std::int64_t seq = 0;
    std::string hash{};
    bool moved = false;
  };
  void append(const AuditEntry& entry);
  void put(Head& head, const AuditEntry& entry);
  std::vector<AuditHead> take_untied(InstanceId writer);

  SqliteSession& session_;
  std::map<std::string, Head> heads_;  // by writer
};

std::vector<AuditRecord> select_audit(SqliteSession& session, const AuditQuery& query);
std::vector<AuditHead> select_audit_heads(SqliteSession& session);

}  // namespace backupctl::soci
