// Seeds that found something once, and what it was. They are run first, always.
#pragma once

#include <array>
#include <cstdint>

namespace backupctl::sim {

struct KeptSeed {
  std::uint64_t seed;
  const char* found;
};

inline constexpr std::array<KeptSeed, 9> kept_seeds{{
    {1226, "a caller without a key was told to ask again while its request went on under another controller"},
    {356, "a row whose writing and whose handing back were refused for good stayed with its controller for ever"},
    {232, "a request that was adopted before it was sent became Succeeded without ever having been Sent"},
    {3588, "the word in the history that a request was hurried came later than the step after it"},
    {9453, "a backup that was recorded while its zone was reconciled was imported a second time"},
    {11264,
     "an adoption said that it was done, but its parked result was still there: another had imported the backup"},
    {150751, "requests that were resent while their controller stopped stayed with it"},
    {65357, "admissions that waited for their check were written after the stop had handed everything back"},
    {155665, "a claim that was with the store at the end of a stop's grace was carried out after it"},
}};

}  // namespace backupctl::sim
