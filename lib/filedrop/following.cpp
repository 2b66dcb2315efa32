#include "filedrop/following.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "filedrop/access.hpp"
#include "filedrop/publishing.hpp"

namespace backupctl::filedrop {
namespace {

constexpr std::uint8_t no_line = 0xFE, no_request = 0xFF;
constexpr int outcomes_asked_at_once = 500;
constexpr int lines_read_at_once = 20'000;
constexpr std::size_t longest_line = 1 << 20;  // of files that we wrote ourselves
constexpr int share_of_time = 4;               // looks take at most one part in so many and one of a follower's time
constexpr Duration look_per_file =
    std::chrono::microseconds(500);  // with many files open, each is looked at less often

bool is_open(std::uint8_t state) {
  return state != no_line && state != no_request && !is_terminal(static_cast<RequestState>(state));
}

}  // namespace

Following::Following(Context& context, Taken taken, bool with_id, Told told)
    : context_(context),
      taken_(std::move(taken)),
      with_id_(with_id),
      told_(std::move(told)),
      pause_(context.options.scan_every / 5) {}

Result<Duration> Following::step() {
  switch (stage_) {
    case Stage::reading_receipt:
      return read_receipt();
    case Stage::reading_status:
      return read_status();
    case Stage::telling:
      return tell();
    case Stage::looking:
      return look();
    case Stage::ending:
      if (auto written = write_end(); !written) return std::move(written).error();
      break;
    case Stage::over:
      break;
  }
  return Duration{0};
}

Result<void> Following::open(std::optional<Descriptor>& file, int folder, const std::string& name) {
  reader_.reset();
  Descriptor opened{::openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!opened) return cannot("open", name);
  file.emplace(std::move(opened));
  reader_.emplace(file->get(), longest_line);
  return {};
}

Result<Duration> Following::read_receipt() {
  const auto name = part_name(taken_, with_id_ ? Part::with_id : Part::plain);
  if (!reader_) {
    if (auto opened = open(file_, context_.spool().work(), name); !opened) return std::move(opened).error();
  }
  for (int i = 0; i < lines_read_at_once; ++i) {
    const auto got = reader_->next();
    if (got.what == LineReader::What::failed) return cannot("read", name);
    if (got.what == LineReader::What::end) {
      reader_.reset();
      file_.reset();
      stage_ = Stage::reading_status;
      break;
    }
    const auto line = parse_receipt_line(got.text);
    if (!line) continue;
    const auto index = static_cast<std::size_t>(line->line);
    if (index >= states_.size()) states_.resize(index + 1, no_line);
    states_[index] = line->id ? static_cast<std::uint8_t>(line->state) : no_request;
    if (is_open(states_[index])) ++open_;
  }
  return Duration{0};
}

// What an earlier start has told already.
Result<Duration> Following::read_status() {
  const auto name = outbox_base(taken_, with_id_) + std::string(status_suffix);
  if (!reader_) {
    auto opened = open(file_, context_.spool().outbox(), name);
    if (!opened && opened.error().kind != ErrorKind::not_found) return std::move(opened).error();
    if (!opened) {
      stage_ = Stage::telling;
      return Duration{0};
    }
  }
  struct stat status {};
  if (::fstat(file_->get(), &status) != 0) return cannot("look at", name);
  for (int i = 0; i < lines_read_at_once; ++i) {
    const auto got = reader_->next();
    if (got.what == LineReader::What::failed) return cannot("read", name);
    if (got.what == LineReader::What::end) {
      reader_.reset();
      file_.reset();
      stage_ = Stage::telling;
      break;
    }
    // The last line may have been cut by a power loss: what is no whole line is taken away before the next is written.
    const auto after = status_bytes_ + static_cast<std::int64_t>(got.text.size()) + 1;
    if (after > status.st_size) continue;
    status_bytes_ = after;
    const auto line = parse_receipt_line(got.text);
    const auto index = line ? static_cast<std::size_t>(line->line) : states_.size();
    if (index >= states_.size() || states_[index] == no_line || states_[index] == no_request) continue;
    // The last one counts: what has Failed may have been corrected.
    const bool was_open = is_open(states_[index]);
    states_[index] =
        got.text.find("\"stateCode\":") == std::string_view::npos ? no_request : static_cast<std::uint8_t>(line->state);
    if (was_open && !is_open(states_[index])) --open_;
  }
  return Duration{0};
}

Result<Duration> Following::tell() {
  if (changes_.empty()) {
    auto part = told_.take();
    if (!part || part->empty()) {  // what could not be kept is found in the store
      stage_ = Stage::looking;
      return Duration{0};
    }
    text_ = *std::move(part);
    for (std::size_t at = 0, end = 0; at < text_.size(); at = end + 1) {
      end = text_.find('\n', at);
      const auto line = parse_receipt_line(std::string_view(text_).substr(at, end - at)).value();
      changes_.push_back({line.line, static_cast<std::uint8_t>(line.state)});
    }
    next_pass_ = context_.monotonic() + pause_;  // the store would say the same
  }
  if (auto appended = append_changes(); !appended) return std::move(appended).error();
  return Duration{0};
}

Result<Duration> Following::look() {
  if (awaited_ > 0) return Duration::max();
  if (!changes_.empty()) {
    if (auto appended = append_changes(); !appended) return std::move(appended).error();
  }
  const auto now = context_.monotonic();
  if (open_ == 0 && !is_in_pass_) {
    stage_ = Stage::ending;
    return Duration{0};
  }
  if (!is_in_pass_) {
    if (now < next_pass_) return next_pass_;
    const auto name = part_name(taken_, with_id_ ? Part::with_id : Part::plain);
    if (auto opened = open(file_, context_.spool().work(), name); !opened) return std::move(opened).error();
    is_in_pass_ = true;
    is_pass_read_ = has_changed_ = has_failed_ = false;
    pass_began_ = now;
  }
  const auto open_files = context_.counters.open_files.load();
  if (!context_.reads.has_room()) {
    return now + std::max<Duration>(std::chrono::milliseconds(5), look_per_file / 25 * open_files);
  }
  for (int asked = 0, read = 0; asked < outcomes_asked_at_once && read < lines_read_at_once && !is_pass_read_; ++read) {
    const auto got = reader_->next();
    if (got.what == LineReader::What::failed) return cannot("read", "work/" + taken_.file());
    if (got.what == LineReader::What::end || has_failed_) {
      is_pass_read_ = true;
      reader_.reset();  // of the many short files none is held open while answers are awaited
      file_.reset();
      break;
    }
    const auto line = parse_receipt_line(got.text);
    if (!line || !line->id || !is_open(states_[static_cast<std::size_t>(line->line)])) continue;
    ++asked;
    ++awaited_;
    context_.reads.ask(*line->id, [weak = weak_from_this(), line = *line](const auto& row) {
      if (const auto self = weak.lock()) self->on_row(line, row);
    });
  }
  if (awaited_ > 0) return Duration::max();
  if (!is_pass_read_) return Duration{0};
  is_in_pass_ = false;
  const auto& scan_every = context_.options.scan_every;
  pause_ = has_changed_ ? scan_every / 5 : std::min(pause_ * 2, scan_every * 5);
  next_pass_ = now + std::max({pause_, (now - pass_began_) * share_of_time, look_per_file * open_files});
  return open_ == 0 ? Duration{0} : next_pass_;
}

void Following::on_row(const ReceiptLine& line, const Result<std::optional<BackupRequest>>& row) {
  if (!row) {
    has_failed_ = true;  // the store is away: the pass ends, the next one asks again
  } else if (!*row) {
    text_ += status_line_gone(line.line, *line.id);
    changes_.push_back({line.line, no_request});
  } else if (static_cast<std::uint8_t>((*row)->progress.state) != states_[static_cast<std::size_t>(line.line)]) {
    const bool was_received =
        states_[static_cast<std::size_t>(line.line)] == static_cast<std::uint8_t>(RequestState::received);
    if (auto checked = was_received ? checked_line(line.line, **row) : std::nullopt) {
      text_ += *checked;
      changes_.push_back({line.line, static_cast<std::uint8_t>((*row)->progress.state)});
      return one_less();
    }
    // More than one state may have passed since the last look.
    context_.reads.ask_history(*line.id, [weak = weak_from_this(), line = line.line, row = **row](const auto& history) {
      if (const auto self = weak.lock()) self->on_history(line, row, history);
    });
    return;
  }
  one_less();
}

void Following::on_history(std::int64_t line, const BackupRequest& row, const Result<History>& history) {
  const auto seen = static_cast<RequestState>(states_[static_cast<std::size_t>(line)]);
  if (!history) {
    has_failed_ = true;
  } else if (!history->empty() && history->back().state == row.progress.state) {
    // Else the request has moved on between the two questions: the next look tells.
    text_ += status_lines(line, seen, row, *history);
    changes_.push_back({line, static_cast<std::uint8_t>(row.progress.state)});
  }
  one_less();
}

void Following::one_less() {
  if (--awaited_ == 0) context_.wake(taken_.id);
}

Result<void> Following::append_changes() {
  const auto name = outbox_base(taken_, with_id_) + std::string(status_suffix);
  const Descriptor status{
      ::openat(context_.spool().outbox(), name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!status) return cannot("write", "outbox/" + name);
  struct stat found {};
  if (::fstat(status.get(), &found) != 0) return cannot("look at", "outbox/" + name);
  if (found.st_size < status_bytes_) status_bytes_ = 0;  // somebody has taken it away: this is a new one
  if (found.st_size == 0) {
    const auto own = part_name(taken_, with_id_ ? Part::with_id : Part::plain);
    const Descriptor lines{::openat(context_.spool().work(), own.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (!lines) return cannot("open", "work/" + own);
    if (auto let = copy_access(lines.get(), status.get()); !let) return let;
  }
  context_.reach("drop-status", false);
  if (::ftruncate(status.get(), status_bytes_) != 0 || ::lseek(status.get(), status_bytes_, SEEK_SET) < 0) {
    return cannot("write", "outbox/" + name);
  }
  if (auto written = write_all(status.get(), text_, "outbox/" + name); !written) {
    // Whole lines only. Should this fail as well, the next try begins at the same place.
    if (::ftruncate(status.get(), status_bytes_) != 0) return written;
    return written;
  }
  context_.reach("drop-status", true);
  status_bytes_ += static_cast<std::int64_t>(text_.size());
  for (const auto& change : changes_) {
    states_[static_cast<std::size_t>(change.line)] = change.state;
    if (!is_open(change.state)) --open_;
  }
  text_.clear();
  changes_.clear();
  has_changed_ = true;
  return {};
}

Result<void> Following::write_end() {
  auto& spool = context_.spool();
  const auto base = outbox_base(taken_, with_id_);
  const auto own = part_name(taken_, with_id_ ? Part::with_id : Part::plain);
  Tally tally;
  for (const auto state : states_) {
    if (state == no_request) ++tally.problems;
    if (state != no_request && state != no_line) ++tally.ended[static_cast<RequestState>(state)];
  }
  const auto name = part_name(taken_, Part::end_tmp);
  {
    const Descriptor lines{::openat(spool.work(), own.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    const Descriptor end{
        ::openat(spool.work(), name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!lines || !end) return cannot("write", "work/" + name);
    if (auto let = copy_access(lines.get(), end.get()); !let) return let;
    if (auto written = write_all(end.get(), end_document(taken_, tally, context_.now()), name); !written)
      return written;
    if (auto synced = sync(end.get(), name); !synced) return synced;
  }
  // Whoever sees the end finds every state before it, also after a power loss.
  const auto status_name = base + std::string(status_suffix);
  if (const Descriptor status{::openat(spool.outbox(), status_name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)}) {
    if (auto synced = sync(status.get(), status_name); !synced) return synced;
  }
  context_.reach("drop-end", false);
  if (auto moved = replace(spool.work(), name, spool.outbox(), base + std::string(end_suffix)); !moved) return moved;
  if (auto synced = sync(spool.outbox(), "outbox"); !synced) return synced;
  context_.reach("drop-end", true);
  if (!with_id_) {
    if (auto released = remove(spool.work(), reservation(taken_)); !released) return released;
  }
  if (auto removed = remove(spool.work(), own); !removed) return removed;
  stage_ = Stage::over;
  ++context_.counters.ended;
  context_.log(
      LogLevel::info, "file ended",
      {{"file", taken_.name.file()}, {"fileId", taken_.id.to_string()}, {"outcome", std::string(outcome_of(tally))}});
  return {};
}

}  // namespace backupctl::filedrop
