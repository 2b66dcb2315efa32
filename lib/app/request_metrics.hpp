// How requests come along: counts by transport and state, and how long each step took. On the executor.
#pragma once

#include "app/metrics.hpp"
#include "backupctl/backup_request.hpp"

namespace backupctl::app {

void count_state(Metrics& metrics, const BackupRequest& row, RequestState from);
void count_received(Metrics& metrics, const BackupRequest& row);

}  // namespace backupctl::app
