// A Repository over the shared memory store that answers late, fails, and leaves outcomes unknown.
#pragma once

#include <memory>

#include "backupctl/testing/memory_repository.hpp"
#include "sim/faults.hpp"
#include "sim/sim_time.hpp"

namespace backupctl::sim {

class SimRepository final : public Repository {
 public:
  SimRepository(SimTime& time, SimRandom& random, const Faults& faults, testing::MemoryRepository& store)
      : time_(time), random_(random), faults_(faults), store_(store) {}

  void apply(std::vector<Command> commands, Handler<std::vector<Outcome>> handler) override;
  void claim(ClaimOrder order, Handler<Result<std::vector<BackupRequest>>> handler) override;
  void beat(InstanceBeat beat, Handler<Result<BeatReply>> handler) override;
  void leave(InstanceId id, Handler<Result<void>> handler) override;
  void claim_notices(NoticeClaim claim, Handler<Result<std::vector<WaitingNotice>>> handler) override;
  void find_request(RequestId id, Handler<Result<std::optional<BackupRequest>>> handler) override;
  void list_requests(RequestQuery query, Handler<Result<std::vector<BackupRequest>>> handler) override;
  void history(RequestId id, Handler<Result<std::vector<HistoryEntry>>> handler) override;
  void find_backup(BackupId id, Handler<Result<std::optional<Backup>>> handler) override;
  void list_backups(BackupQuery query, Handler<Result<std::vector<Backup>>> handler) override;
  void waiting_results(std::int64_t limit, Handler<Result<std::vector<ResultRecord>>> handler) override;
  void list_parked(ParkedQuery query, Handler<Result<std::vector<ParkedResult>>> handler) override;
  void list_audit(AuditQuery query, Handler<Result<std::vector<AuditRecord>>> handler) override;
  void audit_heads(Handler<Result<std::vector<AuditHead>>> handler) override;
  void due(DueQuery query, Handler<Result<DueWork>> handler) override;
  void survey(Handler<Result<StoreSurvey>> handler) override;

 private:
  Duration delay();
  // `call` runs on the store after a while; its answer comes back after another.
  template <class T, class Call>
  void later(Call call, Handler<T> handler);
  template <class T, class Call>
  void read(Call call, Handler<Result<T>> handler);

  SimTime& time_;
  SimRandom& random_;
  const Faults& faults_;
  testing::MemoryRepository& store_;
};

}  // namespace backupctl::sim
