// A BlockingRepository in memory, for tests and simulations: the same rules as the durable engines, nothing survives
// it. Thread rule: one thread at a time; it takes no lock.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backupctl/repository.hpp"

namespace backupctl::testing {

class MemoryRepository final : public BlockingRepository {
 public:
  std::vector<Outcome> apply(const std::vector<Command>& commands) override;
  Result<std::vector<BackupRequest>> claim(const ClaimOrder& order) override;
  Result<BeatReply> beat(const InstanceBeat& beat) override;
  Result<void> leave(InstanceId id) override;
  Result<std::vector<WaitingNotice>> claim_notices(const NoticeClaim& claim) override;

  Result<std::optional<BackupRequest>> find_request(RequestId id) override;
  Result<std::vector<BackupRequest>> list_requests(const RequestQuery& query) override;
  Result<std::vector<HistoryEntry>> history(RequestId id) override;
  Result<std::optional<Backup>> find_backup(BackupId id) override;
  Result<std::vector<Backup>> list_backups(const BackupQuery& query) override;
  Result<std::vector<ResultRecord>> waiting_results(std::int64_t limit) override;
  Result<std::vector<ParkedResult>> list_parked(const ParkedQuery& query) override;
  Result<std::vector<AuditRecord>> list_audit(const AuditQuery& query) override;
  Result<std::vector<AuditHead>> audit_heads() override;
  Result<DueWork> due(const DueQuery& query) override;
  Result<StoreSurvey> survey(Timestamp now) override;

  // For checkers: everything, in id order.
  const std::map<RequestId, BackupRequest>& requests() const { return requests_; }
  const std::map<BackupId, Backup>& backups() const { return backups_; }
  const std::map<RequestId, std::vector<HistoryEntry>>& histories() const { return history_; }
  const std::map<ParkedResultId, ParkedResult>& parked() const { return parked_; }
  const std::map<ZoneName, bool>& paused() const { return paused_; }
  const std::vector<ResultRecord>& waiting() const { return results_; }  // oldest first
  // Calls look(writer, its records) for each writer's chain.
  template <class Look>
  void for_each_audit(Look&& look) const {
    for (const auto& [writer, chain] : audit_) look(writer, chain.records);
  }

 private:
  struct Instance {
    std::string program;
    Timestamp started;
    Timestamp last_beat;
  };
  struct Chain {
    std::vector<AuditRecord> records;
    std::int64_t tied = 0;  // up to this seq another chain names it
  };
  struct OutboxRow {
    WaitingNotice waiting;
    Timestamp next_action;
  };

  Outcome run(const AdmitRequest& command);
  Outcome run(const ChangeRequest& command);
  Outcome run(const KeepResult& command);
  Outcome run(const SettleResult& command);
  Outcome run(const Park& command);
  Outcome run(const DismissParked& command);
  Outcome run(const PauseZone& command);
  Outcome run(const WriteAudit& command);
  Outcome run(const TieAudit& command);
  Outcome run(const SettleNotice& command);

  void keep(const std::optional<BackupJob>& version);
  void keep(const Backup& backup);
  void keep(const std::optional<Notice>& notice);
  void write(const std::vector<AuditEntry>& entries);
  void append(AuditEntry entry);
  std::vector<AuditHead> take_untied(InstanceId except);
  bool is_in(const Scope& scope, const OwnerName& requester, JobId job) const;
  RequestProgress choose(const RequestProgress& next, const std::optional<SendPlace>& place, bool& no_place) const;
  std::int64_t places_taken(const ZoneName& zone) const;
  bool is_paused(const ZoneName& zone) const;
  bool is_parked(const ParkedResult& parked) const;
  std::int64_t free_orphans(Timestamp now);
  std::vector<ResultRecord>::iterator find_result(const ResultKey& key);

  std::map<RequestId, BackupRequest> requests_;
  std::map<std::pair<std::string, std::string>, RequestId> keys_;  // (requester, key)
  std::map<RequestId, std::vector<HistoryEntry>> history_;
  std::map<std::pair<JobId, std::int64_t>, BackupJob> job_versions_;
  std::map<BackupId, Backup> backups_;
  std::vector<ResultRecord> results_;  // in the order of arrival
  std::map<ParkedResultId, ParkedResult> parked_;
  std::map<ZoneName, bool> paused_;
  std::map<InstanceId, Instance> instances_;
  std::map<InstanceId, Chain> audit_;
  std::map<NoticeId, OutboxRow> notices_;
};

}  // namespace backupctl::testing
