#include "http/rate_limit.hpp"

#include <algorithm>
#include <chrono>

namespace backupctl::http {

using namespace std::chrono_literals;

RateLimit::RateLimit(std::int64_t per_second) : interval_(per_second == 0 ? 0s : Duration{1s} / per_second) {}

std::optional<Duration> RateLimit::refusal(const std::string& owner, Duration now) {
  if (interval_ == Duration{}) return {};
  auto& due = due_.try_emplace(owner, now).first->second;
  const Duration ahead = due - now;
  if (ahead > 1s - interval_) return ahead - (1s - interval_);
  due = std::max(due, now) + interval_;
  return {};
}

}  // namespace backupctl::http
