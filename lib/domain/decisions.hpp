// What becomes of a request when something happens to it: pure decisions, without clock and I/O.
//
// decide(request, event, now) answers the next progress with its history, ready to be written under the revision it was
// decided on; or `nothing`, when the event changes nothing (a second run of a step, a late answer). Every time that is
// written is at least the latest one the request already has.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "backupctl/backup.hpp"
#include "backupctl/backup_request.hpp"
#include "backupctl/repository.hpp"

namespace backupctl {

struct Transition {
  RequestProgress next;
  std::vector<HistoryEntry> history{};
  std::optional<Backup> backup{};
};

// ---- Events --------------------------------------------------------------------------------------------------------

// The job service answered. An allowed request goes on to be sent by `sender` at once, or waits for anybody.
struct JobAnswered {
  std::optional<BackupJob> job;
  std::optional<InstanceId> sender{};  // takes a send intent: attempt counted, owner set
  std::string detail{};                // for the history; may be empty
};
// No usable answer: tried again at `retry_at`, or, without it, closed as Cancelled with reason check-unavailable.
struct CheckFailed {
  std::string detail;
  std::optional<Timestamp> retry_at{};
};
// Initial processing has ended and the answer goes to the caller.
struct Responded {};

// The zone has the command (202 or 200). `due` is when its result is overdue.
struct SendAccepted {
  Timestamp due;
};
struct SendRefused {  // for good: Sent, then Failed
  std::string detail;
};
// Not sent, or nobody knows: the row waits, without an owner, until `retry_at`.
struct SendDelayed {
  std::string detail;
  Timestamp retry_at;
};

// A Sent request was looked after (asked, cancelled, sent again): look again at `at`.
struct FollowUp {
  std::string detail;  // kept as last error when not empty
  Timestamp at;
  bool sent_again = false;
};

struct ResultRead {
  ZoneResult result;
  BackupId new_backup_id;  // used when a backup comes of it
};

struct CancelAsked {
  std::string detail;
};

// ---- Decisions -----------------------------------------------------------------------------------------------------

using Decision = std::optional<Transition>;

Decision decide(const BackupRequest& request, const JobAnswered& event, Timestamp now);
Decision decide(const BackupRequest& request, const CheckFailed& event, Timestamp now);
Decision decide(const BackupRequest& request, const Responded& event, Timestamp now);
Decision decide(const BackupRequest& request, const SendAccepted& event, Timestamp now);
Decision decide(const BackupRequest& request, const SendRefused& event, Timestamp now);
Decision decide(const BackupRequest& request, const SendDelayed& event, Timestamp now);
Decision decide(const BackupRequest& request, const FollowUp& event, Timestamp now);
Decision decide(const BackupRequest& request, const CancelAsked& event, Timestamp now);

// A result may also fit nothing: then why it is parked, for a person to see.
struct ParkIt {
  std::string reason_code;
};
struct AlreadyRecorded {};
using ResultDecision = std::variant<Transition, AlreadyRecorded, ParkIt>;
// `backup` is the request's backup when it has one.
ResultDecision decide(const BackupRequest& request, const std::optional<Backup>& backup, const ResultRead& event,
                      Timestamp now);

// A new request as it is first written: Received, owned by `owner` or due at once.
RequestProgress received(const BackupOrder& order, std::optional<InstanceId> owner);
std::vector<HistoryEntry> received_history(const BackupOrder& order);

// The latest time the request has; no later write may carry an earlier one.
Timestamp latest_time(const BackupRequest& request);

// The same allowed request without its send intent: what is written when the zone has no place free.
RequestProgress without_intent(RequestProgress progress, Timestamp next_action, std::string why);

// Progress as any controller may take it up at `at`.
void release(RequestProgress& progress, Timestamp at);

}  // namespace backupctl
