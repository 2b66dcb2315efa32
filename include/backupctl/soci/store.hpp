// The durable store of a controller: opened by URL, made and brought to the newest schema on the way.
//
//   auto store = backupctl::soci::open("sqlite:///var/lib/ledger/backups.db");
//   if (!store) …store.error()
//   Controller controller{{…, .repository = **store, …}};
//
// Any number of controllers, in any number of processes of one machine, may have one SQLite store open. It must lie on
// a local file system. Controllers on several machines share a store on PostgreSQL 13 or later:
// postgresql://user@host/database, with ?schema=NAME for tables that lie in a schema of their own.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "backupctl/repository.hpp"
#include "backupctl/result.hpp"

namespace backupctl::soci {

struct OpenOptions {
  // False: a missing store is an error. A store that was here and has gone is refused either way.
  bool create = true;
  // True: it is neither made nor migrated, and every write fails.
  bool read_only = false;
  // SQLite: how long a write waits for other processes that write, before it fails as unavailable.
  std::chrono::milliseconds busy_timeout{5000};
  // Threads, and connections, that read beside the one that writes.
  std::size_t readers = 2;
  // SQLite: after this a read is given up as unavailable, "store-slow"; on PostgreSQL the URL has such a time.
  std::chrono::milliseconds sqlite_read_timeout{15'000};
  // SQLite: the log is written back into the database file, by whoever commits then, once it has so many pages of 4
  // KiB. More pages are fewer syncs, and a longer wait for the one who does it.
  int sqlite_log_pages = 4000;
  // SQLite's VFS by name, for tests that inject faults; empty: the platform's.
  std::string sqlite_vfs{};
  // PostgreSQL: a server that is away, starting or too busy is no error. Each heartbeat tries anew to open the store,
  // and answers with the errors of open(); until one has, every other call answers unavailable.
  bool wait_for_server = false;
};

// Thread rule: any thread. Errors, with the store's bytes untouched; codes are stable:
//   invalid                            the URL is none, or of an engine that is not built in
//   store-missing, store-vanished      (not_found)
//   store-no-permission, store-full, store-busy, store-io-error, store-read-only, store-unreachable  (unavailable)
//   store-empty, store-foreign, store-other-product, store-is-a-folder, store-changed, store-corrupt  (corrupt)
//   store-newer                        (conflict) a newer version of the program has used it
//   store-older                        (conflict) with read_only: it has not been migrated yet
// On PostgreSQL a user without the right to change tables opens a store only when its schema is the newest.
Result<std::unique_ptr<Repository>> open(std::string_view url, OpenOptions options = {});

// The same without threads of its own, for callers that bring theirs. Errors: as above.
Result<std::unique_ptr<BlockingRepository>> open_blocking(std::string_view url, const OpenOptions& options = {});

// Leaves out the locks that SQLite takes around every call of a connection, a fifth of what a page of a list costs, and
// to count its memory: each connection of ours is used by one thread at a time, and nobody asks for the count. For the
// whole process, so it is for programs, once, before anything else uses SQLite. False, and nothing has changed, when
// that has begun: https://sqlite.org/threadsafe.html.
bool leave_out_sqlite_locks();

// A store that is moved away or removed while it is open answers every call with unavailable, "store-vanished": what
// would be written to it is lost.
//
// SQLite: a read that takes longer than sqlite_read_timeout answers unavailable, "store-slow", retryable. A list by a
// job, a state or a date takes milliseconds, however large the store is.
//
// SQLite: after a write that answered OutcomeStatus::unknown, or failed with the code "store-commit-unknown", the disk
// has failed us in the middle of a commit: every later write fails with that code too. End the process; the next one
// reads the log and knows.
//
// PostgreSQL: a lost connection is made again by itself. Meanwhile every call answers unavailable ("store-unreachable",
// "store-busy", "store-read-only", …, retryable); a commit that was under way answers unknown ("store-commit-lost"),
// and is safe to repeat. Leases are measured by the server's clock, so the machines' own need only agree to a second or
// so.

}  // namespace backupctl::soci
