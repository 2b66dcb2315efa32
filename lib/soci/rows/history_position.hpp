// Where an entry stands in its request's history: after all that earlier revisions of the request left, known without
// looking at them. Stores of before have 1, 2, 3…, which are less than any of these.
#pragma once

#include <cstdint>

namespace backupctl::soci {

// `ordinal` begins at 1 in each revision and stays far below 100: a step leaves an entry or two.
constexpr std::int64_t history_position(std::int64_t revision, std::int64_t ordinal) {
  return revision * 100 + ordinal;
}

}  // namespace backupctl::soci
