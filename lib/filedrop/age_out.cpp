#include "filedrop/age_out.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <utility>

namespace backupctl::filedrop {
namespace {

constexpr std::size_t folders = 3;
constexpr int names_at_once = 500;
constexpr Duration round_every = std::chrono::hours(1);
constexpr std::string_view reason_suffix = ".reason.json";

}  // namespace

Duration AgeOut::step() {
  const auto now = context_.monotonic();
  if (now < next_round_) return next_round_;
  if (folder_ == 0 && names_.empty() && next_name_ == 0) begin();
  for (int i = 0; i < names_at_once; ++i) {
    if (next_name_ < names_.size()) {
      look_at(names_[next_name_++]);
      continue;
    }
    ++folder_;
    if (folder_ >= folders) break;
    begin_folder();
  }
  if (folder_ < folders) return Duration{0};
  if (removed_ > 0) context_.log(LogLevel::info, "old files removed", {{"count", std::exchange(removed_, 0)}});
  forget();
  next_round_ = now + round_every;
  return next_round_;
}

void AgeOut::forget() {
  folder_ = 0;
  names_.clear();
  next_name_ = 0;
  followed_.clear();
  next_round_ = context_.monotonic();
}

void AgeOut::begin() {
  if (const auto names = names_in(context_.spool().work())) {
    for (const auto& name : *names) {
      const auto entry = parse_work_name(name);
      if (!entry) continue;
      followed_.insert(outbox_base(entry->taken, false));
      followed_.insert(outbox_base(entry->taken, true));
    }
  }
  begin_folder();
}

void AgeOut::begin_folder() {
  auto& spool = context_.spool();
  const int folder = folder_ == 0 ? spool.done() : folder_ == 1 ? spool.rejected() : spool.outbox();
  next_name_ = 0;
  names_.clear();
  if (auto names = names_in(folder)) names_ = *std::move(names);
}

void AgeOut::look_at(const std::string& name) {
  auto& spool = context_.spool();
  const bool is_outbox = folder_ == 2;
  const int folder = folder_ == 0 ? spool.done() : folder_ == 1 ? spool.rejected() : spool.outbox();
  std::string_view base = name;
  if (is_outbox) {
    bool is_ours = false;
    for (const auto suffix : {receipt_suffix, status_suffix, end_suffix}) {
      if (!base.ends_with(suffix)) continue;
      base.remove_suffix(suffix.size());
      is_ours = true;
      break;
    }
    if (!is_ours || followed_.contains(base)) return;
  } else if (base.ends_with(reason_suffix)) {
    base.remove_suffix(reason_suffix.size());
  }
  if (!is_outbox && (base.size() < 37 || !FileId::parse(base.substr(0, 36)))) return;
  struct stat status {};
  if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 || S_ISDIR(status.st_mode)) return;
  // When it came here: the time of its last change is the writer's to choose.
  const Timestamp came{std::chrono::seconds(status.st_ctim.tv_sec)};
  if (came + context_.options.keep_for > context_.now()) return;
  if (remove(folder, name)) ++removed_;
}

}  // namespace backupctl::filedrop
