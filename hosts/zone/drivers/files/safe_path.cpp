#include "zone/drivers/files/safe_path.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace backupctl::zone::files {
namespace {

Error not_allowed(std::string why) { return {ErrorKind::forbidden, std::move(why), false, "source-not-allowed", {}}; }

// What went wrong between the root and the source, told by errno.
Error failure(const SourcePath& source, int error) {
  switch (error) {
    case ELOOP:
    case EXDEV:
      return not_allowed("backupSourcePath leads through a symbolic link: " + source.str());
    case ENOENT:
    case ENOTDIR:
      return {ErrorKind::not_found, "there is nothing at " + source.str(), true, "source-missing", {}};
    default:
      return {ErrorKind::unavailable,
              "cannot open " + source.str() + ": " + std::strerror(error),
              true,
              "source-unreadable",
              {}};
  }
}

std::string_view without_slash(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path;
}

}  // namespace

int open_beneath(int folder, const std::string& path, int flags, unsigned mode) {
  struct open_how how {};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
  how.mode = mode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  for (int attempt = 0;; ++attempt) {
    const auto fd = syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how);
    // EAGAIN: something was renamed on the way, and the kernel cannot tell whether we are still beneath.
    if (fd >= 0 || (errno != EINTR && errno != EAGAIN) || attempt == 100) return static_cast<int>(fd);
  }
}

Result<OpenedSource> open_source(const std::vector<std::string>& roots, const SourcePath& source) {
  const auto path = without_slash(source.str());
  if (!path.starts_with('/')) {
    return Error{ErrorKind::invalid,
                 "this zone reads files: backupSourcePath must be an absolute path",
                 false,
                 "source-not-supported",
                 {}};
  }
  std::string_view root;
  for (const auto& candidate : roots) {
    if (is_beneath(path, candidate) && without_slash(candidate).size() > root.size()) root = without_slash(candidate);
  }
  if (root.empty()) return not_allowed("backupSourcePath is outside of this zone's sources: " + source.str());

  const UniqueFd folder{::open(std::string(root).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!folder) return failure(source, errno);
  auto rest = path.substr(root.size());
  while (rest.starts_with('/')) rest.remove_prefix(1);
  const std::string relative{rest.empty() ? "." : rest};

  OpenedSource opened;
  opened.name = std::string(path.substr(path.rfind('/') + 1));
  // Looked at first: opening a device or a pipe for reading can have effects of its own.
  UniqueFd seen{open_beneath(folder.get(), relative, O_PATH)};
  if (!seen || ::fstat(seen.get(), &opened.info) != 0) return failure(source, errno);
  if (!S_ISDIR(opened.info.st_mode) && !S_ISREG(opened.info.st_mode)) {
    return Error{
        ErrorKind::invalid, "neither a folder nor a regular file: " + source.str(), false, "source-not-supported", {}};
  }
  opened.fd = UniqueFd{open_beneath(folder.get(), relative, O_RDONLY | O_NONBLOCK | O_NOCTTY)};
  if (!opened.fd) return failure(source, errno);
  const auto type = opened.info.st_mode & S_IFMT;
  if (::fstat(opened.fd.get(), &opened.info) != 0) return failure(source, errno);
  if ((opened.info.st_mode & S_IFMT) != type) return failure(source, EAGAIN);
  return opened;
}

std::string problem_with_storage_path(std::string_view path) {
  if (path.empty() || path.size() > 1024) return "must be 1 to 1024 bytes long";
  if (!is_valid_utf8(path)) return "must be valid UTF-8";
  if (has_control_characters(path)) return "must not contain control characters";
  if (path.starts_with('/')) return "must be a relative path";
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    const auto part = path.substr(begin, end - begin);
    if (part.empty()) return "must not have an empty component";
    if (part.starts_with('.')) return "must not have a component that begins with a dot";
    if (part.size() > 255) return "must not have a component of more than 255 bytes";
    begin = end + 1;
  }
  return {};
}

}  // namespace backupctl::zone::files
