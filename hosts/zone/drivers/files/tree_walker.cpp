#include "zone/drivers/files/tree_walker.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

namespace backupctl::zone::files {
namespace {

struct Level {
  UniqueFd folder;
  std::vector<std::string> names;
  std::size_t next = 0;
  std::size_t path_size = 0;  // of the walk's path when this level is on top
};

// 0 or an errno. A second opening: readdir(3) moves the position, which descriptors made by dup(2) share.
int read_names(int folder, std::vector<std::string>& names) {
  UniqueFd again{::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!again) return errno;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream{::fdopendir(again.get()), &::closedir};
  if (!stream) return errno;
  again.release();
  for (;;) {
    errno = 0;
    const auto* entry = ::readdir(stream.get());
    if (!entry) break;
    if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
      names.emplace_back(entry->d_name);
  }
  const int error = errno;
  std::sort(names.begin(), names.end());
  return error;
}

std::string reason(int error) {
  return error == ENOENT ? "vanished while its folder was read"
                         : std::string("cannot be opened: ") + std::strerror(error);
}

}  // namespace

Result<std::vector<std::string>> names_in(int folder) {
  std::vector<std::string> names;
  if (const int error = read_names(folder, names); error != 0) {
    return unavailable(std::string("cannot list a folder: ") + std::strerror(error));
  }
  return names;
}

bool walk(int folder, Visitor& visitor, const std::vector<FileIdentity>& skipped) {
  std::string path;
  std::vector<Level> levels;
  const auto enter = [&](UniqueFd opened) {
    Level level;
    // What could be read before an error is still walked.
    if (const int error = read_names(opened.get(), level.names); error != 0) visitor.left_out(path, reason(error));
    level.folder = std::move(opened);
    level.path_size = path.size();
    levels.push_back(std::move(level));
  };

  struct stat info {};
  UniqueFd top{::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!top || ::fstat(top.get(), &info) != 0) {
    visitor.left_out(path, reason(errno));
    return true;
  }
  if (!visitor.visit({path, info, folder, "."})) return false;
  enter(std::move(top));

  while (!levels.empty()) {
    auto& level = levels.back();
    path.resize(level.path_size);
    if (level.next == level.names.size()) {
      levels.pop_back();
      continue;
    }
    const auto& name = level.names[level.next++];
    if (!path.empty()) path += '/';
    path += name;
    if (::fstatat(level.folder.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      visitor.left_out(path, reason(errno));
      continue;
    }
    UniqueFd inner;
    if (S_ISDIR(info.st_mode)) {
      if (std::find(skipped.begin(), skipped.end(), FileIdentity{info.st_dev, info.st_ino}) != skipped.end()) {
        visitor.left_out(path, "this zone's own storage is not backed up into itself");
        continue;
      }
      inner = UniqueFd{::openat(level.folder.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
      if (!inner || ::fstat(inner.get(), &info) != 0) {
        const int error = errno;
        visitor.left_out(path, reason(error));
        // A folder that we may not open is still known; only what is in it stays out.
        if (error != EACCES) continue;
        inner.reset();
      }
    }
    if (!visitor.visit({path, info, level.folder.get(), name.c_str()})) return false;
    if (inner) enter(std::move(inner));
  }
  return true;
}

}  // namespace backupctl::zone::files
