// What every part of the file drop is given.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "backupctl/filedrop/file_drop.hpp"
#include "filedrop/mailbox.hpp"
#include "filedrop/reads.hpp"
#include "filedrop/request_line.hpp"
#include "filedrop/requests.hpp"
#include "filedrop/spool.hpp"

namespace backupctl::filedrop {

// For /metrics: read by any thread.
struct Counters {
  std::atomic<std::int64_t> taken = 0;
  std::atomic<std::int64_t> taken_over = 0;
  std::atomic<std::int64_t> done = 0;
  std::atomic<std::int64_t> rejected = 0;
  std::atomic<std::int64_t> ended = 0;
  std::atomic<std::int64_t> requests = 0;
  std::atomic<std::int64_t> problems = 0;
  std::atomic<std::int64_t> open_files = 0;
  std::atomic<std::int64_t> other_files = 0;
};

struct DropPorts {
  Requests& requests;
  Clock& clock;
  Random& random;
  Logger& log;
  FaultPoints* faults = nullptr;
};

// Thread rule: on the thread that works on the files, but for `counters`.
class Context {
 public:
  Context(const FileDropOptions& given, DropPorts ports, std::shared_ptr<Mailbox> box)
      : options(given), mailbox(std::move(box)), reads(ports.requests, mailbox), ports_(ports), ids_(ports.random) {}

  const FileDropOptions options;
  const std::shared_ptr<Mailbox> mailbox;
  Reads reads;
  Counters counters;
  std::size_t submits_under_way = 0;
  bool stopping = false;             // no more lines are read
  std::function<void(FileId)> wake;  // a job that waits for answers has got them
  std::set<FileId> troubled;         // jobs that could not write last time
  std::string last_trouble;

  Spool& spool() { return *spool_; }
  bool has_spool() const { return spool_.has_value(); }
  void set_spool(std::optional<Spool> spool) { spool_ = std::move(spool); }

  Requests& requests() { return ports_.requests; }
  Timestamp now() { return ports_.clock.now(); }
  Duration monotonic() { return ports_.clock.monotonic(); }
  FileId new_id() { return FileId{ids_.next(now())}; }
  void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
    ports_.log.write(level, message, fields);
  }
  void reach(std::string_view step, bool after) {
    if (ports_.faults) ports_.faults->reach(step, after);
  }

 private:
  DropPorts ports_;
  IdSource ids_;
  std::optional<Spool> spool_;
};

// Whose file this is: the user's name, or "uid:1000" when that has none. Errors: invalid (no name for a requester),
// unavailable.
Result<Speaker> speaker_of(int file, const std::vector<std::string>& trusted);

}  // namespace backupctl::filedrop
