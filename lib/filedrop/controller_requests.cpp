#include "filedrop/controller_requests.hpp"

#include <utility>

namespace backupctl::filedrop {

void ControllerRequests::find(std::vector<RequestId> ids, Handler<Result<std::vector<BackupRequest>>> handler) {
  executor_.post([this, life = life_, ids = std::move(ids), handler = std::move(handler)] {
    const std::lock_guard lock(life->mutex);
    if (life->is_over) return;
    const auto count = static_cast<std::int64_t>(ids.size());
    controller_.repository().list_requests({.ids = ids, .limit = count}, handler);
  });
}

}  // namespace backupctl::filedrop
