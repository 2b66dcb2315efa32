// Seeds that found something once, and what it was. They are run first, always.
#pragma once

#include <array>
#include <cstdint>

namespace backupctl::sim {

struct KeptSeed {
  std::uint64_t seed;
  const char* found;
};

inline constexpr std::array<KeptSeed, 3> kept_seeds{{
    {32367, "a check that was stored without our knowing, and claimed meanwhile, was sent twice under one fence"},
    {33040, "a request whose writing was refused after an unknown outcome stayed with its controller for ever"},
    {55231, "a late success was recorded as earlier than the refusal before it, after the clock had stepped back"},
}};

}  // namespace backupctl::sim
