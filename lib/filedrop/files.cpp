#include "filedrop/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace backupctl::filedrop {

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Error cannot(std::string_view what, std::string_view name) {
  const int number = errno;
  auto error = unavailable("cannot " + std::string(what) + " " + std::string(name) + ": " + std::strerror(number));
  if (number == ENOENT) error.kind = ErrorKind::not_found;
  return error;
}

Result<Descriptor> open_folder(int at, const std::string& path) {
  Descriptor folder{::openat(at, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder) return cannot("open the folder", path);
  return folder;
}

Result<bool> move(int from_folder, const std::string& from, int to_folder, const std::string& to) {
  if (::renameat2(from_folder, from.c_str(), to_folder, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  const int failure = errno;
  if (failure == EEXIST) return false;
  auto error = cannot("move", from + " to " + to);
  if (failure == EXDEV) error.code = "other-file-system";
  if (failure == EINVAL) error.code = "not-supported";
  return error;
}

Result<bool> link(int from_folder, const std::string& from, int to_folder, const std::string& to) {
  if (::linkat(from_folder, from.c_str(), to_folder, to.c_str(), 0) == 0) return true;
  if (errno == EEXIST) return false;
  return cannot("name", from + " " + to);
}

Result<void> replace(int from_folder, const std::string& from, int to_folder, const std::string& to) {
  if (::renameat(from_folder, from.c_str(), to_folder, to.c_str()) == 0) return {};
  return cannot("move", from + " to " + to);
}

Result<void> remove(int folder, const std::string& name) {
  if (::unlinkat(folder, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  return cannot("remove", name);
}

Result<void> write_all(int file, std::string_view bytes, std::string_view name) {
  while (!bytes.empty()) {
    const auto count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot("write", name);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> sync(int file_or_folder, std::string_view name) {
  if (::fsync(file_or_folder) == 0) return {};
  return cannot("bring to the disk", name);
}

bool exists(int folder, const std::string& name) {
  struct stat status {};
  return ::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
}

bool is_same_file(int folder_a, const std::string& a, int folder_b, const std::string& b) {
  struct stat one {
  }, other{};
  return ::fstatat(folder_a, a.c_str(), &one, AT_SYMLINK_NOFOLLOW) == 0 &&
         ::fstatat(folder_b, b.c_str(), &other, AT_SYMLINK_NOFOLLOW) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

Result<std::vector<std::string>> names_in(int folder) {
  // An open file description of its own: the position of the folder's is shared.
  const int fresh = ::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fresh < 0) return cannot("read", "the folder");
  DIR* stream = ::fdopendir(fresh);
  if (stream == nullptr) {
    ::close(fresh);
    return cannot("read", "the folder");
  }
  std::vector<std::string> names;
  errno = 0;
  while (const auto* entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  const int failure = errno;
  ::closedir(stream);
  errno = failure;
  if (failure != 0) return cannot("read", "the folder");
  return names;
}

std::string odd_type(unsigned mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return {};
    case S_IFLNK:
      return "a symbolic link";
    case S_IFDIR:
      return "a folder";
    case S_IFIFO:
      return "a FIFO";
    case S_IFSOCK:
      return "a socket";
    default:
      return "a device";
  }
}

Result<Descriptor> open_regular(int folder, const std::string& name) {
  const auto refuse = [](std::string detail) {
    return Error{ErrorKind::invalid, std::move(detail), false, "not-a-request-file", {}};
  };
  Descriptor file{::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
  if (!file) {
    if (errno == ELOOP) return refuse("it is a symbolic link");
    if (errno == ENXIO || errno == ENODEV) return refuse("it is no regular file");
    if (errno == EACCES || errno == EPERM) return refuse("it may not be read: its mode does not let us");
    return cannot("open", name);
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return cannot("look at", name);
  if (const auto odd = odd_type(status.st_mode); !odd.empty()) return refuse("it is " + odd);
  if (status.st_nlink != 1) return refuse("it has a second name (a hard link)");
  return file;
}

}  // namespace backupctl::filedrop
