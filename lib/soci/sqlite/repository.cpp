#include "soci/sqlite/repository.hpp"

#include "embedded/controller_migrations.hpp"
#include "soci/sqlite/audit_statements.hpp"
#include "soci/sqlite/claims.hpp"
#include "soci/sqlite/command_writer.hpp"
#include "soci/sqlite/notice_statements.hpp"
#include "soci/sqlite/reads.hpp"
#include "soci/sqlite/request_statements.hpp"

namespace backupctl::soci {

namespace {

// An error that some Command of a group may have caused, rather than the state of the store.
bool may_be_one_commands(const Error& error) {
  return error.kind != ErrorKind::unavailable && error.kind != ErrorKind::unknown_outcome;
}

}  // namespace

Result<std::unique_ptr<SqliteRepository>> SqliteRepository::open(const std::filesystem::path& path,
                                                                 const SqliteOptions& options, Timestamp now) {
  const SqliteProduct product{"controller", controller_application_id, embedded::controller_migrations()};
  auto store = SqliteStore::open(path, product, options, now);
  if (!store) return std::move(store).error();
  auto writer = (*store)->connect(options.access);
  if (!writer) return std::move(writer).error();
  return std::unique_ptr<SqliteRepository>{
      new SqliteRepository(*std::move(store), *std::move(writer), options.read_timeout)};
}

std::vector<Outcome> SqliteRepository::apply(const std::vector<Command>& commands) {
  std::vector<Outcome> outcomes(commands.size());
  if (!commands.empty()) write_group(commands, outcomes);
  return outcomes;
}

void SqliteRepository::write_group(std::span<const Command> commands, std::span<Outcome> outcomes) {
  const auto written = writer_->write([&]() -> Result<void> {
    write_commands(*writer_, commands, outcomes);
    return {};
  });
  if (written) return;
  const auto& error = written.error();
  if (commands.size() > 1 && may_be_one_commands(error)) {
    const auto half = commands.size() / 2;
    write_group(commands.first(half), outcomes.first(half));
    write_group(commands.subspan(half), outcomes.subspan(half));
    return;
  }
  const auto status = error.kind == ErrorKind::unknown_outcome ? OutcomeStatus::unknown : OutcomeStatus::failed;
  for (auto& outcome : outcomes) outcome = {status, {}, false, error};
}

Result<std::vector<BackupRequest>> SqliteRepository::claim(const ClaimOrder& order) {
  return writer_->write([&]() -> Result<std::vector<BackupRequest>> { return claim_requests(*writer_, order); });
}

Result<BeatReply> SqliteRepository::beat(const InstanceBeat& beat) {
  if (!instances_.contains(beat.id)) {
    auto lock = InstanceLock::take(store_->path(), beat.id);
    if (!lock) return std::move(lock).error();
    instances_.emplace(beat.id, *std::move(lock));
  }
  const auto is_dead = [&](InstanceId id) {
    const auto alive = is_alive(store_->path(), id);
    return alive && !*alive;
  };
  auto beaten = writer_->write([&]() -> Result<BeatResult> { return beat_instance(*writer_, beat, is_dead); });
  if (!beaten) return std::move(beaten).error();
  for (const auto& id : beaten->dead) instances_.erase(id);
  remove_dead_instances(store_->path());
  return std::move(beaten->reply);
}

Result<void> SqliteRepository::leave(InstanceId id) {
  auto left = writer_->write([&]() -> Result<void> {
    leave_instance(*writer_, id);
    return {};
  });
  if (left) instances_.erase(id);
  return left;
}

Result<std::vector<WaitingNotice>> SqliteRepository::claim_notices(const NoticeClaim& claim) {
  return writer_->write([&]() -> Result<std::vector<WaitingNotice>> { return claim_waiting_notices(*writer_, claim); });
}

Result<std::unique_ptr<SqliteSession>> SqliteRepository::take_reader() {
  {
    const std::lock_guard lock{mutex_};
    if (!idle_readers_.empty()) {
      auto reader = std::move(idle_readers_.back());
      idle_readers_.pop_back();
      return reader;
    }
  }
  auto reader = store_->connect(Access::read);
  if (reader) (*reader)->limit_reads(read_timeout_);
  return reader;
}

template <class Call>
auto SqliteRepository::read(Call&& call) -> Result<std::invoke_result_t<Call&, SqliteSession&>> {
  auto reader = take_reader();
  if (!reader) return std::move(reader).error();
  auto& session = **reader;
  auto result = session.read([&]() -> Result<std::invoke_result_t<Call&, SqliteSession&>> { return call(session); });
  const std::lock_guard lock{mutex_};
  idle_readers_.push_back(*std::move(reader));
  return result;
}

Result<std::optional<BackupRequest>> SqliteRepository::find_request(RequestId id) {
  return read([&](SqliteSession& session) { return soci::find_request(session, id); });
}
Result<std::vector<BackupRequest>> SqliteRepository::list_requests(const RequestQuery& query) {
  return read([&](SqliteSession& session) { return select_requests(session, query); });
}
Result<std::vector<HistoryEntry>> SqliteRepository::history(RequestId id) {
  return read([&](SqliteSession& session) { return select_history(session, id); });
}
Result<std::optional<Backup>> SqliteRepository::find_backup(BackupId id) {
  return read([&](SqliteSession& session) { return select_backup(session, id); });
}
Result<std::vector<Backup>> SqliteRepository::list_backups(const BackupQuery& query) {
  return read([&](SqliteSession& session) { return select_backups(session, query); });
}
Result<std::vector<ResultRecord>> SqliteRepository::waiting_results(std::int64_t limit) {
  return read([&](SqliteSession& session) { return select_results(session, limit); });
}
Result<std::vector<ParkedResult>> SqliteRepository::list_parked(const ParkedQuery& query) {
  return read([&](SqliteSession& session) { return select_parked(session, query); });
}
Result<std::vector<AuditRecord>> SqliteRepository::list_audit(const AuditQuery& query) {
  return read([&](SqliteSession& session) { return select_audit(session, query); });
}
Result<std::vector<AuditHead>> SqliteRepository::audit_heads() {
  return read([&](SqliteSession& session) { return select_audit_heads(session); });
}
Result<DueWork> SqliteRepository::due(const DueQuery& query) {
  const std::lock_guard lock{due_mutex_};
  if (!due_) {
    auto reader = take_reader();
    if (!reader) return std::move(reader).error();
    due_.emplace(*std::move(reader));
  }
  return due_->ask(query);
}
Result<StoreSurvey> SqliteRepository::survey(Timestamp now) {
  auto survey = read([&](SqliteSession& session) { return select_survey(session, now); });
  if (survey) {
    std::erase_if(survey->controllers, [&](const InstanceInfo& one) {
      const auto alive = is_alive(store_->path(), one.id);
      return alive && !*alive;
    });
  }
  return survey;
}

}  // namespace backupctl::soci
