#include "soci/ground/lock_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

namespace backupctl::soci {

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Result<LockFile> LockFile::open(const std::filesystem::path& path) {
  Descriptor descriptor{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640)};
  if (!descriptor) {
    return Error{ErrorKind::unavailable, "cannot open the lock file " + path.string() + ": " + std::strerror(errno)};
  }
  return LockFile{std::move(descriptor)};
}

bool LockFile::try_lock() { return ::flock(descriptor_.get(), LOCK_EX | LOCK_NB) == 0; }

bool LockFile::lock(std::chrono::milliseconds bound) {
  // flock has no time-out, so we ask again and again. Only one process at a time asks for the writer's place (it has
  // the gate), so short pauses cost little and nobody is starved by them.
  using std::chrono::microseconds;
  microseconds pause{20};
  for (microseconds waited{0};; waited += pause) {
    if (try_lock()) return true;
    if (waited >= bound) return false;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause + pause / 4, microseconds{2000});
  }
}

void LockFile::unlock() { ::flock(descriptor_.get(), LOCK_UN); }

}  // namespace backupctl::soci
