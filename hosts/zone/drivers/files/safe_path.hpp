// Opens what a command names, and nothing else: beneath a configured root, through no symbolic link.
//
// Thread rule: pure functions over the file system.
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>
#include <vector>

#include "backupctl/names.hpp"
#include "backupctl/result.hpp"
#include "zone/unique_fd.hpp"

namespace backupctl::zone::files {

// openat2(2): `path` is resolved beneath `folder`; a symbolic link in it, also as its last component, or a way out of
// the folder fails with ELOOP or EXDEV. -1 and errno as for open(2).
int open_beneath(int folder, const std::string& path, int flags, unsigned mode = 0);

struct OpenedSource {
  UniqueFd fd;  // the folder or the regular file, open for reading
  struct stat info {};
  std::string name;  // last component of the path
};

// `roots` are absolute paths from the configuration, trusted as they are: a root itself may be a symbolic link, and is
// opened anew for each source, so that one that was mounted later is seen.
// Errors: forbidden "source-not-allowed" (outside all roots, or on the way out through a link), invalid
// "source-not-supported" (a URL, a device, …), not_found "source-missing", unavailable "source-unreadable".
Result<OpenedSource> open_source(const std::vector<std::string>& roots, const SourcePath& source);

// "" or what is wrong with it: it must be a relative path of 1 to 1024 bytes, valid UTF-8 without control characters,
// whose components are not empty, do not begin with a dot and are at most 255 bytes long.
std::string problem_with_storage_path(std::string_view path);

}  // namespace backupctl::zone::files
