#include "controller/fault_exit.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>

namespace backupctl::host {

Result<std::unique_ptr<FaultExit>> FaultExit::create(std::string_view text,
                                                     const std::vector<std::string_view>& more_steps) {
  std::vector<std::string_view> steps(fault_steps.begin(), fault_steps.end());
  steps.insert(steps.end(), more_steps.begin(), more_steps.end());
  const auto bad = [text, &steps] {
    std::string known;
    for (const auto step : steps) known += (known.empty() ? "" : " ") + std::string(step);
    return Error{ErrorKind::invalid, "\"" + std::string(text) +
                                         "\" is not STEP:before or STEP:after, with :N for the N-th time; the steps "
                                         "are: " +
                                         known};
  };
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return bad();
  const auto step = text.substr(0, colon);
  auto side = text.substr(colon + 1);
  std::int64_t times = 1;
  if (const auto second = side.find(':'); second != std::string_view::npos) {
    const auto* end = side.data() + side.size();
    const auto [at, error] = std::from_chars(side.data() + second + 1, end, times);
    if (error != std::errc{} || at != end || times < 1) return bad();
    side = side.substr(0, second);
  }
  const bool known = std::find(steps.begin(), steps.end(), step) != steps.end();
  if (!known || (side != "before" && side != "after")) return bad();
  return std::unique_ptr<FaultExit>(new FaultExit(step, side == "after", times));
}

void FaultExit::reach(std::string_view step, bool after) {
  if (step == step_ && after == after_ && --times_ == 0) ::_exit(exit_code);
}

}  // namespace backupctl::host
