// A backup request: one asking to back up one job's data as of one date, followed from Received to its end.
//
// What was asked (BackupOrder) never changes. How far it has come (RequestProgress) changes only through decisions
// that are written as guarded transitions, one revision at a time; every transition is also kept in the history.
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "backupctl/ids.hpp"
#include "backupctl/names.hpp"
#include "backupctl/time.hpp"

namespace backupctl {

// Received -> Allowed | NotAllowed; Allowed -> Sent -> Succeeded | Failed; Cancelled ends it from Received, from
// Allowed before the first send attempt, and from Sent when the zone confirms. A zone's late success still turns
// Failed or Cancelled into Succeeded.
enum class RequestState { received, allowed, not_allowed, sent, succeeded, failed, cancelled };
std::string_view to_string(RequestState state);  // "Received" … as in JSON and SQL
std::optional<RequestState> parse_request_state(std::string_view text);
constexpr bool is_terminal(RequestState state) {
  return state == RequestState::not_allowed || state == RequestState::succeeded || state == RequestState::failed ||
         state == RequestState::cancelled;
}

// How the request came to us.
enum class TransportKind { http, file_drop, queue, library };
std::string_view to_string(TransportKind kind);  // "HTTP" "FileDrop" "Queue" "Library"
std::optional<TransportKind> parse_transport_kind(std::string_view text);

// The version of the outside formats that requests and commands are written in.
inline constexpr std::string_view api_version = "2026-11-01";

struct BackupOrder {
  RequestId id;
  JobId job_id;
  SourcePath source;
  CivilDate data_as_of;  // the business date of the data, not when it is copied
  OwnerName requester;
  TransportKind transport = TransportKind::library;
  std::optional<IdempotencyKey> key{};  // unique per requester for as long as the request is kept
  std::string traceparent{};            // W3C trace context, passed on with every call; may be empty
  Timestamp received{};

  friend bool operator==(const BackupOrder&, const BackupOrder&) = default;
};

// The terms a request was allowed under, copied from the job version so that nothing later needs the job service.
struct AllowedTerms {
  std::int64_t job_version = 0;
  ZoneName zone;
  std::string storage_path;
  std::int64_t days_to_keep = 0;

  friend bool operator==(const AllowedTerms&, const AllowedTerms&) = default;
};

struct RequestProgress {
  RequestState state = RequestState::received;
  std::string reason{};  // why the state is what it is: a stable code, or the refusing rule's words; may be empty

  // In promised order: received <= checked <= sent <= result_received <= result_recorded, and received <= responded.
  std::optional<Timestamp> checked{};
  std::optional<Timestamp> responded{};
  std::optional<Timestamp> sent{};
  std::optional<Timestamp> result_due{};  // a Sent request past it is overdue: the zone is asked
  std::optional<Timestamp> result_received{};
  std::optional<Timestamp> result_recorded{};

  std::optional<AllowedTerms> terms{};  // present from Allowed on
  std::optional<BackupId> backup_id{};  // present when and only when Succeeded

  std::int64_t check_attempts = 0;
  std::int64_t send_attempts = 0;  // counted before the zone is called: above 0 the zone may know the command
  std::string last_error{};        // what delayed it last, for a person; may be empty
  std::optional<Timestamp> cancel_asked{};

  // Who acts next. A row that is not terminal has an owner, or a time at which any controller takes it up.
  std::optional<InstanceId> owner{};
  std::optional<Timestamp> next_action{};
  std::int64_t fence = 0;     // one more at each claim; goes to the zone with every command
  std::int64_t revision = 1;  // one more at each write; every write is guarded by it

  friend bool operator==(const RequestProgress&, const RequestProgress&) = default;
};

struct BackupRequest {
  BackupOrder order;
  RequestProgress progress{};

  friend bool operator==(const BackupRequest&, const BackupRequest&) = default;
};

inline bool is_overdue(const BackupRequest& request, Timestamp now) {
  return request.progress.state == RequestState::sent && request.progress.result_due &&
         *request.progress.result_due < now;
}

struct HistoryEntry {
  RequestState state = RequestState::received;
  Timestamp time{};
  std::string detail{};  // may be empty

  friend bool operator==(const HistoryEntry&, const HistoryEntry&) = default;
};

}  // namespace backupctl
