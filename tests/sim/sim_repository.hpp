// A Repository over the shared memory store that answers late, fails, and leaves outcomes unknown. Each controller has
// one of its own; the model looks at the store after each write.
#pragma once

#include <memory>

#include "sim/shop.hpp"

namespace backupctl::sim {

class SimRepository final : public Repository {
 public:
  explicit SimRepository(Shop& shop) : shop_(shop) {}

  // Another life of the same controller uses it now.
  void renew() { user_.reset(); }
  const std::optional<InstanceId>& user() const { return user_; }
  // No write was on its way when the clean end was: the store has seen everything.
  bool left_quietly() const { return left_quietly_; }

  void apply(std::vector<Command> commands, Handler<std::vector<Outcome>> handler) override;
  std::size_t applies_at_once() const override { return shop_.applies_at_once; }
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
  void survey(Timestamp now, Handler<Result<StoreSurvey>> handler) override;

 private:
  Duration delay();
  // `call` runs on the store after a while; its answer comes back after another.
  template <class T, class Call>
  void later(Call call, Handler<T> handler);
  template <class T, class Call>
  void read(Call call, Handler<Result<T>> handler);
  // A write with one outcome: not done, done, or done and nobody says so.
  template <class T, class Call>
  void write(Call call, Handler<Result<T>> handler);
  std::vector<Outcome> commit(const std::vector<Command>& commands, const std::optional<InstanceId>& by);

  Shop& shop_;
  std::optional<InstanceId> user_;
  std::int64_t writes_under_way_ = 0;
  bool left_quietly_ = false;
};

}  // namespace backupctl::sim
