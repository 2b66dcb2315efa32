#include "filedrop/intake.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <tuple>
#include <utility>

#include "filedrop/access.hpp"
#include "filedrop/receipt.hpp"

namespace backupctl::filedrop {
namespace {

constexpr std::size_t lines_taken_at_once = 256;
constexpr std::size_t window = 1024;  // lines read and not yet in the receipt, of one file
// Over all files. The controller checks 1,000 requests at a time; those beyond it would each be written twice.
constexpr std::size_t most_submits = 960;
constexpr std::size_t write_at_once = 64 * 1024;  // bytes
constexpr Duration first_retry = std::chrono::milliseconds(200);
constexpr Duration last_retry = std::chrono::seconds(10);

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

// Nothing is promised yet, and the same may go well later.
bool is_for_later(const Error& error) {
  return error.kind == ErrorKind::unavailable || error.kind == ErrorKind::overloaded ||
         error.kind == ErrorKind::unknown_outcome || error.retryable;
}

Error problem(std::string code, std::string detail) {
  return {ErrorKind::invalid, std::move(detail), false, std::move(code), {}};
}

auto what_was_read(const struct stat& status) {
  return std::tuple(status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

}  // namespace

Result<std::shared_ptr<Intake>> Intake::open(Context& context, const Taken& taken) {
  auto& spool = context.spool();
  auto file = open_regular(spool.work(), taken.file());
  if (!file) return std::move(file).error();
  auto speaker = speaker_of(file->get(), context.options.trusted);
  if (!speaker) return std::move(speaker).error();
  struct stat status {};
  if (::fstat(file->get(), &status) != 0) return cannot("look at", "work/" + taken.file());
  const auto name = part_name(taken, Part::lines_tmp);
  if (auto removed = remove(spool.work(), name); !removed) return std::move(removed).error();
  Descriptor receipt{::openat(spool.work(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!receipt) return cannot("write", "work/" + name);
  if (auto let = let_read(receipt.get(), status.st_uid, status.st_gid); !let) {
    context.log(LogLevel::warning, "the submitter cannot read the receipt",
                {{"file", taken.name.file()}, {"error", let.error().detail}});
  }
  return std::shared_ptr<Intake>(
      new Intake(context, taken, *std::move(file), std::move(receipt), *std::move(speaker), status));
}

Intake::Intake(Context& context, Taken taken, Descriptor file, Descriptor receipt, Speaker speaker, struct stat begun)
    : context_(context),
      taken_(std::move(taken)),
      file_(std::move(file)),
      receipt_(std::move(receipt)),
      speaker_(std::move(speaker)),
      begun_(begun),
      reader_(file_.get(), context.options.longest_line_bytes),
      retry_delay_(first_retry) {}

Duration Intake::step() {
  if (state_ != State::reading) return Duration{0};
  submit_refused();
  read_on();
  write_answered();
  if (state_ == State::reading && at_end_ && slots_.empty()) finish();
  if (state_ != State::reading) return Duration{0};
  if (refused_ > 0) return retry_at_;
  if (at_end_ || context_.stopping || slots_.size() >= window) return Duration::max();
  if (context_.submits_under_way >= most_submits) return context_.monotonic() + std::chrono::milliseconds(5);
  return Duration{0};
}

void Intake::read_on() {
  for (std::size_t i = 0; i < lines_taken_at_once; ++i) {
    const bool may_read = state_ == State::reading && !at_end_ && !context_.stopping && refused_ == 0 &&
                          slots_.size() < window && context_.submits_under_way < most_submits;
    if (!may_read) return;
    const auto got = next();
    if (got.what == LineReader::What::pause) return;
    take(got);
  }
}

// A .json is one text, however many lines it has.
LineReader::Got Intake::next() {
  if (taken_.name.kind != FileKind::json) return reader_.next();
  using What = LineReader::What;
  if (lines_ > 0) return {What::end, 1, {}};
  const auto longest = context_.options.longest_line_bytes;
  whole_.resize(longest + 4);  // with a byte order mark, and one more to know that it is too long
  std::size_t size = 0;
  while (size < whole_.size()) {
    const auto count = ::pread(file_.get(), whole_.data() + size, whole_.size() - size, static_cast<off_t>(size));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return {What::failed, 1, {}};
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  whole_.resize(size);
  std::string_view text = whole_;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.size() > longest) return {What::too_long, 1, {}};
  if (is_blank(text)) return {What::end, 1, {}};
  return {What::line, 1, text};
}

void Intake::take(const LineReader::Got& got) {
  const auto& options = context_.options;
  switch (got.what) {
    case LineReader::What::pause:
      return;
    case LineReader::What::failed:
      return fail(cannot("read", "work/" + taken_.file()));
    case LineReader::What::end:
      at_end_ = true;
      if (lines_ == 0) add_problem(1, problem("empty-file", "there is no request in the file"));
      return;
    case LineReader::What::too_long:
      return add_problem(
          got.number,
          problem("line-too-long", "the line is longer than " + std::to_string(options.longest_line_bytes) + " bytes"));
    case LineReader::What::line:
      break;
  }
  if (is_blank(got.text)) return;
  if (got.number > options.most_lines) {
    at_end_ = true;
    return add_problem(got.number, problem("too-many-lines", "from here on nothing was read: a file has at most " +
                                                                 std::to_string(options.most_lines) + " lines"));
  }
  auto submission = read_request(got.text, got.number, taken_.name, speaker_);
  if (!submission) return add_problem(got.number, submission.error());
  ++lines_;
  slots_.push_back({got.number, *std::move(submission)});
  submit(first_ + slots_.size() - 1);
}

void Intake::add_problem(std::int64_t line, const Error& problem) {
  ++lines_;
  ++context_.counters.problems;
  slots_.push_back({.line = line, .text = receipt_line(line, problem)});
}

void Intake::submit(std::size_t ordinal) {
  auto& slot = slots_[ordinal - first_];
  ++context_.submits_under_way;
  context_.requests().submit(*slot.submission, [&context = context_, mailbox = context_.mailbox,
                                                self = weak_from_this(), ordinal](SubmitReply reply) {
    mailbox->post([&context, self, ordinal, reply = std::move(reply)] {
      --context.submits_under_way;
      if (const auto intake = self.lock()) intake->on_reply(ordinal, reply);
    });
  });
}

void Intake::on_reply(std::size_t ordinal, const SubmitReply& reply) {
  auto& slot = slots_[ordinal - first_];
  if (reply.request) {
    ++context_.counters.requests;
    auto state = reply.request->progress.state;
    // Of a new request the receipt says that it was received; what it is by now comes after it.
    const auto checked = reply.seen_before ? std::nullopt : checked_line(slot.line, *reply.request);
    if (checked) {
      state = RequestState::received;
      told_.add(context_.spool().work(), *checked);
    }
    slot.text = receipt_line(slot.line, reply.request->order.id, state);
    slot.submission.reset();
    retry_delay_ = first_retry;
  } else if (reply.error && !is_for_later(*reply.error)) {
    ++context_.counters.problems;
    slot.text = receipt_line(slot.line, *reply.error);
    slot.submission.reset();
  } else {
    slot.is_refused = true;
    if (refused_++ == 0) {
      retry_at_ = context_.monotonic() + retry_delay_;
      retry_delay_ = std::min(retry_delay_ * 2, last_retry);
      context_.log(LogLevel::warning, "requests wait to be stored",
                   {{"file", taken_.name.file()}, {"error", reply.error ? reply.error->detail : std::string()}});
    }
  }
  context_.wake(taken_.id);
}

void Intake::submit_refused() {
  if (refused_ == 0 || context_.monotonic() < retry_at_ || context_.stopping) return;
  refused_ = 0;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (std::exchange(slots_[i].is_refused, false)) submit(first_ + i);
  }
}

void Intake::write_answered() {
  while (!slots_.empty() && !slots_.front().text.empty()) {
    out_ += slots_.front().text;
    slots_.pop_front();
    ++first_;
  }
  if (out_.size() >= write_at_once) flush();
}

void Intake::flush() {
  if (state_ != State::reading || out_.empty()) return;
  if (auto written = write_all(receipt_.get(), out_, "a receipt"); !written) return fail(std::move(written).error());
  out_.clear();
}

void Intake::finish() {
  struct stat now {};
  if (::fstat(file_.get(), &now) != 0) return fail(cannot("look at", "work/" + taken_.file()));
  if (what_was_read(now) != what_was_read(begun_)) {
    return fail(unavailable(taken_.name.file() + " was changed while it was read; it is read again"));
  }
  flush();
  if (state_ != State::reading) return;
  if (auto synced = sync(receipt_.get(), "a receipt"); !synced) return fail(std::move(synced).error());
  context_.reach("drop-receipt", false);
  const int work = context_.spool().work();
  auto named = replace(work, part_name(taken_, Part::lines_tmp), work, part_name(taken_, Part::lines));
  if (!named) return fail(std::move(named).error());
  context_.reach("drop-receipt", true);
  state_ = State::complete;
}

void Intake::fail(Error error) {
  state_ = State::failed;
  failure_ = std::move(error);
}

}  // namespace backupctl::filedrop
