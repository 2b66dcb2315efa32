#include "filedrop/controller_requests.hpp"

#include <optional>
#include <utility>

namespace backupctl::filedrop {
namespace {

// Answers once for all of a group's single questions. Any thread.
class Gathering {
 public:
  Gathering(std::size_t count, Handler<Result<std::vector<BackupRequest>>> handler)
      : left_(count), handler_(std::move(handler)) {}

  void add(Result<std::optional<BackupRequest>> row) {
    {
      const std::lock_guard lock(mutex_);
      if (!row && !error_)
        error_ = std::move(row).error();
      else if (row && *row)
        rows_.push_back(**std::move(row));
      if (--left_ > 0) return;
    }
    if (error_) return handler_(*error_);
    handler_(std::move(rows_));
  }

 private:
  std::mutex mutex_;
  std::size_t left_;
  std::vector<BackupRequest> rows_;
  std::optional<Error> error_;
  Handler<Result<std::vector<BackupRequest>>> handler_;
};

}  // namespace

void ControllerRequests::find(std::vector<RequestId> ids, Handler<Result<std::vector<BackupRequest>>> handler) {
  executor_.post([this, life = life_, ids = std::move(ids), handler = std::move(handler)] {
    const std::lock_guard lock(life->mutex);
    if (life->is_over) return;
    const auto gathering = std::make_shared<Gathering>(ids.size(), handler);
    for (const auto id : ids) {
      controller_.repository().find_request(
          id, [gathering](Result<std::optional<BackupRequest>> row) { gathering->add(std::move(row)); });
    }
  });
}

}  // namespace backupctl::filedrop
