// A file that one open file description at a time has locked (flock). The kernel frees the lock when the process dies,
// however it dies, so a lock never outlives its holder.
// Thread rule: one thread at a time; two LockFile objects on one path exclude each other also within one process.
#pragma once

#include <chrono>
#include <filesystem>
#include <utility>

#include "backupctl/result.hpp"

namespace backupctl::soci {

// Owns a file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

class LockFile {
 public:
  // Makes the file when it is missing. Errors: unavailable (no permission, read-only, no such folder).
  static Result<LockFile> open(const std::filesystem::path& path);

  bool try_lock();
  // Waits for about `bound`. False: somebody else still has it.
  bool lock(std::chrono::milliseconds bound);
  void unlock();
  int fd() const { return descriptor_.get(); }

 private:
  explicit LockFile(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}
  Descriptor descriptor_;
};

}  // namespace backupctl::soci
