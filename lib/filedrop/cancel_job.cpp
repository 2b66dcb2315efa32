#include "filedrop/cancel_job.hpp"

#include <fcntl.h>

#include <set>
#include <utility>

#include "filedrop/publishing.hpp"
#include "filedrop/receipt.hpp"

namespace backupctl::filedrop {
namespace {

constexpr int cancels_at_once = 200;

}  // namespace

Result<Duration> CancelJob::step() {
  if (awaited_ > 0) return Duration::max();
  if (!speaker_) return begin();
  if (!receipts_.empty()) return go_through();
  if (auto ended = end(); !ended) return std::move(ended).error();
  return Duration{0};
}

Result<Duration> CancelJob::begin() {
  auto& spool = context_.spool();
  const auto refuse = [&](const Error& reason) -> Result<Duration> {
    auto rejected = reject(context_, spool.work(), taken_.file(), taken_.id, taken_.name.file(), reason);
    if (!rejected) return std::move(rejected).error();
    is_over_ = true;
    return Duration{0};
  };
  const auto file = open_regular(spool.work(), taken_.file());
  if (!file && file.error().code == "not-a-request-file") return refuse(file.error());
  if (!file && file.error().kind == ErrorKind::not_found) is_over_ = true;
  if (!file) return file.error();
  auto speaker = speaker_of(file->get(), context_.options.trusted);
  if (!speaker && speaker.error().kind == ErrorKind::invalid) return refuse(speaker.error());
  if (!speaker) return std::move(speaker).error();
  const auto all_are_read = find_receipts();
  if (!all_are_read) return all_are_read.error();
  if (!*all_are_read) return context_.monotonic() + context_.options.scan_every;
  if (receipts_.empty()) {
    return refuse({ErrorKind::not_found,
                   "no file of this name has requests that are still open",
                   false,
                   "nothing-to-cancel",
                   {}});
  }
  speaker_.emplace(*std::move(speaker));
  return Duration{0};
}

Result<bool> CancelJob::find_receipts() {
  auto& spool = context_.spool();
  receipts_.clear();
  for (const auto kind : {FileKind::json, FileKind::jsonl}) {
    if (exists(spool.inbox(), FileName{taken_.name.name, kind}.file())) return false;
  }
  const auto names = names_in(spool.work());
  if (!names) return names.error();
  std::set<FileId> unread, read;
  for (const auto& name : *names) {
    const auto entry = parse_work_name(name);
    if (!entry || entry->taken.name.name != taken_.name.name || entry->taken.name.kind == FileKind::cancel) continue;
    if (entry->part == Part::file) unread.insert(entry->taken.id);
    if (entry->part != Part::lines && entry->part != Part::plain && entry->part != Part::with_id) continue;
    read.insert(entry->taken.id);
    receipts_.push_back(name);
  }
  for (const auto id : read) unread.erase(id);
  return unread.empty();
}

Result<Duration> CancelJob::go_through() {
  if (!reader_) {
    const auto& name = receipts_.back();
    file_ = Descriptor{::openat(context_.spool().work(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (!file_) {
      // Renamed or ended since we looked: look again, what was cancelled once is not harmed by another time.
      receipts_.clear();
      speaker_.reset();
      return context_.monotonic() + context_.options.scan_every;
    }
    reader_.emplace(file_.get(), 1 << 20);
  }
  if (!context_.reads.has_room()) return context_.monotonic() + std::chrono::milliseconds(5);
  while (awaited_ < cancels_at_once) {
    const auto got = reader_->next();
    if (got.what == LineReader::What::failed) return cannot("read", "work/" + receipts_.back());
    if (got.what == LineReader::What::end) {
      reader_.reset();
      receipts_.pop_back();
      break;
    }
    const auto line = parse_receipt_line(got.text);
    if (!line || !line->id) continue;
    ++awaited_;
    context_.reads.ask(*line->id, [weak = weak_from_this(), id = *line->id](const auto& row) {
      if (const auto self = weak.lock()) self->on_row(id, row);
    });
  }
  return awaited_ > 0 ? Duration::max() : Duration{0};
}

void CancelJob::on_row(RequestId id, const Result<std::optional<BackupRequest>>& row) {
  if (!row) {
    is_to_repeat_ = true;
    return one_less();
  }
  if (!*row || is_terminal((*row)->progress.state)) return one_less();
  if ((*row)->order.requester != speaker_->owner && !speaker_->is_trusted) {
    ++refused_;
    return one_less();
  }
  context_.requests().cancel(id, Act{speaker_->owner, "with " + taken_.name.file()},
                             [mailbox = context_.mailbox, weak = weak_from_this()](Result<BackupRequest> cancelled) {
                               mailbox->post([weak, cancelled = std::move(cancelled)] {
                                 if (const auto self = weak.lock()) self->on_cancelled(cancelled);
                               });
                             });
}

void CancelJob::on_cancelled(const Result<BackupRequest>& cancelled) {
  if (cancelled) ++taken_up_;
  if (!cancelled && cancelled.error().kind != ErrorKind::conflict && cancelled.error().kind != ErrorKind::not_found) {
    is_to_repeat_ = true;
  }
  one_less();
}

void CancelJob::one_less() {
  if (--awaited_ == 0) context_.wake(taken_.id);
}

Result<void> CancelJob::end() {
  if (std::exchange(is_to_repeat_, false)) {
    speaker_.reset();
    return unavailable("not every cancel could be stored");
  }
  auto& spool = context_.spool();
  if (taken_up_ == 0 && refused_ > 0) {
    auto rejected = reject(
        context_, spool.work(), taken_.file(), taken_.id, taken_.name.file(),
        {ErrorKind::forbidden, "the requests are not those of " + speaker_->owner.str(), false, "forbidden", {}});
    is_over_ = rejected.has_value();
    return rejected;
  }
  context_.reach("drop-cancel", false);
  auto moved = move(spool.work(), taken_.file(), spool.done(), taken_.file());
  if (!moved) return std::move(moved).error();
  context_.reach("drop-cancel", true);
  is_over_ = true;
  context_.log(LogLevel::info, "file cancelled",
               {{"file", taken_.name.file()},
                {"requester", speaker_->owner.str()},
                {"takenUp", taken_up_},
                {"notTheirs", refused_}});
  return {};
}

}  // namespace backupctl::filedrop
