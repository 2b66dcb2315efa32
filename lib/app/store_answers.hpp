// Whether the store answers as it should, as one of those who ask it finds: it did so the last time, and has not been
// silent for long. Thread-safe.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "backupctl/result.hpp"
#include "backupctl/time.hpp"

namespace backupctl::app {

class StoreAnswers {
 public:
  void asked(Duration monotonic) {
    const std::lock_guard lock(mutex_);
    since_ = monotonic;
  }
  void answered() { note({}); }
  void failed(const Error& error) { note(error.code.empty() ? "store-unavailable" : error.code); }

  // The code of what is wrong; empty when nothing is.
  std::string trouble(Duration monotonic) const {
    constexpr Duration silent_for_long = std::chrono::seconds(5);
    const std::lock_guard lock(mutex_);
    if (trouble_.empty() && since_ && *since_ + silent_for_long < monotonic) return "store-silent";
    return trouble_;
  }

 private:
  void note(std::string trouble) {
    const std::lock_guard lock(mutex_);
    trouble_ = std::move(trouble);
    since_.reset();
  }

  mutable std::mutex mutex_;
  std::string trouble_;
  std::optional<Duration> since_;  // asked, and not yet answered
};

}  // namespace backupctl::app
