#include "soci/postgresql/repository.hpp"

#include "embedded/controller_postgresql_migrations.hpp"
#include "soci/postgresql/audit_statements.hpp"
#include "soci/postgresql/claims.hpp"
#include "soci/postgresql/notice_statements.hpp"
#include "soci/postgresql/reads.hpp"
#include "soci/postgresql/request_statements.hpp"

namespace backupctl::soci {

namespace {

constexpr int tries = 5;
constexpr std::size_t most_known_versions = 1000;

// An error that some Command of a group may have caused, rather than the state of the store.
bool may_be_one_commands(const Error& error) {
  return error.kind != ErrorKind::unavailable && error.kind != ErrorKind::unknown_outcome;
}

// Rolled back for another transaction, which has gone on since: the same again has every chance.
template <class Write>
auto with_retries(Write&& write) {
  auto result = write();
  for (int i = 1; i < tries && !result && result.error().code == "store-contended"; ++i) result = write();
  return result;
}

Result<void> is_newest(PostgresqlSession& session, const PostgresqlProduct& product) {
  const auto applied = applied_migrations(session, product);
  if (!applied) return applied.error();
  const auto& where = session.url().shown;
  if (*applied == 0) {
    return Error{ErrorKind::not_found, "there is no store in " + where, false, "store-missing", {}};
  }
  if (*applied < product.migrations.size()) return older_schema(where, *applied, product.migrations.size());
  return {};
}

}  // namespace

PostgresqlProduct controller_on_postgresql() { return {"controller", embedded::controller_postgresql_migrations()}; }

Result<std::unique_ptr<PostgresqlRepository>> PostgresqlRepository::open(const PostgresqlUrl& url,
                                                                         const PostgresqlOptions& options,
                                                                         Timestamp now) {
  auto writer = std::make_unique<PostgresqlSession>(url, options.access);
  const auto product = controller_on_postgresql();
  auto ready =
      options.access == Access::read ? is_newest(*writer, product) : migrate(*writer, product, options.create, now);
  if (!ready) return std::move(ready).error();
  return std::unique_ptr<PostgresqlRepository>{new PostgresqlRepository(url, options, std::move(writer))};
}

std::vector<Outcome> PostgresqlRepository::apply(const std::vector<Command>& commands) {
  std::vector<Outcome> outcomes(commands.size());
  if (!commands.empty()) write_group(commands, outcomes);
  return outcomes;
}

Result<void> PostgresqlRepository::try_group(std::span<const Command> commands, std::span<Outcome> outcomes) {
  if (known_connection_ != writer_->connection() || known_versions_.size() > most_known_versions) {
    known_versions_.clear();
    known_connection_ = writer_->connection();
  }
  auto known = known_versions_;
  auto written = writer_->write([&]() -> Result<void> {
    postgresql::write_group(*writer_, commands, outcomes, known);
    return {};
  });
  // On a new connection it may be another server that knows less: asked again next time.
  if (written && known_connection_ == writer_->connection()) known_versions_ = std::move(known);
  return written;
}

void PostgresqlRepository::write_group(std::span<const Command> commands, std::span<Outcome> outcomes) {
  const auto written = with_retries([&] { return try_group(commands, outcomes); });
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

Result<std::vector<BackupRequest>> PostgresqlRepository::claim(const ClaimOrder& order) {
  return with_retries([&] {
    return writer_->write(
        [&]() -> Result<std::vector<BackupRequest>> { return postgresql::claim_requests(*writer_, order); });
  });
}

Result<BeatReply> PostgresqlRepository::beat(const InstanceBeat& beat) {
  auto beaten = with_retries([&] {
    return writer_->write([&]() -> Result<BeatReply> {
      return postgresql::beat_instance(*writer_, beat, server_clock_ ? std::nullopt : std::optional(beat.now));
    });
  });
  if (beaten) last_beat_[beat.id] = beat.now;
  return beaten;
}

Result<void> PostgresqlRepository::leave(InstanceId id) {
  const auto last = last_beat_.find(id);
  auto left = with_retries([&] {
    return writer_->write([&]() -> Result<void> {
      postgresql::leave_instance(*writer_, id, last == last_beat_.end() ? Timestamp{} : last->second);
      return {};
    });
  });
  if (left) last_beat_.erase(id);
  return left;
}

Result<std::vector<WaitingNotice>> PostgresqlRepository::claim_notices(const NoticeClaim& claim) {
  return with_retries([&] {
    return writer_->write(
        [&]() -> Result<std::vector<WaitingNotice>> { return postgresql::claim_waiting_notices(*writer_, claim); });
  });
}

std::unique_ptr<PostgresqlSession> PostgresqlRepository::take_reader() {
  const std::lock_guard lock{mutex_};
  if (idle_readers_.empty()) return std::make_unique<PostgresqlSession>(url_, access_);
  auto reader = std::move(idle_readers_.back());
  idle_readers_.pop_back();
  return reader;
}

template <class Call>
auto PostgresqlRepository::read(Call&& call) -> Result<std::invoke_result_t<Call&, PostgresqlSession&>> {
  auto reader = take_reader();
  auto result =
      reader->read([&]() -> Result<std::invoke_result_t<Call&, PostgresqlSession&>> { return call(*reader); });
  const std::lock_guard lock{mutex_};
  idle_readers_.push_back(std::move(reader));
  return result;
}

Result<std::optional<BackupRequest>> PostgresqlRepository::find_request(RequestId id) {
  return read([&](PostgresqlSession& session) {
    auto found = postgresql::find_requests(session, {id});
    return found.empty() ? std::nullopt : std::optional(std::move(found.begin()->second));
  });
}
Result<std::vector<BackupRequest>> PostgresqlRepository::list_requests(const RequestQuery& query) {
  return read([&](PostgresqlSession& session) { return postgresql::select_requests(session, query); });
}
Result<std::vector<HistoryEntry>> PostgresqlRepository::history(RequestId id) {
  return read([&](PostgresqlSession& session) { return postgresql::select_history(session, id); });
}
Result<std::optional<Backup>> PostgresqlRepository::find_backup(BackupId id) {
  return read([&](PostgresqlSession& session) { return postgresql::select_backup(session, id); });
}
Result<std::vector<Backup>> PostgresqlRepository::list_backups(const BackupQuery& query) {
  return read([&](PostgresqlSession& session) { return postgresql::select_backups(session, query); });
}
Result<std::vector<ResultRecord>> PostgresqlRepository::waiting_results(std::int64_t limit) {
  return read([&](PostgresqlSession& session) { return postgresql::select_results(session, limit); });
}
Result<std::vector<ParkedResult>> PostgresqlRepository::list_parked(const ParkedQuery& query) {
  return read([&](PostgresqlSession& session) { return postgresql::select_parked(session, query); });
}
Result<std::vector<AuditRecord>> PostgresqlRepository::list_audit(const AuditQuery& query) {
  return read([&](PostgresqlSession& session) { return postgresql::select_audit(session, query); });
}
Result<std::vector<AuditHead>> PostgresqlRepository::audit_heads() {
  return read([&](PostgresqlSession& session) { return postgresql::select_audit_heads(session); });
}
Result<DueWork> PostgresqlRepository::due(const DueQuery& query) {
  return read([&](PostgresqlSession& session) { return postgresql::select_due(session, query); });
}
Result<StoreSurvey> PostgresqlRepository::survey(Timestamp now) {
  return read([&](PostgresqlSession& session) { return postgresql::select_survey(session, now, server_clock_); });
}

}  // namespace backupctl::soci
