// A BlockingRepository whose writes a test holds up or lets fail. What it keeps outlives the controllers on it.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "backupctl/testing/memory_repository.hpp"

namespace backupctl::testing {

// Thread-safe; the engine beneath is asked by one thread at a time.
class GatedRepository final : public BlockingRepository {
 public:
  explicit GatedRepository(std::size_t applies_at_once = 1) : applies_at_once_(applies_at_once) {}

  // The next groups wait until open().
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    closed_ = false;
    wake_.notify_all();
  }
  bool has_waiting() const { return waiting() > 0; }
  std::size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }
  // While away every call fails.
  void set_away(bool away) {
    const std::lock_guard lock(mutex_);
    away_ = away;
  }
  std::vector<BackupRequest> requests() const {
    const std::lock_guard lock(mutex_);
    std::vector<BackupRequest> rows;
    for (const auto& [id, row] : engine_.requests()) rows.push_back(row);
    return rows;
  }

  std::vector<Outcome> apply(const std::vector<Command>& commands) override {
    std::unique_lock lock(mutex_);
    ++waiting_;
    wake_.wait(lock, [this] { return !closed_; });
    --waiting_;
    if (!away_) return engine_.apply(commands);
    return std::vector<Outcome>(commands.size(), {OutcomeStatus::failed, {}, false, is_away()});
  }
  std::size_t applies_at_once() const override { return applies_at_once_; }
  Result<std::vector<BackupRequest>> claim(const ClaimOrder& order) override {
    return ask([&] { return engine_.claim(order); });
  }
  Result<BeatReply> beat(const InstanceBeat& beat) override {
    return ask([&] { return engine_.beat(beat); });
  }
  Result<void> leave(InstanceId id) override {
    return ask([&] { return engine_.leave(id); });
  }
  Result<std::vector<WaitingNotice>> claim_notices(const NoticeClaim& claim) override {
    return ask([&] { return engine_.claim_notices(claim); });
  }
  Result<std::optional<BackupRequest>> find_request(RequestId id) override {
    return ask([&] { return engine_.find_request(id); });
  }
  Result<std::vector<BackupRequest>> list_requests(const RequestQuery& query) override {
    return ask([&] { return engine_.list_requests(query); });
  }
  Result<std::vector<HistoryEntry>> history(RequestId id) override {
    return ask([&] { return engine_.history(id); });
  }
  Result<std::optional<Backup>> find_backup(BackupId id) override {
    return ask([&] { return engine_.find_backup(id); });
  }
  Result<std::vector<Backup>> list_backups(const BackupQuery& query) override {
    return ask([&] { return engine_.list_backups(query); });
  }
  Result<std::vector<ResultRecord>> waiting_results(std::int64_t limit) override {
    return ask([&] { return engine_.waiting_results(limit); });
  }
  Result<std::vector<ParkedResult>> list_parked(const ParkedQuery& query) override {
    return ask([&] { return engine_.list_parked(query); });
  }
  Result<std::vector<AuditRecord>> list_audit(const AuditQuery& query) override {
    return ask([&] { return engine_.list_audit(query); });
  }
  Result<std::vector<AuditHead>> audit_heads() override {
    return ask([&] { return engine_.audit_heads(); });
  }
  Result<DueWork> due(const DueQuery& query) override {
    return ask([&] { return engine_.due(query); });
  }
  Result<StoreSurvey> survey(Timestamp now) override {
    return ask([&] { return engine_.survey(now); });
  }

 private:
  static Error is_away() { return unavailable("the store is away"); }

  template <class Call, class Answer = std::invoke_result_t<Call>>
  Answer ask(const Call& call) {
    const std::lock_guard lock(mutex_);
    if (away_) return is_away();
    return call();
  }

  const std::size_t applies_at_once_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool closed_ = false;
  bool away_ = false;
  std::size_t waiting_ = 0;
  MemoryRepository engine_;
};

}  // namespace backupctl::testing
