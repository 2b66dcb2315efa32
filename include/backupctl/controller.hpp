// The controller: receives backup requests, checks each with the job service, has the right zone make the backup,
// follows it to its end and keeps the master list. Everything it promises it first writes to the Repository; whatever a
// crash leaves behind, the next start() goes on with.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backupctl/executor.hpp"
#include "backupctl/fault_points.hpp"
#include "backupctl/ids.hpp"
#include "backupctl/job_client.hpp"
#include "backupctl/log.hpp"
#include "backupctl/manifest.hpp"
#include "backupctl/notice.hpp"
#include "backupctl/repository.hpp"
#include "backupctl/zone_client.hpp"

namespace backupctl {

struct ControllerZone {
  ZoneName name;
  ZoneClient& client;
  std::int64_t max_in_flight = 4;                // commands sent and unfinished, over all controllers of the store
  Duration result_due = std::chrono::hours(24);  // after this the zone is asked how the command stands
};

struct ControllerOptions {
  std::string program = "library";            // shown among the live controllers
  Duration lease = std::chrono::seconds(15);  // without a heartbeat for so long we count as dead
  // How often other processes' work is looked for: it is seen within a second.
  Duration poll_every = std::chrono::milliseconds(900);
  Duration check_give_up_after = std::chrono::hours(24);  // then Cancelled, reason check-unavailable
  Duration first_retry_delay = std::chrono::seconds(1);   // doubled each time, with jitter, up to
  Duration max_retry_delay = std::chrono::minutes(5);
  std::int64_t breaker_failures = 5;                       // in a row, then the peer is left alone
  Duration breaker_probe_every = std::chrono::seconds(5);  // but for one trial
  std::int64_t max_owned_checks = 1000;                    // rows that one stage takes up at once
  std::size_t max_waiting_commands = 10'000;               // beyond it new requests are refused as overloaded
  std::size_t max_group = 512;                             // Commands in one commit
  // Which events the notifier is told of: NotAllowed (of requests that nobody waits for), Failed, overdue, parked.
  std::vector<std::string> notify_events{"NotAllowed", "Failed", "overdue", "parked"};
  Duration tie_audit_every = std::chrono::minutes(1);  // how often the audit's chains are tied together
};

// Borrowed: they outlive the controller.
struct ControllerPorts {
  Executor& executor;
  Clock& clock;
  Random& random;
  Repository& repository;
  JobClient& jobs;
  std::vector<ControllerZone> zones{};
  Logger* log = nullptr;
  FaultPoints* faults = nullptr;
  Notifier* notifier = nullptr;  // none: nobody is told of anything
};

// Who does something that is audited, and why.
struct Act {
  OwnerName actor;
  std::string reason{};  // may be empty
};

enum class BulkAct {
  cancel,  // as async_cancel, each that has not ended
  resend,  // Failed and Cancelled ones are asked for anew, once; open ones are taken up at once
};
struct BulkReport {
  std::int64_t matched = 0;
  std::int64_t changed = 0;  // the others needed nothing, or it was done before
};

struct ReconcileReport {
  std::int64_t held = 0;     // backups that the zone holds
  std::int64_t stored = 0;   // backups of the zone in the master store, not deleted
  std::int64_t open = 0;     // held, and their requests are still open: they come by themselves
  std::int64_t orphans = 0;  // held, and the master store does not know them (imported ones included)
  std::int64_t missing = 0;  // in the master store, and the zone does not hold them
  std::int64_t imported = 0;
  std::vector<Manifest> orphan_list{};  // the first 1,000
  std::vector<Backup> missing_list{};   // the first 1,000
  std::vector<std::string> problems{};  // what could not be imported and why; the first 1,000
};

struct Submission {
  JobId job_id;
  SourcePath source;
  CivilDate data_as_of;
  OwnerName requester;
  std::optional<IdempotencyKey> key{};
  TransportKind transport = TransportKind::library;
  std::string traceparent{};
  bool respond_async = false;  // answer once durable, check afterwards
  // With respond_async: the answer may come a moment later (50 ms at most) when the request is then written only once,
  // together with the outcome of its check. For whoever submits many at once.
  bool checked_first_if_quick = false;
};

// `request` is absent when nothing was stored. Errors, by code:
//   backup-request-not-allowed (not_allowed)   a rule of the job says no; detail says which
//   idempotency-key-reused     (conflict)      the key was used for another request of this requester
//   job-service-unavailable    (unavailable)   no check in time. With a key the check goes on; without, it is Cancelled
//   store-unavailable          (unavailable)   nothing is promised
//   overloaded                 (overloaded)    nothing is stored
struct SubmitReply {
  std::optional<BackupRequest> request{};
  bool seen_before = false;  // same key and same content: this is the first one's request, no second backup
  std::optional<Error> error{};
};

enum class BreakerState { closed, open, half_open };
std::string_view to_string(BreakerState state);

struct DependencyStatus {
  std::string name;  // "jobs", "zone:files"
  BreakerState breaker = BreakerState::closed;
  std::string last_error{};
};
struct ControllerStatus {
  bool ready = false;
  StoreSurvey store;  // zones: every configured one, and others that open requests name
  std::vector<DependencyStatus> dependencies;
};

// Thread-safe: every function may be called from any thread. async_ functions answer on the executor; the others block
// and must not be called on it. The destructor drops what is under way without harm, as a crash would: call stop()
// first for a clean end. Not from inside a handler of its own, nor while another thread waits in a blocking function.
class Controller {
 public:
  explicit Controller(ControllerPorts ports, ControllerOptions options = {});
  ~Controller();
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  // Registers this instance and goes on with everything that is due. Errors: unavailable, corrupt (of the store).
  void async_start(Handler<Result<void>> handler);
  // Takes no more work, lets calls under way end for at most `grace`, hands back the rest.
  void async_stop(Duration grace, Handler<Result<void>> handler);

  void async_submit(Submission submission, Handler<SubmitReply> handler);
  // Errors: not_found; conflict (code "terminal"); unavailable.
  void async_cancel(RequestId id, Act act, Handler<Result<BackupRequest>> handler);
  // Every request that the filter matches, page by page; `filter.limit` and `after` do not count. Errors: unavailable.
  void async_on_all(RequestQuery filter, BulkAct what, Act act, Handler<Result<BulkReport>> handler);
  // Answers when the request is terminal, or with what it is by then after `timeout`. Errors: not_found, unavailable.
  void async_wait(RequestId id, Duration timeout, Handler<Result<BackupRequest>> handler);
  // A zone leaves a result. Success: it is durable and will be recorded or parked. Errors: unavailable, overloaded.
  void async_put_result(ResultRecord record, Handler<Result<void>> handler);
  // Errors: not_found (no such zone), unavailable.
  void async_pause_zone(ZoneName zone, bool paused, Act act, Handler<Result<void>> handler);
  // Compares what the zone holds with the master store; with `import`, what only the zone knows is taken in.
  // Errors: not_found (no such zone); invalid (the zone cannot tell); unavailable.
  void async_reconcile(ZoneName zone, bool import, Act act, Handler<Result<ReconcileReport>> handler);
  // A parked success becomes the backup of its request all the same, or the copy behind the backup it has; when the
  // request is not there (a store restored from an older copy), it is imported from the zone. `result` is what the
  // parked body says. Errors: conflict (code not-adoptable, or changed-meanwhile: try again); unavailable.
  void async_adopt(ParkedResult parked, ZoneResult result, Act act, Handler<Result<BackupRequest>> handler);
  // Errors: not_found; unavailable.
  void async_dismiss(ParkedResultId id, Act act, Handler<Result<void>> handler);
  void async_status(Handler<Result<ControllerStatus>> handler);

  Result<void> start();
  Result<void> stop(Duration grace = std::chrono::seconds(10));
  SubmitReply submit(Submission submission);
  Result<BackupRequest> wait(RequestId id, Duration timeout);
  Result<void> put_result(ZoneResult result);

  Repository& repository();  // for reading
  // Started, not stopping, the store answered as it should the last time and has not been silent for 5 s.
  bool is_ready() const;
  // Empty when ready, else why not: "not-started", "stopping", "store-silent", or the code of the store's last error.
  std::string why_not_ready() const;
  std::string metrics() const;  // Prometheus text format 0.0.4

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace backupctl
