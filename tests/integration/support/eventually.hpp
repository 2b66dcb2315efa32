// Waits for something that another process or thread brings about. The one place in the tests that waits by the clock.
#pragma once

#include <chrono>
#include <thread>

namespace backupctl::testing {

// True as soon as `condition()` is; false when it was not within `patience`.
template <class Condition>
bool eventually(const Condition& condition, std::chrono::milliseconds patience = std::chrono::seconds{30}) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return true;
}

}  // namespace backupctl::testing
