#include "controller/store_guard.hpp"

#include <unistd.h>

namespace backupctl::host {

std::vector<Outcome> StoreGuard::apply(const std::vector<Command>& commands) {
  auto outcomes = engine_->apply(commands);
  for (const auto& outcome : outcomes) {
    if (outcome.error) leave_if_lost(*outcome.error);
  }
  return outcomes;
}

void StoreGuard::leave_if_lost(const Error& error) {
  if (error.code != "store-commit-unknown") return;
  logger_.write(LogLevel::error, "the store failed in the middle of a commit: leaving, start again to go on",
                {{"error", error.detail}});
  ::_exit(1);
}

}  // namespace backupctl::host
