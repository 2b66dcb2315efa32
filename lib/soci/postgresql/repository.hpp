// The controller's store on PostgreSQL. A connection that is lost is made again by itself; meanwhile every call answers
// unavailable, or unknown for a commit that was under way.
// Thread rule: that of BlockingRepository: writes from one thread at a time, reads from any.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "backupctl/repository.hpp"
#include "soci/ground/postgresql_migrate.hpp"
#include "soci/ground/postgresql_session.hpp"
#include "soci/postgresql/group_writer.hpp"
#include "soci/postgresql/work_channel.hpp"

namespace backupctl::soci {

PostgresqlProduct controller_on_postgresql();

struct PostgresqlOptions {
  Create create = Create::automatic;
  // With read it is neither made nor migrated, and nothing can be written.
  Access access = Access::write;
  // False: leases are measured by the callers' clocks instead of the server's. For tests whose time is not real.
  bool server_clock = true;
  bool wait_for_server = false;  // see OpenOptions
};

class PostgresqlRepository final : public BlockingRepository {
 public:
  // `now` is written beside each migration that is applied. Errors: those of migrate(), postgresql_migrate.hpp; opened
  // for reading, those of applied_migrations(), not_found "store-missing" and conflict "store-older".
  static Result<std::unique_ptr<PostgresqlRepository>> open(const PostgresqlUrl& url, const PostgresqlOptions& options,
                                                            Timestamp now);

  std::vector<Outcome> apply(const std::vector<Command>& commands) override;
  Result<std::vector<BackupRequest>> claim(const ClaimOrder& order) override;
  Result<BeatReply> beat(const InstanceBeat& beat) override;
  Result<void> leave(InstanceId id) override;

  Result<std::optional<BackupRequest>> find_request(RequestId id) override;
  Result<std::vector<BackupRequest>> list_requests(const RequestQuery& query) override;
  Result<std::vector<HistoryEntry>> history(RequestId id) override;
  Result<std::optional<Backup>> find_backup(BackupId id) override;
  Result<std::vector<Backup>> list_backups(const BackupQuery& query) override;
  Result<std::vector<ResultRecord>> waiting_results(std::int64_t limit) override;
  Result<std::vector<ParkedResult>> list_parked(const ParkedQuery& query) override;
  Result<std::vector<WaitingNotice>> claim_notices(const NoticeClaim& claim) override;
  Result<std::vector<AuditRecord>> list_audit(const AuditQuery& query) override;
  Result<std::vector<AuditHead>> audit_heads() override;
  Result<DueWork> due(const DueQuery& query) override;
  Result<StoreSurvey> survey(Timestamp now) override;
  void on_work(std::function<void()> hear) override;
  void announce_work() override;

 private:
  PostgresqlRepository(PostgresqlUrl url, const PostgresqlOptions& options)
      : url_(std::move(url)), options_(options), writer_(std::make_unique<PostgresqlSession>(url_, options.access)) {}

  Result<void> open_once(Timestamp now);
  void write_group(std::span<const Command> commands, std::span<Outcome> outcomes);
  Result<void> write_set(std::span<const Command> commands, std::span<Outcome> outcomes);
  std::unique_ptr<PostgresqlSession> take_reader();
  // body() in a transaction of the writer, again when another was in the way.
  template <class Body>
  std::invoke_result_t<Body&> write(Body&& body);
  // call(session) on one of the reading sessions.
  template <class Call>
  auto read(Call&& call) -> Result<std::invoke_result_t<Call&, PostgresqlSession&>>;

  PostgresqlUrl url_;
  const PostgresqlOptions options_;
  std::atomic<bool> is_open_ = false;
  std::unique_ptr<PostgresqlSession> writer_;
  postgresql::JobVersions known_versions_;     // that the store has; with the writer
  std::uint64_t known_connection_ = 0;         // on which they are known
  std::map<InstanceId, Timestamp> last_beat_;  // of this process, by the callers' clock; with the writer

  std::mutex mutex_;
  std::vector<std::unique_ptr<PostgresqlSession>> idle_readers_;  // under mutex_; as many as were ever used at once

  std::mutex channel_mutex_;
  std::unique_ptr<WorkChannel> channel_;  // under channel_mutex_; once somebody listens. Goes first
};

}  // namespace backupctl::soci
