// Walks a folder by descriptors, following no symbolic link, in the order of the names' bytes.
#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

#include "backupctl/result.hpp"
#include "zone/unique_fd.hpp"

namespace backupctl::zone::files {

// One thing found. The references hold during the call only.
struct Found {
  const std::string& path;  // relative to the folder walked; "" for the folder itself
  const struct stat& info;  // as lstat(2) saw it, a moment ago
  int folder;               // that has `name` in it; the folder walked itself for ""
  const char* name;
};

class Visitor {
 public:
  virtual ~Visitor() = default;
  // For a folder: before what is in it. False ends the walk.
  virtual bool visit(const Found& found) = 0;
  // Something that is there, or was a moment ago, and is not visited, or not what is in it.
  virtual void left_out(const std::string& path, std::string detail) = 0;
};

struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

// `folder` is open for reading and stays the caller's. False: the visitor ended the walk.
// Uses one descriptor for each level. A folder in `skipped` is left out.
// Thread rule: any.
bool walk(int folder, Visitor& visitor, const std::vector<FileIdentity>& skipped);

// The names in a folder, sorted, without "." and "..". Error: unavailable, with the system's reason.
Result<std::vector<std::string>> names_in(int folder);

}  // namespace backupctl::zone::files
