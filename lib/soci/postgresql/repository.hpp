// The controller's store on PostgreSQL. A connection that is lost is made again by itself; meanwhile every call answers
// unavailable, or unknown for a commit that was under way.
// Thread rule: that of BlockingRepository.
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
  // While one group waits for the disk, the server has the next one written. What they share (a zone's places, the
  // chain of the audit, versions of one date) makes the second wait for the first.
  std::size_t applies_at_once() const override { return 2; }
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
  struct Writer {
    Writer(const PostgresqlUrl& url, Access access) : session(url, access) {}
    PostgresqlSession session;
    postgresql::JobVersions known_versions;  // that the store has
    std::uint64_t known_connection = 0;      // on which they are known
  };

  PostgresqlRepository(PostgresqlUrl url, const PostgresqlOptions& options) : url_(std::move(url)), options_(options) {}

  Result<void> open_once(Timestamp now);
  void write_group(Writer& writer, std::span<const Command> commands, std::span<Outcome> outcomes);
  Result<void> write_set(Writer& writer, std::span<const Command> commands, std::span<Outcome> outcomes);
  // body(session) in a transaction of the writer, again when another was in the way.
  template <class Body>
  std::invoke_result_t<Body&, PostgresqlSession&> write(Writer& writer, Body&& body);
  // The same with whichever is idle.
  template <class Body>
  std::invoke_result_t<Body&, PostgresqlSession&> write(Body&& body);
  // One of the idle ones, or a new one; the one that was given back last, so that the rest stay idle.
  template <class One>
  std::unique_ptr<One> take(std::vector<std::unique_ptr<One>>& idle);
  template <class One>
  void give_back(std::vector<std::unique_ptr<One>>& idle, std::unique_ptr<One> one);
  // call(session) on one of the reading sessions.
  template <class Call>
  auto read(Call&& call) -> Result<std::invoke_result_t<Call&, PostgresqlSession&>>;

  PostgresqlUrl url_;
  const PostgresqlOptions options_;
  std::atomic<bool> is_open_ = false;
  std::map<InstanceId, Timestamp> last_beat_;  // of this process, by the callers' clock; beat() and leave() alone

  std::mutex mutex_;
  // Under mutex_; as many as were ever used at once.
  std::vector<std::unique_ptr<Writer>> idle_writers_;
  std::vector<std::unique_ptr<PostgresqlSession>> idle_readers_;

  std::mutex channel_mutex_;
  std::unique_ptr<WorkChannel> channel_;  // under channel_mutex_; once somebody listens. Goes first
};

}  // namespace backupctl::soci
