// Ends the process at a named place, as a power cut would: how tests prove that every crash is recovered from.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backupctl/fault_points.hpp"
#include "backupctl/result.hpp"

namespace backupctl::host {

// Any thread.
class FaultExit final : public FaultPoints {
 public:
  static constexpr int exit_code = 137;  // as after SIGKILL

  // "write-allowed:after", or "write-allowed:after:3" for the third time; the steps are fault_steps and `more_steps`.
  // Errors: invalid, naming what is known.
  static Result<std::unique_ptr<FaultExit>> create(std::string_view text,
                                                   const std::vector<std::string_view>& more_steps = {});

  void reach(std::string_view step, bool after) override;

 private:
  FaultExit(std::string_view step, bool after, std::int64_t times) : step_(step), after_(after), times_(times) {}

  const std::string step_;
  const bool after_;
  std::atomic<std::int64_t> times_;
};

}  // namespace backupctl::host
