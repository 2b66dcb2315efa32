// Ports from plain blocking functions: a bounded number of threads of their own call them, so that neither the executor
// nor a session ever waits for a database or a device.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "backupctl/repository.hpp"
#include "backupctl/zone_client.hpp"

namespace backupctl {

// A Repository of a BlockingRepository: as many threads for everything that writes as it takes groups at once,
// `readers` threads for the rest. What writes is done in the order in which it was asked for, except that groups
// and claims overlap. Owns the engine. Thread-safe. The destructor finishes what was asked, then joins its threads.
class RepositoryThreads final : public Repository {
 public:
  explicit RepositoryThreads(std::unique_ptr<BlockingRepository> engine, std::size_t readers = 2);
  ~RepositoryThreads() override;

  void apply(std::vector<Command> commands, Handler<std::vector<Outcome>> handler) override;
  std::size_t applies_at_once() const override;
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
  void on_work(std::function<void()> hear) override;
  void announce_work() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A zone as three functions that may take as long as they like. Called from several threads at once.
class BlockingZone {
 public:
  virtual ~BlockingZone() = default;
  virtual SendReply send(const CreateBackupCommand& command) = 0;
  virtual StatusReply status(const CallContext& command) = 0;
  virtual CancelReply cancel(const CallContext& command, std::int64_t fence) = 0;
};

// A ZoneClient of a BlockingZone, which it borrows. Thread-safe. The destructor finishes what was asked.
class ZoneThreads final : public ZoneClient {
 public:
  explicit ZoneThreads(BlockingZone& zone, std::size_t threads = 2);
  ~ZoneThreads() override;
  void send(CreateBackupCommand command, Handler<SendReply> handler) override;
  void status(CallContext command, Handler<StatusReply> handler) override;
  void cancel(CallContext command, std::int64_t fence, Handler<CancelReply> handler) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace backupctl
