// The statements on waiting notices.
// Thread rule: that of the session.
#pragma once

#include <vector>

#include "backupctl/repository.hpp"
#include "soci/ground/postgresql_session.hpp"

namespace backupctl::soci::postgresql {

void keep_notices(PostgresqlSession& session, const std::vector<const Notice*>& notices);
bool settle_notice(PostgresqlSession& session, const SettleNotice& command);  // false: it is not there
std::vector<WaitingNotice> claim_waiting_notices(PostgresqlSession& session, const NoticeClaim& claim);

}  // namespace backupctl::soci::postgresql
