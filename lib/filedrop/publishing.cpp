#include "filedrop/publishing.hpp"

#include <fcntl.h>

#include "filedrop/line_reader.hpp"
#include "filedrop/receipt.hpp"

namespace backupctl::filedrop {
namespace {

// True when NAME alone is this file's, now or from before.
Result<bool> take_plain_name(Context& context, const Taken& taken) {
  auto& spool = context.spool();
  const auto lines = part_name(taken, Part::lines);
  const auto base = outbox_base(taken, false);
  const auto receipt = base + std::string(receipt_suffix);
  auto reserved = link(spool.work(), lines, spool.work(), reservation(taken));
  if (!reserved) return std::move(reserved).error();
  if (!*reserved && !is_same_file(spool.work(), lines, spool.work(), reservation(taken))) return false;
  if (is_same_file(spool.work(), lines, spool.outbox(), receipt)) return true;
  const bool is_free = !exists(spool.outbox(), base + std::string(status_suffix)) &&
                       !exists(spool.outbox(), base + std::string(end_suffix));
  if (is_free) {
    auto linked = link(spool.work(), lines, spool.outbox(), receipt);
    if (!linked || *linked) return linked;
  }
  if (auto released = remove(spool.work(), reservation(taken)); !released) return std::move(released).error();
  return false;
}

// Whether any line of the receipt is a request. Errors: unavailable.
Result<bool> has_request(Context& context, const Taken& taken, bool with_id) {
  const auto name = part_name(taken, with_id ? Part::with_id : Part::plain);
  const Descriptor file{::openat(context.spool().work(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!file) return cannot("open", "work/" + name);
  LineReader reader(file.get(), 1 << 20);
  while (true) {
    const auto got = reader.next();
    if (got.what == LineReader::What::failed) return cannot("read", "work/" + name);
    if (got.what == LineReader::What::end) return false;
    const auto line = parse_receipt_line(got.text);
    if (line && line->id) return true;
  }
}

}  // namespace

std::string reservation(const Taken& taken) { return ".name-" + taken.name.name; }

Result<bool> publish_receipt(Context& context, const Taken& taken) {
  auto& spool = context.spool();
  context.reach("drop-publish", false);
  auto plain = take_plain_name(context, taken);
  if (!plain) return std::move(plain).error();
  const bool with_id = !*plain;
  if (with_id) {
    // Ours alone: when it is there, a start before this one has made it.
    auto linked = link(spool.work(), part_name(taken, Part::lines), spool.outbox(),
                       outbox_base(taken, true) + std::string(receipt_suffix));
    if (!linked) return std::move(linked).error();
  }
  if (auto synced = sync(spool.outbox(), "outbox"); !synced) return std::move(synced).error();
  auto named = replace(spool.work(), part_name(taken, Part::lines), spool.work(),
                       part_name(taken, with_id ? Part::with_id : Part::plain));
  if (!named) return std::move(named).error();
  context.reach("drop-publish", true);
  return with_id;
}

Result<void> put_away(Context& context, const Taken& taken, bool with_id) {
  auto& spool = context.spool();
  if (!exists(spool.work(), taken.file())) return {};
  const auto good = has_request(context, taken, with_id);
  if (!good) return good.error();
  if (!*good) {
    const auto receipt = "outbox/" + outbox_base(taken, with_id) + std::string(receipt_suffix);
    return reject(
        context, spool.work(), taken.file(), taken.id, taken.name.file(),
        {ErrorKind::invalid, "no line of it made a request; " + receipt + " says why", false, "no-good-line", {}});
  }
  context.reach("drop-move", false);
  auto moved = move(spool.work(), taken.file(), spool.done(), taken.file());
  if (!moved) return std::move(moved).error();
  context.reach("drop-move", true);
  ++context.counters.done;
  context.log(LogLevel::info, "file taken", {{"file", taken.name.file()}, {"fileId", taken.id.to_string()}});
  return {};
}

Result<void> reject(Context& context, int folder, const std::string& name, FileId id, const std::string& shown_name,
                    const Error& reason) {
  auto& spool = context.spool();
  // What was too long to be taken is cut here too; its whole name is in the reason.
  const auto file = id.to_string() + "-" + shown_name.substr(0, longest_file_name);
  const auto beside = file + ".reason.json";
  auto told = reason;
  told.detail = shown_name + ": " + reason.detail;
  context.reach("drop-reject", false);
  {
    const Descriptor document{
        ::openat(spool.rejected(), beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640)};
    if (!document) return cannot("write", "rejected/" + beside);
    if (auto written = write_all(document.get(), problem_document(told) + "\n", beside); !written) return written;
  }
  auto moved = move(folder, name, spool.rejected(), file);
  if (!moved) {
    if (moved.error().kind == ErrorKind::not_found) (void)remove(spool.rejected(), beside);
    return std::move(moved).error();
  }
  context.reach("drop-reject", true);
  ++context.counters.rejected;
  context.log(LogLevel::warning, "file rejected",
              {{"file", shown_name}, {"fileId", id.to_string()}, {"code", reason.code}, {"error", reason.detail}});
  return {};
}

}  // namespace backupctl::filedrop
