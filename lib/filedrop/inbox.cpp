#include "filedrop/inbox.hpp"

#include <fcntl.h>

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "filedrop/publishing.hpp"

namespace backupctl::filedrop {
namespace {

constexpr std::size_t most_remembered = 200'000;  // beyond that, files settle like those written in place

bool is_not_older(const timespec& a, const timespec& b) {
  return std::tie(a.tv_sec, a.tv_nsec) >= std::tie(b.tv_sec, b.tv_nsec);
}

}  // namespace

void Inbox::renamed_in(const std::string& name) {
  struct stat status {};
  if (renamed_.size() >= most_remembered || !parse_file_name(name)) return;
  // Another process may have taken it already: what comes under this name later is another file.
  if (::fstatat(context_.spool().inbox(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;
  renamed_.insert_or_assign(name, seen_in(status));
}

Inbox::Seen Inbox::seen_in(const struct stat& status) {
  return {status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_nlink};
}

bool Inbox::is_ready(const std::string& name, const struct stat& status) {
  const auto renamed = renamed_.find(name);
  return (renamed != renamed_.end() && renamed->second == seen_in(status)) || has_ready_mark(name, status) ||
         is_settled(name, status);
}

void Inbox::forget() {
  renamed_.clear();
  sightings_.clear();
  ready_.clear();
  next_ = 0;
}

Result<void> Inbox::look() {
  const auto names = names_in(context_.spool().inbox());
  if (!names) return names.error();
  ready_.clear();
  next_ = 0;
  if (!renamed_.empty()) {
    const std::unordered_set<std::string_view> there(names->begin(), names->end());
    std::erase_if(renamed_, [&there](const auto& one) { return !there.contains(one.first); });
  }
  earlier_ = std::exchange(sightings_, {});
  std::int64_t others = 0;
  for (const auto& name : *names) {
    if (parse_file_name(name)) {
      look_at(name);
    } else if (!is_auxiliary(name)) {
      ++others;
    }
  }
  earlier_.clear();
  if (context_.counters.other_files.exchange(others) != others && others > 0) {
    context_.log(LogLevel::warning, "files in the inbox that are no requests are left alone", {{"count", others}});
  }
  return {};
}

void Inbox::look_at(const std::string& name) {
  if (!parse_file_name(name)) return;
  struct stat status {};
  if (::fstatat(context_.spool().inbox(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;  // gone again
  if (const auto odd = odd_type(status.st_mode); !odd.empty()) return reject_now(name, "it is " + odd);
  if (name.size() > longest_file_name) {
    return reject_now(name, "its name is longer than " + std::to_string(longest_file_name) + " bytes");
  }
  // A writer may link its file in and remove the other name a moment later, so a second name must last.
  if (status.st_nlink != 1) {
    if (is_settled(name, status)) reject_now(name, "it has a second name (a hard link)");
    return;
  }
  if (is_ready(name, status)) ready_.push_back(name);
}

bool Inbox::is_settled(const std::string& name, const struct stat& status) {
  const Sighting now{seen_in(status), context_.monotonic()};
  auto before = sightings_.find(name);
  if (before == sightings_.end()) {
    const auto earlier = earlier_.find(name);
    before = sightings_.emplace(name, earlier == earlier_.end() ? now : earlier->second).first;
  }
  if (before->second.seen != now.seen) before->second = now;
  return now.since - before->second.since >= context_.options.settle_for;
}

// One that is older than the file's last change belongs to an earlier file of this name.
bool Inbox::has_ready_mark(const std::string& name, const struct stat& status) {
  struct stat mark {};
  return ::fstatat(context_.spool().inbox(), (name + ".ready").c_str(), &mark, AT_SYMLINK_NOFOLLOW) == 0 &&
         is_not_older(mark.st_mtim, status.st_mtim);
}

void Inbox::reject_now(const std::string& name, std::string why) {
  auto rejected = reject(context_, context_.spool().inbox(), name, context_.new_id(), name,
                         {ErrorKind::invalid, std::move(why), false, "not-a-request-file", {}});
  sightings_.erase(name);
  renamed_.erase(name);
  if (!rejected && rejected.error().kind != ErrorKind::not_found) {
    context_.log(LogLevel::error, "a bad file cannot be moved away", {{"error", rejected.error().detail}});
  }
}

std::optional<Taken> Inbox::take() {
  auto& spool = context_.spool();
  while (next_ < ready_.size()) {
    const auto name = ready_[next_++];
    // Another process may have taken it, and somebody be writing a new one.
    struct stat status {};
    if (::fstatat(spool.inbox(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (!S_ISREG(status.st_mode) || status.st_nlink != 1 || !is_ready(name, status)) continue;
    const Taken taken{context_.new_id(), *parse_file_name(name)};
    const auto locked = spool.try_lock(taken.id);
    if (!locked || !*locked) continue;
    // The mark goes first: one that stayed behind would speak for a later file of this name.
    (void)remove(spool.inbox(), name + ".ready");
    context_.reach("drop-claim", false);
    const auto moved = move(spool.inbox(), name, spool.work(), taken.file());
    context_.reach("drop-claim", true);
    if (moved && *moved) {
      renamed_.erase(name);
      sightings_.erase(name);
      ++context_.counters.taken;
      return taken;
    }
    spool.unlock(taken.id);
    if (!moved && moved.error().kind != ErrorKind::not_found) {
      context_.log(LogLevel::error, "a file cannot be taken", {{"error", moved.error().detail}});
    }
  }
  return {};
}

}  // namespace backupctl::filedrop
