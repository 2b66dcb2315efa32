#include "zone/command_store.hpp"

#include <algorithm>

#include "embedded/zone_migrations.hpp"
#include "soci/ground/lock_file.hpp"
#include "soci/ground/sqlite_store.hpp"
#include "wire/zone_command_json.hpp"
#include "wire/zone_result_json.hpp"

namespace backupctl::zone {
namespace {

using ::soci::into;
using ::soci::use;

std::int64_t micros(Timestamp time) { return time.time_since_epoch().count(); }
Timestamp timestamp(std::int64_t count) { return Timestamp{Duration{count}}; }

struct Row {
  bool is_there = false;
  std::string state{};
  std::string body{};  // empty: none
  std::int64_t fence = 0;
};

Row find_row(::soci::session& sql, const std::string& id) {
  Row row;
  ::soci::indicator has_body{};
  sql << "SELECT state, body, fence FROM command WHERE command_id = :id", into(row.state), into(row.body, has_body),
      into(row.fence), use(id);
  row.is_there = sql.got_data();
  if (has_body != ::soci::i_ok) row.body.clear();
  return row;
}

void raise_fence(::soci::session& sql, const std::string& id, std::int64_t fence) {
  sql << "UPDATE command SET fence = :fence WHERE command_id = :id AND fence < :fence2", use(fence), use(id),
      use(fence);
}

CommandState state_of(const std::string& text) {
  if (text == "Running") return CommandState::running;
  return text == "Finished" ? CommandState::finished : CommandState::accepted;
}

// " AND command_id NOT IN ('…','…')": ids are hex digits and hyphens, nothing that needs quoting.
std::string without(const std::vector<RequestId>& excluded) {
  if (excluded.empty()) return {};
  std::string text = " AND o.command_id NOT IN (";
  for (const auto& id : excluded) text += "'" + id.to_string() + "',";
  text.back() = ')';
  return text;
}

}  // namespace

CommandStore::CommandStore(std::unique_ptr<soci::LockFile> lock, std::unique_ptr<soci::SqliteStore> store,
                           std::unique_ptr<soci::SqliteSession> session)
    : lock_(std::move(lock)), store_(std::move(store)), session_(std::move(session)) {}

CommandStore::~CommandStore() = default;

template <class Body>
std::invoke_result_t<Body&> CommandStore::write(Body body) {
  const std::lock_guard lock{mutex_};
  auto result = session_->write(body);
  if (!result && result.error().kind == ErrorKind::unknown_outcome) on_fatal_();
  return result;
}

template <class Body>
std::invoke_result_t<Body&> CommandStore::read(Body body) {
  const std::lock_guard lock{mutex_};
  return session_->read(body);
}

Result<std::unique_ptr<CommandStore>> CommandStore::open(const std::filesystem::path& path, Timestamp now) {
  auto store = soci::SqliteStore::open(path, {"zone", soci::zone_application_id, embedded::zone_migrations()}, {}, now);
  if (!store) return std::move(store).error();
  auto lock = soci::LockFile::open((*store)->path().string() + ".zone.lock");
  if (!lock) return std::move(lock).error();
  auto held = std::make_unique<soci::LockFile>(*std::move(lock));
  if (!held->try_lock()) {
    return Error{ErrorKind::conflict,
                 "another backupctl-zone is running on " + (*store)->path().string(),
                 false,
                 "store-in-use",
                 {}};
  }
  auto session = (*store)->connect(soci::Access::write);
  if (!session) return std::move(session).error();
  return std::unique_ptr<CommandStore>(new CommandStore(std::move(held), *std::move(store), *std::move(session)));
}

Result<TakeAnswer> CommandStore::take(const CreateBackupCommand& command, Timestamp now) {
  const auto body = wire::json_text(wire::write_create_backup, command);
  const auto id = command.id.to_string();
  const auto time = micros(now);
  return write([&]() -> Result<TakeAnswer> {
    auto& sql = session_->sql();
    const auto row = find_row(sql, id);
    if (!row.is_there) {
      sql << "INSERT INTO command (command_id, state, body, fence, traceparent, accepted_time) "
             "VALUES (:id, 'Accepted', :body, :fence, :traceparent, :time)",
          use(id), use(body), use(command.fence), use(command.traceparent), use(time);
      return TakeAnswer::accepted;
    }
    if (command.fence < row.fence) return TakeAnswer::stale_fence;
    if (!row.body.empty() && row.body != body) return TakeAnswer::conflict;
    raise_fence(sql, id, command.fence);
    return TakeAnswer::known;
  });
}

Result<CancelOutcome> CommandStore::cancel(const ZoneResult& cancelled, std::int64_t fence,
                                           const std::string& traceparent, Timestamp now) {
  const auto id = cancelled.command_id.to_string();
  const auto time = micros(now);
  return write([&]() -> Result<CancelOutcome> {
    auto& sql = session_->sql();
    const auto row = find_row(sql, id);
    if (!row.is_there) {
      const auto result = wire::json_text(wire::write_zone_result, cancelled);
      sql << "INSERT INTO command (command_id, state, fence, traceparent, cancel_requested, accepted_time, "
             "finished_time, result) VALUES (:id, 'Finished', :fence, :traceparent, 1, :time, :time2, :result)",
          use(id), use(fence), use(traceparent), use(time), use(time), use(result);
      sql << "INSERT INTO outbox (command_id, next_attempt_time) VALUES (:id, :time)", use(id), use(time);
      return CancelOutcome::cancelled;
    }
    if (fence < row.fence) return CancelOutcome::stale_fence;
    raise_fence(sql, id, fence);
    if (row.state == "Finished") {
      std::string result;
      sql << "SELECT result FROM command WHERE command_id = :id", into(result), use(id);
      const auto read = wire::read_zone_result(result);
      return read && read->code == ResultCode::cancelled ? CancelOutcome::cancelled : CancelOutcome::finished;
    }
    sql << "UPDATE command SET cancel_requested = 1 WHERE command_id = :id", use(id);
    if (row.state == "Running") return CancelOutcome::running;
    // One that a crash interrupted may have left files: whoever runs it removes them.
    std::int64_t has_started = 0;
    sql << "SELECT started_time IS NOT NULL FROM command WHERE command_id = :id", into(has_started), use(id);
    if (has_started != 0) return CancelOutcome::running;
    finish_row(cancelled, now);
    return CancelOutcome::cancelled;
  });
}

Result<std::optional<StoredCommand>> CommandStore::find(RequestId command_id) {
  const auto id = command_id.to_string();
  return read([&]() -> Result<std::optional<StoredCommand>> {
    StoredCommand found;
    std::string state;
    ::soci::indicator has_result{};
    auto& sql = session_->sql();
    sql << "SELECT state, result FROM command WHERE command_id = :id", into(state), into(found.result_text, has_result),
        use(id);
    if (!sql.got_data()) return std::optional<StoredCommand>{};
    if (has_result != ::soci::i_ok) found.result_text.clear();
    found.state = state_of(state);
    return std::optional{std::move(found)};
  });
}

Result<std::int64_t> CommandStore::recover() {
  return write([&]() -> Result<std::int64_t> {
    std::int64_t count = 0;
    auto& sql = session_->sql();
    sql << "SELECT count(*) FROM command WHERE state = 'Running'", into(count);
    sql << "UPDATE command SET state = 'Accepted' WHERE state = 'Running'";
    return count;
  });
}

Result<std::optional<Work>> CommandStore::start_next(Timestamp now) {
  const auto time = micros(now);
  return write([&]() -> Result<std::optional<Work>> {
    auto& sql = session_->sql();
    std::string id, body, traceparent;
    std::int64_t fence = 0, cancel_requested = 0, started = 0;
    ::soci::indicator has_started{};
    sql << "SELECT command_id, body, fence, traceparent, cancel_requested, started_time FROM command "
           "WHERE state = 'Accepted' ORDER BY seq LIMIT 1",
        into(id), into(body), into(fence), into(traceparent), into(cancel_requested), into(started, has_started);
    if (!sql.got_data()) return std::optional<Work>{};
    auto command = wire::read_create_backup(body);
    if (!command) return Error{ErrorKind::corrupt, "the stored body of command " + id + ": " + command.error().detail};
    if (has_started != ::soci::i_ok) started = time;
    sql << "UPDATE command SET state = 'Running', started_time = :started WHERE command_id = :id", use(started),
        use(id);
    command->fence = fence;
    command->traceparent = traceparent;
    return std::optional{Work{*std::move(command), timestamp(started), cancel_requested != 0}};
  });
}

void CommandStore::finish_row(const ZoneResult& result, Timestamp now) {
  const auto id = result.command_id.to_string();
  const auto text = wire::json_text(wire::write_zone_result, result);
  const auto time = micros(now);
  auto& sql = session_->sql();
  sql << "UPDATE command SET state = 'Finished', finished_time = :time, result = :result "
         "WHERE command_id = :id AND state <> 'Finished'",
      use(time), use(text), use(id);
  sql << "INSERT INTO outbox (command_id, next_attempt_time) VALUES (:id, :time)", use(id), use(time);
}

Result<void> CommandStore::finish(const ZoneResult& result, Timestamp now) {
  return write([&]() -> Result<void> {
    finish_row(result, now);
    return {};
  });
}

Result<std::vector<OutboxEntry>> CommandStore::due(Timestamp now, std::size_t limit,
                                                   const std::vector<RequestId>& excluded) {
  const auto time = micros(now);
  const auto most = static_cast<std::int64_t>(limit);
  return read([&]() -> Result<std::vector<OutboxEntry>> {
    std::vector<OutboxEntry> entries;
    std::string id, result, traceparent;
    std::int64_t attempts = 0;
    ::soci::statement select =
        (session_->sql().prepare << "SELECT o.command_id, c.result, c.traceparent, o.attempts FROM outbox o "
                                    "JOIN command c ON c.command_id = o.command_id "
                                    "WHERE o.next_attempt_time <= :time" +
                                        without(excluded) + " ORDER BY o.seq LIMIT :most",
         into(id), into(result), into(traceparent), into(attempts), use(time), use(most));
    select.execute();
    while (select.fetch()) {
      auto parsed = RequestId::parse(id);
      if (!parsed) return Error{ErrorKind::corrupt, "the outbox has an entry for \"" + id + "\", which is no id"};
      entries.push_back({*parsed, result, traceparent, attempts});
    }
    return entries;
  });
}

Result<std::optional<Timestamp>> CommandStore::next_due(const std::vector<RequestId>& excluded) {
  return read([&]() -> Result<std::optional<Timestamp>> {
    std::int64_t time = 0;
    auto& sql = session_->sql();
    sql << "SELECT o.next_attempt_time FROM outbox o WHERE 1" + without(excluded) +
               " ORDER BY o.next_attempt_time LIMIT 1",
        into(time);
    if (!sql.got_data()) return std::optional<Timestamp>{};
    return std::optional{timestamp(time)};
  });
}

Result<void> CommandStore::delivered(RequestId command_id) {
  const auto id = command_id.to_string();
  return write([&]() -> Result<void> {
    session_->sql() << "DELETE FROM outbox WHERE command_id = :id", use(id);
    return {};
  });
}

Result<void> CommandStore::postpone(RequestId command_id, Timestamp until, const std::string& error) {
  const auto id = command_id.to_string();
  const auto time = micros(until);
  return write([&]() -> Result<void> {
    session_->sql() << "UPDATE outbox SET attempts = attempts + 1, next_attempt_time = :time, last_error = :error "
                       "WHERE command_id = :id",
        use(time), use(error), use(id);
    return {};
  });
}

Result<StoreCounts> CommandStore::counts() {
  return read([&]() -> Result<StoreCounts> {
    StoreCounts counts;
    auto& sql = session_->sql();
    sql << "SELECT count(*) FROM command WHERE state = 'Accepted'", into(counts.accepted);
    sql << "SELECT count(*) FROM command WHERE state = 'Running'", into(counts.running);
    sql << "SELECT count(*) FROM command", into(counts.finished);
    counts.finished -= counts.accepted + counts.running;
    sql << "SELECT count(*) FROM outbox", into(counts.outbox);
    std::int64_t oldest = 0;
    sql << "SELECT c.finished_time FROM outbox o JOIN command c ON c.command_id = o.command_id ORDER BY o.seq LIMIT 1",
        into(oldest);
    if (sql.got_data()) counts.oldest_undelivered = timestamp(oldest);
    return counts;
  });
}

}  // namespace backupctl::zone
