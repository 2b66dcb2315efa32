// Seeds that found something once, and what it was. They are run first, always.
#pragma once

#include <array>
#include <cstdint>

namespace backupctl::sim {

struct KeptSeed {
  std::uint64_t seed;
  const char* found;
};

inline constexpr std::array<KeptSeed, 2> kept_seeds{{
    {35, "a caller without a key was told to ask again while its request went on under another controller"},
    {339, "a row whose writing and whose handing back were refused for good stayed with its controller for ever"},
}};

}  // namespace backupctl::sim
