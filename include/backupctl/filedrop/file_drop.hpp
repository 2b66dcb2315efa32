// File drop as a Transport: requests come as files in a folder, their outcomes go back as files beside it.
//
//   FOLDER/inbox/NAME.json      one request        a writer writes NAME.tmp and renames it, or writes it in place and
//   FOLDER/inbox/NAME.jsonl     one a line         then makes an empty NAME.jsonl.ready
//   FOLDER/inbox/NAME.cancel    cancels what has not ended of NAME
//   FOLDER/outbox/NAME.receipt.jsonl · NAME.status.jsonl · NAME.end.json
//   FOLDER/done/<fileId>-NAME.jsonl · rejected/<fileId>-NAME.jsonl and the reason beside it
// Any number of these, in any number of processes, may share one folder. docs/file-drop.md tells users about it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backupctl/controller.hpp"
#include "backupctl/transport.hpp"

namespace backupctl::filedrop {

struct FileDropOptions {
  std::string folder;
  std::vector<std::string> trusted{};               // file owners whose requesterId members are believed
  Duration keep_for = std::chrono::hours(24 * 90);  // files in done/, rejected/ and outbox/
  Duration scan_every = std::chrono::seconds(1);    // how soon is seen what the kernel did not tell of
  Duration settle_for = std::chrono::seconds(3);    // a file written in place is taken once unchanged so long
  std::size_t longest_line_bytes = 65536;           // a longer one is a problem of its line
  std::int64_t most_lines = 1'000'000;              // those beyond are one problem
};

// Durable steps of its own, for tests that end the process before or after one; beside fault_steps.
inline constexpr std::array<std::string_view, 8> file_drop_fault_steps{
    "drop-claim", "drop-receipt", "drop-publish", "drop-move", "drop-status", "drop-end", "drop-reject", "drop-cancel"};

// Borrowed: they outlive the transport.
struct FileDropPorts {
  Controller& controller;
  Executor& executor;  // the controller's
  Clock& clock;
  Random& random;  // used on the transport's own thread alone
  Logger& log;
  FaultPoints* faults = nullptr;  // called on the transport's own thread
};

// As Transport says. All work on files is done on one thread of its own, so that a slow disk or a network folder holds
// up nobody else. start() fails with invalid when the five folders are not on one file system. A folder that goes away
// later is waited for and never made again; health() tells.
class FileDrop final : public Transport {
 public:
  FileDrop(FileDropPorts ports, FileDropOptions options);
  ~FileDrop() override;
  TransportKind kind() const override { return TransportKind::file_drop; }
  void start(Handler<Result<void>> handler) override;
  void stop(Duration grace, Handler<Result<void>> handler) override;
  TransportHealth health() const override;

  std::string metrics() const;  // Prometheus text format 0.0.4; any thread

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace backupctl::filedrop
