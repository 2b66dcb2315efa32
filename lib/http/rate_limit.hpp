// How often each caller may do a thing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "backupctl/time.hpp"

namespace backupctl::http {

// `per_second` calls on average, and as many at once after a second of rest: the generic cell rate algorithm (ITU-T
// I.371). One thread. Keeps one time for each owner: they are the configured ones, so they are few.
class RateLimit {
 public:
  explicit RateLimit(std::int64_t per_second);  // 0: no limit

  // Nothing when the call may go on, and it then counts; else how long until the next one may. `now` is monotonic.
  std::optional<Duration> refusal(const std::string& owner, Duration now);

 private:
  Duration interval_;                      // between two calls; 0: no limit
  std::map<std::string, Duration> due_{};  // when the owner's calls so far would have been made, evenly spaced
};

}  // namespace backupctl::http
