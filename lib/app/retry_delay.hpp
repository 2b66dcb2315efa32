// How long to wait before the next try: doubled each time from `first` up to `most`, of which a random part between a
// half and the whole is taken, so that many that failed together do not come back together.
#pragma once

#include <algorithm>
#include <cstdint>

#include "backupctl/time.hpp"

namespace backupctl::app {

inline Duration retry_delay(std::int64_t attempts, Duration first, Duration most, std::uint64_t random) {
  auto delay = first;
  for (std::int64_t i = 1; i < attempts && delay < most; ++i) delay *= 2;
  delay = std::min(delay, most);
  const auto half = delay / 2;
  return half + Duration(half.count() > 0
                             ? static_cast<std::int64_t>(random % static_cast<std::uint64_t>(half.count() + 1))
                             : 0);
}

}  // namespace backupctl::app
