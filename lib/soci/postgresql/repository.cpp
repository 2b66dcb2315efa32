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

Error not_open_yet() {
  return {ErrorKind::unavailable, "the server has not been reached yet", true, "store-unreachable", {}};
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
  std::unique_ptr<PostgresqlRepository> repository{new PostgresqlRepository(url, options)};
  auto opened = repository->open_once(now);
  if (!opened && !(options.wait_for_server && opened.error().retryable)) return std::move(opened).error();
  return repository;
}

Result<void> PostgresqlRepository::open_once(Timestamp now) {
  if (is_open_) return {};
  const auto product = controller_on_postgresql();
  auto writer = take(idle_writers_);
  auto ready = options_.access == Access::read ? is_newest(writer->session, product)
                                               : migrate(writer->session, product, options_.create, now);
  give_back(idle_writers_, std::move(writer));
  is_open_ = ready.has_value();
  return ready;
}

template <class One>
std::unique_ptr<One> PostgresqlRepository::take(std::vector<std::unique_ptr<One>>& idle) {
  const std::lock_guard lock{mutex_};
  if (idle.empty()) return std::make_unique<One>(url_, options_.access);
  auto one = std::move(idle.back());
  idle.pop_back();
  return one;
}

template <class One>
void PostgresqlRepository::give_back(std::vector<std::unique_ptr<One>>& idle, std::unique_ptr<One> one) {
  const std::lock_guard lock{mutex_};
  idle.push_back(std::move(one));
}

template <class Body>
std::invoke_result_t<Body&, PostgresqlSession&> PostgresqlRepository::write(Writer& writer, Body&& body) {
  if (!is_open_) return not_open_yet();
  const auto once = [&] { return body(writer.session); };
  auto result = writer.session.write(once);
  // Rolled back for another transaction, which has gone on since: the same again has every chance.
  for (int i = 1; i < tries && !result && result.error().code == "store-contended"; ++i) {
    result = writer.session.write(once);
  }
  return result;
}

template <class Body>
std::invoke_result_t<Body&, PostgresqlSession&> PostgresqlRepository::write(Body&& body) {
  auto writer = take(idle_writers_);
  auto result = write(*writer, std::forward<Body>(body));
  give_back(idle_writers_, std::move(writer));
  return result;
}

std::vector<Outcome> PostgresqlRepository::apply(const std::vector<Command>& commands) {
  std::vector<Outcome> outcomes(commands.size());
  if (commands.empty()) return outcomes;
  auto writer = take(idle_writers_);
  write_group(*writer, commands, outcomes);
  give_back(idle_writers_, std::move(writer));
  return outcomes;
}

Result<void> PostgresqlRepository::write_set(Writer& writer, std::span<const Command> commands,
                                             std::span<Outcome> outcomes) {
  postgresql::JobVersions known;
  auto written = write(writer, [&](PostgresqlSession& session) -> Result<void> {
    // On a new connection it may be another server that knows less: asked again.
    if (writer.known_connection != session.connection() || writer.known_versions.size() > most_known_versions) {
      writer.known_versions.clear();
      writer.known_connection = session.connection();
    }
    known = writer.known_versions;
    postgresql::write_group(session, commands, outcomes, known);
    return {};
  });
  if (written) writer.known_versions = std::move(known);
  return written;
}

void PostgresqlRepository::write_group(Writer& writer, std::span<const Command> commands, std::span<Outcome> outcomes) {
  const auto written = write_set(writer, commands, outcomes);
  if (written) return;
  const auto& error = written.error();
  if (commands.size() > 1 && may_be_one_commands(error)) {
    const auto half = commands.size() / 2;
    write_group(writer, commands.first(half), outcomes.first(half));
    write_group(writer, commands.subspan(half), outcomes.subspan(half));
    return;
  }
  const auto status = error.kind == ErrorKind::unknown_outcome ? OutcomeStatus::unknown : OutcomeStatus::failed;
  for (auto& outcome : outcomes) outcome = {status, {}, false, error};
}

Result<std::vector<BackupRequest>> PostgresqlRepository::claim(const ClaimOrder& order) {
  return write([&](PostgresqlSession& session) -> Result<std::vector<BackupRequest>> {
    return postgresql::claim_requests(session, order);
  });
}

Result<BeatReply> PostgresqlRepository::beat(const InstanceBeat& beat) {
  if (auto opened = open_once(beat.now); !opened) return std::move(opened).error();
  auto beaten = write([&](PostgresqlSession& session) -> Result<BeatReply> {
    return postgresql::beat_instance(session, beat, options_.server_clock ? std::nullopt : std::optional(beat.now));
  });
  if (beaten) last_beat_[beat.id] = beat.now;
  return beaten;
}

Result<void> PostgresqlRepository::leave(InstanceId id) {
  const auto last = last_beat_.find(id);
  auto left = write([&](PostgresqlSession& session) -> Result<void> {
    postgresql::leave_instance(session, id, last == last_beat_.end() ? Timestamp{} : last->second);
    return {};
  });
  if (left) last_beat_.erase(id);
  return left;
}

Result<std::vector<WaitingNotice>> PostgresqlRepository::claim_notices(const NoticeClaim& claim) {
  return write([&](PostgresqlSession& session) -> Result<std::vector<WaitingNotice>> {
    return postgresql::claim_waiting_notices(session, claim);
  });
}

template <class Call>
auto PostgresqlRepository::read(Call&& call) -> Result<std::invoke_result_t<Call&, PostgresqlSession&>> {
  if (!is_open_) return not_open_yet();
  auto reader = take(idle_readers_);
  auto result =
      reader->read([&]() -> Result<std::invoke_result_t<Call&, PostgresqlSession&>> { return call(*reader); });
  give_back(idle_readers_, std::move(reader));
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
  return read(
      [&](PostgresqlSession& session) { return postgresql::select_survey(session, now, options_.server_clock); });
}

void PostgresqlRepository::on_work(std::function<void()> hear) {
  auto channel = std::make_unique<WorkChannel>(url_, std::move(hear));
  const std::lock_guard lock{channel_mutex_};
  channel_.swap(channel);
}
void PostgresqlRepository::announce_work() {
  const std::lock_guard lock{channel_mutex_};
  if (channel_) channel_->announce();
}

}  // namespace backupctl::soci
