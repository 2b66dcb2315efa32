// Ends the process when the disk fails in the middle of a commit. Nobody in this process can know any more what is on
// the disk; the next one reads the log and does.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "backupctl/log.hpp"
#include "backupctl/repository.hpp"

namespace backupctl::host {

// Thread rule: as the engine it owns. `logger` outlives it.
class StoreGuard final : public BlockingRepository {
 public:
  StoreGuard(std::unique_ptr<BlockingRepository> engine, Logger& logger)
      : engine_(std::move(engine)), logger_(logger) {}

  std::vector<Outcome> apply(const std::vector<Command>& commands) override;
  std::size_t applies_at_once() const override { return engine_->applies_at_once(); }
  Result<std::vector<BackupRequest>> claim(const ClaimOrder& order) override { return watched(engine_->claim(order)); }
  Result<BeatReply> beat(const InstanceBeat& beat) override { return watched(engine_->beat(beat)); }
  Result<void> leave(InstanceId id) override { return watched(engine_->leave(id)); }

  Result<std::vector<WaitingNotice>> claim_notices(const NoticeClaim& claim) override {
    return watched(engine_->claim_notices(claim));
  }

  Result<std::optional<BackupRequest>> find_request(RequestId id) override { return engine_->find_request(id); }
  Result<std::vector<BackupRequest>> list_requests(const RequestQuery& query) override {
    return engine_->list_requests(query);
  }
  Result<std::vector<HistoryEntry>> history(RequestId id) override { return engine_->history(id); }
  Result<std::optional<Backup>> find_backup(BackupId id) override { return engine_->find_backup(id); }
  Result<std::vector<Backup>> list_backups(const BackupQuery& query) override { return engine_->list_backups(query); }
  Result<std::vector<ResultRecord>> waiting_results(std::int64_t limit) override {
    return engine_->waiting_results(limit);
  }
  Result<std::vector<ParkedResult>> list_parked(const ParkedQuery& query) override {
    return engine_->list_parked(query);
  }
  Result<std::vector<AuditRecord>> list_audit(const AuditQuery& query) override { return engine_->list_audit(query); }
  Result<std::vector<AuditHead>> audit_heads() override { return engine_->audit_heads(); }
  Result<DueWork> due(const DueQuery& query) override { return engine_->due(query); }
  Result<StoreSurvey> survey(Timestamp now) override { return engine_->survey(now); }
  void on_work(std::function<void()> hear) override { engine_->on_work(std::move(hear)); }
  void announce_work() override { engine_->announce_work(); }

 private:
  template <class T>
  Result<T> watched(Result<T> result) {
    if (!result) leave_if_lost(result.error());
    return result;
  }
  void leave_if_lost(const Error& error);

  std::unique_ptr<BlockingRepository> engine_;
  Logger& logger_;
};

}  // namespace backupctl::host
