// Port: the durable store of requests, history, results and backups. One port, two ways in: apply() for every write,
// the rest reads. Whoever implements it runs testing/repository_contract.hpp over the implementation.
//
// The rules that make crashes harmless:
//  - A Command is atomic by itself: its guard, its row and all its side rows are written together or not at all.
//  - A group of Commands is only a shared commit. A failed guard fails that Command alone; an error of the store splits
//    the group until the Command that causes it stands alone.
//  - A guard is the row's revision. A second run of a Command that was applied answers already_done: an implementation
//    tells by comparing the row with what the Command would have written. Repeating after an unknown outcome is safe.
//  - When apply() answers `applied`, the write survives power loss.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "backupctl/audit.hpp"
#include "backupctl/backup.hpp"
#include "backupctl/backup_job.hpp"
#include "backupctl/backup_request.hpp"
#include "backupctl/job_client.hpp"
#include "backupctl/notice.hpp"
#include "backupctl/result.hpp"
#include "backupctl/zone_result.hpp"

namespace backupctl {

// ---- Commands ------------------------------------------------------------------------------------------------------

// A send intent takes a place in the zone. Places are counted over all controllers, in the transaction that takes one:
// taken = Sent requests of the zone + Allowed ones of the zone that have an owner.
struct SendPlace {
  ZoneName zone;
  std::int64_t max_in_flight = 1;
  // Written instead of the Command's own progress when the zone is paused or all places are taken. Same revision.
  RequestProgress otherwise;
};

// A new request. Guard: neither its id nor (requester, key) is there yet.
// already_done: this very id is there (the Command ran before). lost_guard: another request has (requester, key);
// `current` is that request.
struct AdmitRequest {
  BackupRequest request;
  std::vector<HistoryEntry> history;
  std::optional<BackupJob> job_version{};  // kept when (id, version) is new
  std::optional<SendPlace> place{};
  std::vector<AuditEntry> audit{};
  std::optional<Notice> notice{};
  std::optional<Backup> backup{};           // of a request that is imported as Succeeded
  std::optional<ParkedResultId> adopted{};  // this parked result is deleted: the request is what came of it
};

// Names one ResultRecord in the store.
struct ResultKey {
  RequestId command_id;
  std::string body;
};

// The next progress of a request. Guard: revision is next.revision - 1, state is `from`, and `recorded` still waits.
// lost_guard: `current` is the row as it stands now; its revision tells whether it was the row or the result.
struct ChangeRequest {
  RequestId id;
  RequestState from = RequestState::received;
  RequestProgress next;
  std::vector<HistoryEntry> history{};
  std::optional<BackupJob> job_version{};
  std::optional<SendPlace> place{};
  // Inserted; version_of_date is set by the store. A backup whose id is there already takes the zone, the path, the
  // size, the times and the hash of this one.
  std::optional<Backup> backup{};
  std::optional<ResultKey> recorded{};      // this result is deleted: the change is what came of it
  std::optional<ParkedResultId> adopted{};  // likewise, a parked one
  std::vector<AuditEntry> audit{};
  std::optional<Notice> notice{};
};

// A zone left a result. already_done: the same (command, body) waits already.
struct KeepResult {
  ResultRecord record;
};

// A waiting result that changes no request: parked with a reason, or (without `parked`) dropped because it is recorded
// already. One that is parked already, for the same reason and from the same zone, is not parked again: the result is
// dropped, without audit and notice. already_done: it does not wait any more.
struct SettleResult {
  ResultKey key;
  std::optional<ParkedResult> parked{};
  std::vector<AuditEntry> audit{};
  std::optional<Notice> notice{};
};

// Something to park that never waited as a result (a zone's 409, with both bodies). already_done: it, or the same body
// for the same reason, is parked already.
struct Park {
  ParkedResult parked;
  std::optional<Notice> notice{};
};

// A person has seen a parked result and drops it. already_done: it is not there any more.
struct DismissParked {
  ParkedResultId id;
  std::vector<AuditEntry> audit{};
};

struct PauseZone {
  ZoneName zone;
  bool paused = true;
  std::vector<AuditEntry> audit{};
};

// A privileged act that changes nothing else in this Command. Repeating it after an unknown outcome may write it twice.
struct WriteAudit {
  AuditEntry entry;
};

// Writes an entry (action audit-tied) that names the heads of the other writers' chains which no entry of another chain
// names yet. already_done: there are none.
struct TieAudit {
  InstanceId writer;
  Timestamp time{};
};

// A notice was told, or not: then it waits until `retry_at`. already_done: it is not there any more.
struct SettleNotice {
  NoticeId id;
  std::optional<Timestamp> retry_at{};
  std::string error{};  // of the last try; may be empty
};

using Command = std::variant<AdmitRequest, ChangeRequest, KeepResult, SettleResult, Park, DismissParked, PauseZone,
                             WriteAudit, TieAudit, SettleNotice>;

enum class OutcomeStatus {
  applied,
  already_done,
  lost_guard,
  unknown,  // the connection or the disk failed at the commit: it may be there or not. Repeat the Command
  failed,   // certainly not written; `error` says why and whether repeating may help
};
struct Outcome {
  OutcomeStatus status = OutcomeStatus::failed;
  std::optional<BackupRequest>
      current{};                 // applied, already_done, lost_guard of AdmitRequest and ChangeRequest: the row now
  bool no_place = false;         // applied with SendPlace::otherwise
  std::optional<Error> error{};  // with failed and unknown
};

// ---- Claims and instances ------------------------------------------------------------------------------------------

enum class Stage {
  check,   // Received
  send,    // Allowed
  follow,  // Sent: overdue, or to be cancelled
};

// Takes rows that are due (no owner, next_action <= now), oldest next_action first: owner = `by`, next_action = none,
// fence + 1, revision + 1, and one attempt more for check and send (except where a cancel was asked).
struct ClaimOrder {
  Stage stage = Stage::check;
  InstanceId by;
  Timestamp now{};
  std::int64_t limit = 100;
  std::optional<ZoneName> zone{};  // for send and follow: rows with these terms
  std::int64_t max_in_flight = 0;  // for send: no more than free places are taken (see SendPlace), none when paused
};

// Takes waiting notices that are due, oldest first: attempts + 1, and not due again before `hidden_until` (whoever
// takes one and dies has not told it for certain).
struct NoticeClaim {
  Timestamp now{};
  Timestamp hidden_until{};
  std::int64_t limit = 10;
};

struct InstanceBeat {
  InstanceId id;
  std::string program;
  Timestamp started{};
  Timestamp now{};
  Duration lease{};  // an instance that has not beaten for so long is dead (engines may know better and sooner)
};
struct InstanceInfo {
  InstanceId id;
  std::string program;
  Timestamp started{};
};
struct BeatReply {
  std::vector<InstanceInfo> alive;  // this one included
  std::int64_t rows_freed = 0;      // rows whose owner is none of these: they are due now
};

// ---- Reads ---------------------------------------------------------------------------------------------------------

// Narrows a list to what somebody may see; each member that is there lets its rows in. Empty: everything.
struct Scope {
  std::optional<OwnerName> requester{};  // the rows of this requester's requests
  std::optional<OwnerName> job_owner{};  // the rows of the jobs that are this one's in the newest version we have kept

  friend bool operator==(const Scope&, const Scope&) = default;
};

// Newest first by id. `after` is the last id of the page before.
struct RequestQuery {
  std::vector<RequestId> ids{};  // these alone; empty: any. At most 1,000
  std::optional<JobId> job_id{};
  std::optional<RequestState> state{};
  std::optional<TransportKind> transport{};
  std::optional<Timestamp> received_from{};  // inclusive
  std::optional<Timestamp> received_to{};    // exclusive
  std::optional<ZoneName> zone{};            // with these terms
  Scope scope{};
  std::optional<RequestId> after{};
  std::optional<RequestId> above{};  // these alone that are newer than it
  std::int64_t limit = 100;
};
struct BackupQuery {
  std::optional<BackupId> id{};
  std::optional<JobId> job_id{};
  std::vector<RequestId> request_ids{};  // what these made; empty: any. At most 1,000
  std::optional<ZoneName> zone{};
  std::optional<BackupState> state{};
  std::optional<CivilDate> as_of_from{};  // inclusive both
  std::optional<CivilDate> as_of_to{};
  Scope scope{};
  std::optional<BackupId> after{};
  std::optional<BackupId> above{};
  std::int64_t limit = 100;
};
struct ParkedQuery {
  std::optional<ParkedResultId> id{};
  std::optional<ParkedResultId> after{};
  std::int64_t limit = 100;
};

// By writer, then by seq.
struct AuditQuery {
  std::optional<std::pair<InstanceId, std::int64_t>> after{};  // the last (writer, seq) of the page before
  std::int64_t limit = 100;
};

struct StateCount {
  RequestState state = RequestState::received;
  std::int64_t count = 0;
  std::optional<Timestamp> oldest_received{};
};
struct ZoneCount {
  ZoneName zone;
  bool paused = false;
  std::int64_t in_flight = 0;  // taken places
  std::int64_t waiting = 0;    // Allowed, without an owner
  std::int64_t overdue = 0;    // Sent, their results due before `now`
};
struct StoreSurvey {
  std::vector<StateCount> states;  // open states only: terminal ones are counted as they happen, not by reading them
  std::vector<ZoneCount> zones;    // every zone that open requests or a pause name
  std::int64_t parked_results = 0;
  std::int64_t waiting_results = 0;
  std::int64_t waiting_notices = 0;
  std::int64_t rows_without_next_step = 0;  // always 0; anything else is a bug that status shows
  // Who has beaten and not left. Whoever died without leaving is among them until another's beat finds it dead; engines
  // may know better and sooner.
  std::vector<InstanceInfo> controllers;
};

// What is due, so that an idle controller only reads.
struct DueQuery {
  Timestamp now{};
  std::vector<ZoneName> zones{};  // rows of other zones are not looked at
};
struct DueWork {
  bool check = false;
  std::vector<ZoneName> send;    // zones with due Allowed rows
  std::vector<ZoneName> follow;  // zones with due Sent rows
  bool notices = false;
  bool results = false;             // some wait to be recorded
  std::optional<Timestamp> next{};  // the earliest later next_action
};

// Thread rule: called on the controller's executor; handlers from any thread (see Handler). Several calls may be under
// way at once; the controller has at most applies_at_once() of apply(), one claim() and one claim_notices() under way.
// Errors of the reads and of claim, claim_notices and beat: unavailable (retryable), corrupt.
class Repository {
 public:
  virtual ~Repository() = default;

  virtual void apply(std::vector<Command> commands, Handler<std::vector<Outcome>> handler) = 0;  // one Outcome each
  // How many groups this engine is glad to have under way at once; never two Commands of one entity in them. Always the
  // same. More than 1 where one group can be written while another is on its way to the disk.
  virtual std::size_t applies_at_once() const { return 1; }
  virtual void claim(ClaimOrder order, Handler<Result<std::vector<BackupRequest>>> handler) = 0;
  virtual void beat(InstanceBeat beat, Handler<Result<BeatReply>> handler) = 0;
  virtual void leave(InstanceId id, Handler<Result<void>> handler) = 0;  // a clean end: its rows are due at once
  virtual void claim_notices(NoticeClaim claim, Handler<Result<std::vector<WaitingNotice>>> handler) = 0;

  virtual void find_request(RequestId id, Handler<Result<std::optional<BackupRequest>>> handler) = 0;
  virtual void list_requests(RequestQuery query, Handler<Result<std::vector<BackupRequest>>> handler) = 0;
  virtual void history(RequestId id, Handler<Result<std::vector<HistoryEntry>>> handler) = 0;  // oldest first
  virtual void find_backup(BackupId id, Handler<Result<std::optional<Backup>>> handler) = 0;
  virtual void list_backups(BackupQuery query, Handler<Result<std::vector<Backup>>> handler) = 0;
  virtual void waiting_results(std::int64_t limit,
                               Handler<Result<std::vector<ResultRecord>>> handler) = 0;  // oldest first
  virtual void list_parked(ParkedQuery query, Handler<Result<std::vector<ParkedResult>>> handler) = 0;
  virtual void list_audit(AuditQuery query, Handler<Result<std::vector<AuditRecord>>> handler) = 0;
  virtual void audit_heads(Handler<Result<std::vector<AuditHead>>> handler) = 0;  // by writer
  virtual void due(DueQuery query, Handler<Result<DueWork>> handler) = 0;
  virtual void survey(Timestamp now, Handler<Result<StoreSurvey>> handler) = 0;

  // What saves a controller the wait for its next poll when another one on the same store has left work: `hear` is
  // called soon after the other's announce_work(), or after it left with rows in hand. It may be called for no reason,
  // and not at all: what was announced while a connection was lost is never heard, and an engine that cannot tell
  // others leaves both as they are. Whoever listens polls too.
  // `hear` comes from any thread and returns at once; it may be called until the Repository has gone. One listener: the
  // last. Both return at once.
  virtual void on_work(std::function<void()> /*hear*/) {}
  virtual void announce_work() {}
};

// The same as plain functions, for engines that block. RepositoryThreads (blocking.hpp) makes a Repository of one: up
// to applies_at_once() of apply() and claim() at once, each from a thread of its own; of the other writes one at a
// time, and none beside those; reads from a few threads, beside everything.
class BlockingRepository {
 public:
  virtual ~BlockingRepository() = default;

  virtual std::vector<Outcome> apply(const std::vector<Command>& commands) = 0;
  virtual std::size_t applies_at_once() const { return 1; }
  virtual Result<std::vector<BackupRequest>> claim(const ClaimOrder& order) = 0;
  virtual Result<BeatReply> beat(const InstanceBeat& beat) = 0;
  virtual Result<void> leave(InstanceId id) = 0;
  virtual Result<std::vector<WaitingNotice>> claim_notices(const NoticeClaim& claim) = 0;

  virtual Result<std::optional<BackupRequest>> find_request(RequestId id) = 0;
  virtual Result<std::vector<BackupRequest>> list_requests(const RequestQuery& query) = 0;
  virtual Result<std::vector<HistoryEntry>> history(RequestId id) = 0;
  virtual Result<std::optional<Backup>> find_backup(BackupId id) = 0;
  virtual Result<std::vector<Backup>> list_backups(const BackupQuery& query) = 0;
  virtual Result<std::vector<ResultRecord>> waiting_results(std::int64_t limit) = 0;
  virtual Result<std::vector<ParkedResult>> list_parked(const ParkedQuery& query) = 0;
  virtual Result<std::vector<AuditRecord>> list_audit(const AuditQuery& query) = 0;
  virtual Result<std::vector<AuditHead>> audit_heads() = 0;
  virtual Result<DueWork> due(const DueQuery& query) = 0;
  virtual Result<StoreSurvey> survey(Timestamp now) = 0;

  // As in Repository; from any thread, beside other calls.
  virtual void on_work(std::function<void()> /*hear*/) {}
  virtual void announce_work() {}
};

}  // namespace backupctl
