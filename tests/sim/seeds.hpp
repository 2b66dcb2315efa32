// How many seeds are run, and which: told by the environment.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace backupctl::sim {

inline std::uint64_t number_from(const char* variable, std::uint64_t fallback) {
  const char* text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : fallback;
}

}  // namespace backupctl::sim
