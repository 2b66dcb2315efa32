// Reads one taken file: submits its lines, some at a time, and writes what came of each into its receipt.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "filedrop/context.hpp"
#include "filedrop/line_reader.hpp"
#include "filedrop/told.hpp"

namespace backupctl::filedrop {

// Thread rule: on the thread that works on the files.
class Intake : public std::enable_shared_from_this<Intake> {
 public:
  enum class State {
    reading,
    complete,  // work/….lines is there, whole and on the disk
    failed,    // could not read or write: nothing is lost by beginning anew
  };

  // Errors: invalid with code "not-a-request-file" (reject it); not_found; unavailable.
  static Result<std::shared_ptr<Intake>> open(Context& context, const Taken& taken);

  // Does a bounded amount of work. Answers when it wants to be called again, unless an answer wakes it before:
  // Duration::max() while it only waits for answers.
  Duration step();

  State state() const { return state_; }
  const Error& failure() const { return *failure_; }
  // What was heard of its requests beyond what the receipt says.
  Told take_told() { return std::move(told_); }

 private:
  struct Slot {
    std::int64_t line;
    std::optional<Submission> submission{};  // until it is answered
    bool is_refused = false;                 // for now: to be submitted again
    std::string text{};                      // of the receipt, once answered
  };

  Intake(Context& context, Taken taken, Descriptor file, Descriptor receipt, Speaker speaker, struct stat begun);

  void read_on();
  LineReader::Got next();
  void take(const LineReader::Got& got);
  void submit(std::size_t ordinal);
  void on_reply(std::size_t ordinal, const SubmitReply& reply);
  void add_problem(std::int64_t line, const Error& problem);
  void submit_refused();
  void write_answered();
  void flush();
  void finish();
  void fail(Error error);

  Context& context_;
  const Taken taken_;
  Descriptor file_;
  Descriptor receipt_;
  const Speaker speaker_;
  const struct stat begun_;
  LineReader reader_;
  std::deque<Slot> slots_;  // lines that were read and are not in the receipt yet, in order
  std::size_t first_ = 0;   // the number of slots that have gone
  std::string out_;
  Told told_;
  std::int64_t lines_ = 0;
  std::string whole_;  // of a .json
  bool at_end_ = false;
  bool paused_ = false;
  std::size_t refused_ = 0;
  Duration retry_delay_;
  Duration retry_at_{};
  State state_ = State::reading;
  std::optional<Error> failure_;
};

}  // namespace backupctl::filedrop
