#include "filedrop/spool.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <tuple>

namespace backupctl::filedrop {
namespace {

struct Folder {
  const char* name;
  mode_t mode;
};
// The group of the outermost folder drops files and reads what came of them. With the sticky bit nobody there takes
// away or replaces another's file. The modes are for folders that we make; those that are there keep theirs.
constexpr std::array<Folder, 5> folders{
    {{"inbox", 03770}, {"work", 0700}, {"outbox", 02750}, {"done", 02750}, {"rejected", 02750}}};

Result<void> make(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) == 0) {
    if (::chmod(path.c_str(), mode) != 0) return cannot("set the mode of", path);  // whatever the umask took away
    return {};
  }
  if (errno == EEXIST) return {};
  return cannot("make the folder", path);
}

// Where in a lock file a file's lock lies: ids are random enough that no two files share a place.
struct flock lock_at(FileId id, short type) {
  std::uint64_t place = 0;
  std::memcpy(&place, id.uuid().data + 8, sizeof place);
  std::uint64_t time = 0;
  std::memcpy(&time, id.uuid().data, sizeof time);
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>((place * 0x9E3779B97F4A7C15U ^ time) >> 2);
  lock.l_len = 1;
  return lock;
}

}  // namespace

Result<Spool> Spool::create(const std::string& folder) {
  if (auto made = make(folder, 02750); !made) return std::move(made).error();
  for (const auto& [name, mode] : folders) {
    if (auto made = make(folder + "/" + name, mode); !made) return std::move(made).error();
  }
  Spool spool{folder};
  if (auto opened = spool.open_all(); !opened) return std::move(opened).error();
  if (auto proved = spool.prove_moves(); !proved) return std::move(proved).error();
  if (auto opened = spool.open_locks(); !opened) return std::move(opened).error();
  return spool;
}

Result<Spool> Spool::open(const std::string& folder) {
  Spool spool{folder};
  if (auto opened = spool.open_all(); !opened) return unavailable(opened.error().detail);
  if (auto opened = spool.open_locks(); !opened) return std::move(opened).error();
  return spool;
}

Result<void> Spool::open_all() {
  for (std::size_t i = 0; i < count; ++i) {
    auto opened = open_folder(AT_FDCWD, folder_ + "/" + folders[i].name);
    if (!opened) return std::move(opened).error();
    folders_[i] = *std::move(opened);
  }
  return {};
}

Result<void> Spool::open_locks() {
  for (std::size_t i = 0; i < lock_files; ++i) {
    const auto name = std::string(".lock-") + "0123456789abcdef"[i];
    locks_[i] = Descriptor{::openat(work(), name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!locks_[i]) return cannot("open", "work/" + name);
  }
  return {};
}

// A file that makes the round of all folders.
Result<void> Spool::prove_moves() {
  const auto probe = ".probe-" + std::to_string(::getpid()) + ".tmp";
  for (const auto& folder : folders_) {  // what a start that was killed left behind
    if (auto removed = remove(folder.get(), probe); !removed) return removed;
  }
  Descriptor file{::openat(inbox(), probe.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!file) return cannot("write into", folder_ + "/inbox");
  Result<void> verdict;
  std::size_t at = 0;
  for (std::size_t next = 1; next < count && verdict; ++next) {
    auto moved = move(folders_[at].get(), probe, folders_[next].get(), probe);
    if (moved && *moved) {
      at = next;
      continue;
    }
    const auto ways = std::string(folders[at].name) + " to " + folders[next].name;
    if (!moved && moved.error().code == "other-file-system") {
      verdict = Error{ErrorKind::invalid,
                      "a file cannot be moved from " + folder_ + "/" + ways + ": they are on different file systems"};
    } else if (!moved && moved.error().code == "not-supported") {
      verdict = Error{ErrorKind::invalid, "the file system of " + folder_ + " cannot move without replacing"};
    } else {
      verdict = moved ? unavailable(folder_ + "/" + folders[next].name + "/" + probe + " is in the way")
                      : std::move(moved).error();
    }
  }
  auto removed = remove(folders_[at].get(), probe);
  if (!verdict) return verdict;
  return removed;
}

Result<void> Spool::still_there() const {
  for (std::size_t i = 0; i < count; ++i) {
    const auto path = folder_ + "/" + folders[i].name;
    struct stat held {
    }, found{};
    if (::fstat(folders_[i].get(), &held) != 0) return unavailable(cannot("look at", path).detail);
    if (::stat(path.c_str(), &found) != 0) return unavailable(cannot("find", path).detail);
    if (std::tie(held.st_dev, held.st_ino) != std::tie(found.st_dev, found.st_ino)) {
      return unavailable(path + " is not the folder any more that it was");
    }
  }
  return {};
}

Result<bool> Spool::try_lock(FileId id) {
  auto lock = lock_at(id, F_WRLCK);
  const int file = locks_[id.uuid().data[15] % lock_files].get();
  if (::fcntl(file, F_OFD_SETLK, &lock) == 0) return true;
  if (errno == EAGAIN || errno == EACCES) return false;
  return cannot("lock", "work/.lock");
}

void Spool::unlock(FileId id) {
  auto lock = lock_at(id, F_UNLCK);
  ::fcntl(locks_[id.uuid().data[15] % lock_files].get(), F_OFD_SETLK, &lock);
}

}  // namespace backupctl::filedrop
