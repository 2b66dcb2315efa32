// The controller's store on SQLite.
// Thread rule: that of BlockingRepository: writes from one thread at a time, reads from any.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "backupctl/repository.hpp"
#include "soci/ground/instance_lock.hpp"
#include "soci/ground/sqlite_store.hpp"
#include "soci/sqlite/due_memory.hpp"

namespace backupctl::soci {

class SqliteRepository final : public BlockingRepository {
 public:
  // Errors: those of SqliteStore::open.
  static Result<std::unique_ptr<SqliteRepository>> open(const std::filesystem::path& path, const SqliteOptions& options,
                                                        Timestamp now);

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

 private:
  SqliteRepository(std::unique_ptr<SqliteStore> store, std::unique_ptr<SqliteSession> writer, Duration read_timeout)
      : store_(std::move(store)), writer_(std::move(writer)), read_timeout_(read_timeout) {}

  void write_group(std::span<const Command> commands, std::span<Outcome> outcomes);
  Result<std::unique_ptr<SqliteSession>> take_reader();
  // Runs call(session) on one unchanging view.
  template <class Call>
  auto read(Call&& call) -> Result<std::invoke_result_t<Call&, SqliteSession&>>;

  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<SqliteSession> writer_;
  const Duration read_timeout_;
  std::map<InstanceId, InstanceLock> instances_;  // of this process; with the writer

  std::mutex due_mutex_;
  std::optional<DueMemory> due_;  // under due_mutex_

  std::mutex mutex_;
  std::vector<std::unique_ptr<SqliteSession>> idle_readers_;  // under mutex_; as many as were ever used at once
};

}  // namespace backupctl::soci
