// The ground under a controller's parts in tests: time that moves when told, a store that fails when told, peers that
// answer when told. Nothing waits for real.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/context.hpp"
#include "backupctl/controller.hpp"
#include "backupctl/testing/memory_repository.hpp"

namespace backupctl::test {

inline const Timestamp epoch{std::chrono::seconds(1'790'000'000)};

template <class AnyId>
AnyId id(int number) {
  boost::uuids::uuid uuid{};
  uuid.data[14] = static_cast<std::uint8_t>(number >> 8);
  uuid.data[15] = static_cast<std::uint8_t>(number);
  return AnyId{uuid};
}
inline ZoneName zone(const char* name = "files") { return ZoneName::parse(name).value(); }
inline CivilDate date(const char* text) { return CivilDate::parse(text).value(); }

inline BackupJob job() {
  return {.id = id<JobId>(1),
          .version = 3,
          .name = "ledger",
          .approval = ApprovalState::approved,
          .zone = zone(),
          .storage_path = "ledger",
          .days_to_keep = 30,
          .allowed_requesters = {"batch"},
          .source_roots = {"/data"}};
}
inline BackupOrder order(int number = 1) {
  return {.id = id<RequestId>(number),
          .job_id = id<JobId>(1),
          .source = SourcePath::parse("/data/x").value(),
          .data_as_of = date("2021-01-08"),
          .requester = OwnerName::parse("batch").value(),
          .received = epoch};
}
inline Submission submission(const char* key = nullptr) {
  Submission made{.job_id = id<JobId>(1),
                  .source = SourcePath::parse("/data/x").value(),
                  .data_as_of = date("2021-01-08"),
                  .requester = OwnerName::parse("batch").value()};
  if (key) made.key = IdempotencyKey::parse(key).value();
  return made;
}
inline ZoneResult success(RequestId command) {
  return {.command_id = command,
          .code = ResultCode::succeeded,
          .zone = zone(),
          .storage_path = "ledger/1",
          .byte_count = 5,
          .verify_hash = "sha256:00"};
}
inline ResultRecord record_of(const ZoneResult& result) {
  return {result.command_id, result.zone, describe(result), epoch, result, {}};
}

class ManualTime final : public Executor, public Clock {
 public:
  void post(Task task) override { ready_.push_back(std::move(task)); }
  void post_after(Duration delay, Task task) override { timed_.emplace(monotonic_ + delay, std::move(task)); }
  Timestamp now() override { return epoch + monotonic_ + step_; }
  Duration monotonic() override { return monotonic_; }

  void run() {
    while (!ready_.empty()) {
      auto task = std::move(ready_.front());
      ready_.pop_front();
      task();
    }
  }
  void advance(Duration by) {
    run();
    const auto until = monotonic_ + by;
    while (!timed_.empty() && timed_.begin()->first <= until) {
      monotonic_ = std::max(monotonic_, timed_.begin()->first);
      auto task = std::move(timed_.begin()->second);
      timed_.erase(timed_.begin());
      task();
      run();
    }
    monotonic_ = until;
  }
  void step_wall_clock(Duration by) { step_ += by; }

 private:
  std::deque<Task> ready_;
  std::multimap<Duration, Task> timed_;
  Duration monotonic_{};
  Duration step_{};
};

class CountingRandom final : public Random {
 public:
  std::uint64_t next() override { return next_ += 0x9E3779B97F4A7C15u; }

 private:
  std::uint64_t next_ = 0;
};

// What the next apply() does to the whole group; good again after the script has run out.
enum class Fate { good, failed, failed_for_good, unknown_written, unknown_not_written };

class ScriptedStore final : public Repository {
 public:
  std::deque<Fate> script;
  bool is_down = false;       // everything fails
  bool is_full = false;       // every write fails, reads go on
  bool lose_claims = false;   // claims are made, but their answers are lost
  bool held = false;          // apply() does not answer until release()
  std::size_t at_once = 1;    // groups that it says it takes
  Task before_list_requests;  // what happens just before requests are listed
  std::vector<std::vector<Command>> groups;
  int requests_read = 0;       // one by one
  std::function<void()> hear;  // the controller's
  int announcements = 0;
  testing::MemoryRepository engine;

  void apply(std::vector<Command> commands, Handler<std::vector<Outcome>> handler) override {
    groups.push_back(commands);
    Task answer = [this, commands = std::move(commands), handler = std::move(handler)] { handler(write(commands)); };
    held ? waiting_.push_back(std::move(answer)) : answer();
  }
  std::size_t applies_at_once() const override { return at_once; }
  void release() {
    held = false;
    for (auto waiting = std::exchange(waiting_, {}); auto& answer : waiting) answer();
  }
  // Of those that are held, the one that came last; the others still are.
  void release_last() {
    const auto answer = std::move(waiting_.back());
    waiting_.pop_back();
    answer();
  }
  void claim(ClaimOrder order, Handler<Result<std::vector<BackupRequest>>> handler) override {
    if (!writes()) return handler(away());
    auto rows = engine.claim(order);
    if (lose_claims) return handler(away());
    handler(std::move(rows));
  }
  void beat(InstanceBeat beat, Handler<Result<BeatReply>> handler) override {
    writes() ? handler(engine.beat(beat)) : handler(away());
  }
  void leave(InstanceId id, Handler<Result<void>> handler) override {
    writes() ? handler(engine.leave(id)) : handler(away());
  }
  void find_request(RequestId id, Handler<Result<std::optional<BackupRequest>>> handler) override {
    ++requests_read;
    is_down ? handler(away()) : handler(engine.find_request(id));
  }
  void list_requests(RequestQuery query, Handler<Result<std::vector<BackupRequest>>> handler) override {
    if (before_list_requests) before_list_requests();
    is_down ? handler(away()) : handler(engine.list_requests(query));
  }
  void history(RequestId id, Handler<Result<std::vector<HistoryEntry>>> handler) override {
    is_down ? handler(away()) : handler(engine.history(id));
  }
  void find_backup(BackupId id, Handler<Result<std::optional<Backup>>> handler) override {
    is_down ? handler(away()) : handler(engine.find_backup(id));
  }
  void list_backups(BackupQuery query, Handler<Result<std::vector<Backup>>> handler) override {
    is_down ? handler(away()) : handler(engine.list_backups(query));
  }
  void waiting_results(std::int64_t limit, Handler<Result<std::vector<ResultRecord>>> handler) override {
    is_down ? handler(away()) : handler(engine.waiting_results(limit));
  }
  void claim_notices(NoticeClaim claim, Handler<Result<std::vector<WaitingNotice>>> handler) override {
    writes() ? handler(engine.claim_notices(claim)) : handler(away());
  }
  void list_audit(AuditQuery query, Handler<Result<std::vector<AuditRecord>>> handler) override {
    is_down ? handler(away()) : handler(engine.list_audit(query));
  }
  void audit_heads(Handler<Result<std::vector<AuditHead>>> handler) override {
    is_down ? handler(away()) : handler(engine.audit_heads());
  }
  void list_parked(ParkedQuery query, Handler<Result<std::vector<ParkedResult>>> handler) override {
    is_down ? handler(away()) : handler(engine.list_parked(query));
  }
  void due(DueQuery query, Handler<Result<DueWork>> handler) override {
    is_down ? handler(away()) : handler(engine.due(query));
  }
  void survey(Timestamp now, Handler<Result<StoreSurvey>> handler) override {
    is_down ? handler(away()) : handler(engine.survey(now));
  }
  void on_work(std::function<void()> listener) override { hear = std::move(listener); }
  void announce_work() override { ++announcements; }

  BackupRequest row(RequestId id) { return engine.find_request(id).value().value(); }
  BackupRequest only_row() { return engine.requests().begin()->second; }
  std::vector<ParkedResult> parked() { return engine.list_parked({}).value(); }
  std::size_t waiting() { return engine.waiting_results(1000).value().size(); }
  // Puts a row in as it is.
  void put(const BackupRequest& request) {
    engine.apply({AdmitRequest{request, {{request.progress.state, request.order.received, {}}}}});
  }

 private:
  bool writes() const { return !is_down && !is_full; }
  static Error away() { return unavailable("the store is away"); }
  std::vector<Outcome> write(const std::vector<Command>& commands) {
    auto fate = writes() ? Fate::good : Fate::failed;
    if (!script.empty()) {
      fate = script.front();
      script.pop_front();
    }
    std::vector<Outcome> outcomes;
    if (fate == Fate::good || fate == Fate::unknown_written) outcomes = engine.apply(commands);
    if (fate == Fate::good) return outcomes;
    Outcome outcome{
        fate == Fate::failed || fate == Fate::failed_for_good ? OutcomeStatus::failed : OutcomeStatus::unknown,
        {},
        false,
        away()};
    outcome.error->retryable = fate != Fate::failed_for_good;
    return std::vector<Outcome>(commands.size(), outcome);
  }
  std::vector<Task> waiting_;
};

class ScriptedJobs final : public JobClient {
 public:
  struct Call {
    JobId id;
    CallContext context;
    Handler<Result<std::optional<BackupJob>>> handler;
  };
  std::vector<Call> calls;
  std::optional<Result<std::optional<BackupJob>>> answer_at_once;
  void fetch(JobId id, CallContext context, Handler<Result<std::optional<BackupJob>>> handler) override {
    calls.push_back({id, std::move(context), handler});
    if (answer_at_once) handler(*answer_at_once);
  }
};

class ScriptedZone final : public ZoneClient {
 public:
  struct Send {
    CreateBackupCommand command;
    Handler<SendReply> handler;
  };
  struct Question {
    CallContext context;
    Handler<StatusReply> handler;
  };
  struct Cancel {
    CallContext context;
    std::int64_t fence;
    Handler<CancelReply> handler;
  };
  std::vector<Send> sends;
  std::vector<Question> questions;
  std::vector<Cancel> cancels;
  std::optional<SendReply> send_at_once;
  std::optional<StatusReply> status_at_once;
  std::optional<CancelReply> cancel_at_once;
  std::vector<Manifest> held;

  void send(CreateBackupCommand command, Handler<SendReply> handler) override {
    sends.push_back({std::move(command), handler});
    if (send_at_once) handler(*send_at_once);
  }
  void status(CallContext command, Handler<StatusReply> handler) override {
    questions.push_back({std::move(command), handler});
    if (status_at_once) handler(*status_at_once);
  }
  void cancel(CallContext command, std::int64_t fence, Handler<CancelReply> handler) override {
    cancels.push_back({std::move(command), fence, handler});
    if (cancel_at_once) handler(*cancel_at_once);
  }
  void list(std::string, Handler<Result<ManifestList>> handler) override { handler(ManifestList{held, {}}); }
};

// All of them together.
struct Ground {
  ManualTime time;
  CountingRandom random;
  ScriptedStore store;
  ScriptedJobs jobs;
  ScriptedZone zone_client;

  ControllerPorts ports(std::int64_t max_in_flight = 4, Duration result_due = std::chrono::hours(24)) {
    return {time, time, random, store, jobs, {{zone(), zone_client, max_in_flight, result_due}}};
  }
};

}  // namespace backupctl::test
