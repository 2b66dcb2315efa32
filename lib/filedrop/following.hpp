// Follows the requests of one file until all have ended: looks at the open ones now and then, appends what is new to
// the status file, and writes the end file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "filedrop/context.hpp"
#include "filedrop/line_reader.hpp"
#include "filedrop/receipt.hpp"
#include "filedrop/told.hpp"

namespace backupctl::filedrop {

// Thread rule: on the thread that works on the files. One byte of memory for each line; the ids are read again from the
// receipt at each look.
class Following : public std::enable_shared_from_this<Following> {
 public:
  // `told` is what was heard before the receipt was out: it is appended first.
  Following(Context& context, Taken taken, bool with_id, Told told);

  // Does a bounded amount of work. Answers when it wants to be called again, unless an answer wakes it before. Errors:
  // unavailable; calling it again is safe.
  Result<Duration> step();
  bool is_over() const { return stage_ == Stage::over; }

 private:
  enum class Stage { reading_receipt, reading_status, telling, looking, ending, over };
  struct Change {
    std::int64_t line;
    std::uint8_t state;
  };

  Result<Duration> read_receipt();
  Result<Duration> read_status();
  Result<Duration> tell();
  Result<Duration> look();
  void on_row(const ReceiptLine& line, const Result<std::optional<BackupRequest>>& row);
  void on_history(std::int64_t line, const BackupRequest& row, const Result<History>& history);
  void one_less();
  Result<void> append_changes();
  Result<void> write_end();
  Result<void> open(std::optional<Descriptor>& file, int folder, const std::string& name);

  Context& context_;
  const Taken taken_;
  const bool with_id_;
  Told told_;
  Stage stage_ = Stage::reading_receipt;
  std::vector<std::uint8_t> states_;  // by line: a RequestState, or one of the marks in following.cpp
  std::int64_t open_ = 0;             // lines whose request has not ended
  std::optional<Descriptor> file_;    // while it is being read
  std::optional<LineReader> reader_;
  std::int64_t status_bytes_ = 0;  // whole lines of the status file

  bool is_in_pass_ = false;
  bool is_pass_read_ = false;
  bool has_changed_ = false;
  bool has_failed_ = false;  // the store did not answer
  int awaited_ = 0;
  std::string text_;  // to be appended
  std::vector<Change> changes_;
  Duration pause_;
  Duration pass_began_{};
  Duration next_pass_{};
};

}  // namespace backupctl::filedrop
