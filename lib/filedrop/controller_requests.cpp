#include "filedrop/controller_requests.hpp"

#include <optional>
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

namespace {

// Answers of several threads, put together.
struct Gathered {
  std::mutex mutex;
  std::vector<History> all;
  std::size_t missing;
  std::optional<Error> error;
  Handler<Result<std::vector<History>>> handler;

  void take(std::size_t index, Result<History> history) {
    {
      const std::lock_guard lock(mutex);
      if (history) {
        all[index] = *std::move(history);
      } else {
        error = std::move(history).error();
      }
      if (--missing > 0) return;
    }
    if (error) return handler(*std::move(error));
    handler(std::move(all));
  }
};

}  // namespace

void ControllerRequests::histories(std::vector<RequestId> ids, Handler<Result<std::vector<History>>> handler) {
  auto gathered = std::make_shared<Gathered>();
  gathered->all.resize(ids.size());
  gathered->missing = ids.size();
  gathered->handler = std::move(handler);
  executor_.post([this, life = life_, ids = std::move(ids), gathered = std::move(gathered)] {
    const std::lock_guard lock(life->mutex);
    if (life->is_over) return;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      controller_.repository().history(
          ids[i], [gathered, i](Result<History> history) { gathered->take(i, std::move(history)); });
    }
  });
}

}  // namespace backupctl::filedrop
