// A disk of a few megabytes: a tmpfs of its own, gone when it ends. Needs the right to mount (root, in CI).
// Thread rule: one thread at a time.
#pragma once

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "integration/support/temp_dir.hpp"

namespace backupctl::testing {

class SmallDisk {
 public:
  explicit SmallDisk(const std::string& size) {
    if (::mount("tmpfs", folder_.path().c_str(), "tmpfs", 0, ("size=" + size).c_str()) != 0)
      problem_ = "cannot mount a tmpfs: " + std::string(std::strerror(errno));
  }
  ~SmallDisk() {
    if (problem_.empty()) ::umount2(folder_.path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  const std::string& problem() const { return problem_; }  // empty: it is mounted
  const std::filesystem::path& path() const { return folder_.path(); }

  void fill() const {
    const std::array<char, 4096> bytes{};
    const int file = ::open(ballast().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    while (::write(file, bytes.data(), bytes.size()) > 0) continue;
    ::close(file);
  }
  void make_room() const { std::filesystem::remove(ballast()); }
  bool make_read_only() const {
    return ::mount(nullptr, folder_.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }

 private:
  std::filesystem::path ballast() const { return folder_.path() / "ballast"; }

  TempDir folder_;
  std::string problem_;
};

}  // namespace backupctl::testing
