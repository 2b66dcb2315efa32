// The statements on waiting notices.
// Thread rule: that of the session.
#pragma once

#include <optional>
#include <vector>

#include "backupctl/repository.hpp"
#include "soci/ground/sqlite_session.hpp"

namespace backupctl::soci {

void keep_notice(SqliteSession& session, const std::optional<Notice>& notice);
bool settle_notice(SqliteSession& session, const SettleNotice& command);  // false: it is not there
std::vector<WaitingNotice> claim_waiting_notices(SqliteSession& session, const NoticeClaim& claim);

}  // namespace backupctl::soci
