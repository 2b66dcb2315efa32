// Named places at which a test can end the process, before and after every durable step and every call to a peer.
#pragma once

#include <array>
#include <string_view>

namespace backupctl {

// Thread rule: called on the executor.
class FaultPoints {
 public:
  virtual ~FaultPoints() = default;
  // `step` is one of fault_steps, `after` says on which side of it we stand. May end the process.
  virtual void reach(std::string_view step, bool after) = 0;
};

// Durable steps are named for what they write, calls for whom they reach.
inline constexpr std::array<std::string_view, 23> fault_steps{
    "write-received",  "write-allowed",    "write-not-allowed", "write-sent",    "write-succeeded", "write-failed",
    "write-cancelled", "write-waiting",    "write-result",      "write-parked",  "write-dropped",   "write-pause",
    "write-dismissed", "write-audit",      "write-notice",      "claim",         "answer",          "call-jobs",
    "call-zone-send",  "call-zone-status", "call-zone-cancel",  "call-notifier", "read-results"};

}  // namespace backupctl
