// The zone's durable memory: commands, their results, and which results are still to be delivered. What a call reports
// as done is on the disk.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "backupctl/result.hpp"
#include "backupctl/time.hpp"
#include "backupctl/zone_client.hpp"
#include "backupctl/zone_result.hpp"

namespace backupctl::soci {
class LockFile;
class SqliteSession;
class SqliteStore;
}  // namespace backupctl::soci

namespace backupctl::zone {

enum class TakeAnswer { accepted, known, conflict, stale_fence };

enum class CancelOutcome {
  cancelled,  // it has not run and never will; its result is written
  running,    // the wish is noted; whoever runs it has to be told
  finished,   // too late
  stale_fence,
};

struct Work {
  CreateBackupCommand command;
  Timestamp started;  // of the first run, which a crash may have ended
  bool is_cancel_requested = false;
};

struct StoredCommand {
  CommandState state = CommandState::accepted;
  std::string result_text{};  // JSON, with finished
};

struct OutboxEntry {
  RequestId command_id;
  std::string result_text;
  std::string traceparent;
  std::int64_t attempts = 0;
};

struct StoreCounts {
  std::int64_t accepted = 0;
  std::int64_t running = 0;
  std::int64_t finished = 0;
  std::int64_t outbox = 0;
  std::optional<Timestamp> oldest_undelivered{};  // when its command finished
};

// Thread-safe; calls wait for the disk. Errors of every call: those of the SQLite ground (sqlite_error.hpp).
class CommandStore {
 public:
  // One process at a time has the store: `conflict` when another zone is running on it. Else as SqliteStore::open.
  static Result<std::unique_ptr<CommandStore>> open(const std::filesystem::path& path, Timestamp now);
  ~CommandStore();

  // Called, from any thread, when it is no longer known what is on the disk: the process should end, and the next one
  // read it. Set before other threads use the store.
  void on_fatal(std::function<void()> handler) { on_fatal_ = std::move(handler); }

  // Bodies are compared as values: two that mean the same are one command.
  Result<TakeAnswer> take(const CreateBackupCommand& command, Timestamp now);
  // `cancelled` is the result to write when the command has not run; also for an id that is not known, which is then
  // remembered. A second call is answered like the first.
  Result<CancelOutcome> cancel(const ZoneResult& cancelled, std::int64_t fence, const std::string& traceparent,
                               Timestamp now);
  Result<std::optional<StoredCommand>> find(RequestId id);

  // For workers. What ran when the last process ended goes back to the front of those that wait.
  Result<std::int64_t> recover();
  Result<std::optional<Work>> start_next(Timestamp now);
  Result<void> finish(const ZoneResult& result, Timestamp now);

  // For the outbox. Oldest first, of those whose time has come and that are not `excluded`.
  Result<std::vector<OutboxEntry>> due(Timestamp now, std::size_t limit, const std::vector<RequestId>& excluded);
  Result<std::optional<Timestamp>> next_due(const std::vector<RequestId>& excluded);
  Result<void> delivered(RequestId id);
  Result<void> postpone(RequestId id, Timestamp until, const std::string& error);

  Result<StoreCounts> counts();

 private:
  CommandStore(std::unique_ptr<soci::LockFile> lock, std::unique_ptr<soci::SqliteStore> store,
               std::unique_ptr<soci::SqliteSession> session);
  template <class Body>
  std::invoke_result_t<Body&> write(Body body);
  template <class Body>
  std::invoke_result_t<Body&> read(Body body);
  void finish_row(const ZoneResult& result, Timestamp now);

  std::mutex mutex_;
  std::function<void()> on_fatal_ = [] {};
  std::unique_ptr<soci::LockFile> lock_;
  std::unique_ptr<soci::SqliteStore> store_;
  std::unique_ptr<soci::SqliteSession> session_;
};

}  // namespace backupctl::zone
