// Leaves a failing peer alone. Closed: calls go through. After `failures` in a row open: none does, until `probe_every`
// has passed; then half-open: one trial, whose outcome closes or opens it again. Pure: time is given. On the executor.
#pragma once

#include <cstdint>
#include <string>

#include "backupctl/controller.hpp"

namespace backupctl::app {

class Breaker {
 public:
  Breaker(std::int64_t failures, Duration probe_every) : failures_(failures), probe_every_(probe_every) {}

  // May a call go out now? True takes the trial when the breaker is not closed: tell its outcome.
  bool allows(Duration now) {
    if (state_ == BreakerState::closed) return true;
    if (now < probe_at_) return false;
    state_ = BreakerState::half_open;
    probe_at_ = now + probe_every_;  // a trial that never ends does not keep the peer out for ever
    return true;
  }
  // The trial that was taken found nothing to try: the next caller may have it.
  void give_back_trial(Duration now) {
    if (state_ != BreakerState::half_open) return;
    state_ = BreakerState::open;
    probe_at_ = now;
  }
  bool is_closed() const { return state_ == BreakerState::closed; }

  void succeeded() {
    state_ = BreakerState::closed;
    failed_in_a_row_ = 0;
    last_error_.clear();
  }
  void failed(Duration now, std::string error, bool at_once = false) {
    last_error_ = std::move(error);
    ++failed_in_a_row_;
    if (state_ == BreakerState::closed && !at_once && failed_in_a_row_ < failures_) return;
    state_ = BreakerState::open;
    probe_at_ = now + probe_every_;
  }

  BreakerState state() const { return state_; }
  const std::string& last_error() const { return last_error_; }

 private:
  std::int64_t failures_;
  Duration probe_every_;
  BreakerState state_ = BreakerState::closed;
  std::int64_t failed_in_a_row_ = 0;
  Duration probe_at_{};
  std::string last_error_;
};

}  // namespace backupctl::app
