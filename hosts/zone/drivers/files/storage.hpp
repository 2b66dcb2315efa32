// Where the files driver keeps its backups:
//   <root>/<storage path of the job>/<data as-of date>/<command id>.tar.zst and <command id>.manifest.json
// A file bears its name only once it is complete and durable; until then it ends with ".part".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backupctl/result.hpp"
#include "zone/driver.hpp"
#include "zone/drivers/files/tree_walker.hpp"
#include "zone/unique_fd.hpp"

namespace backupctl::zone::files {

// One file that comes to be in a folder. Removed when it is destroyed before keep().
// Errors of all calls: unavailable, "storage-full" or "storage-failed". Thread rule: one thread at a time.
class NewFile {
 public:
  static Result<NewFile> create(int folder, std::string name);  // of what it will be called
  NewFile(NewFile&& other) noexcept = default;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  int fd() const { return fd_.get(); }
  Result<void> sync();
  // Gives it its name, over another of that name, and makes that durable. Call sync() first.
  Result<void> keep();

 private:
  NewFile(int folder, std::string name, UniqueFd fd) : folder_(folder), name_(std::move(name)), fd_(std::move(fd)) {}
  int folder_;
  std::string name_;
  UniqueFd fd_;
};

Error storage_failure(const std::string& doing, int error);

// The place of one order's backup. Thread rule: one thread at a time; one order is worked on by one thread.
class Place {
 public:
  Place(UniqueFd folder, std::string path, std::string id)
      : folder_(std::move(folder)), path_(std::move(path)), id_(std::move(id)) {}

  int folder() const { return folder_.get(); }
  std::string archive_name() const { return id_ + ".tar.zst"; }
  std::string manifest_name() const { return id_ + ".manifest.json"; }
  std::string archive_path() const { return path_ + "/" + archive_name(); }  // relative to the root

  // The bytes of the manifest; nothing when there is none.
  Result<std::optional<std::string>> read_manifest() const;
  Result<void> write_manifest(const std::string& text);
  void remove_unfinished();      // what an earlier run left without its name
  Result<void> remove_backup();  // the manifest first, durably; none there is no error

 private:
  UniqueFd folder_;
  std::string path_;
  std::string id_;
};

// Thread rule: any thread.
class Storage {
 public:
  // The folder must be there: making one would hide a file system that is not mounted. Errors: unavailable.
  static Result<Storage> open(const std::string& root);

  // Makes the folders on the way, durably.
  Result<Place> place(const CreateBackupCommand& order) const;

  struct Listed {
    std::string path;  // of the manifest, relative to the root
    std::string text;
  };
  // Manifests in the order of their paths, compared folder by folder, those behind `after`.
  Result<std::vector<Listed>> manifests(const std::string& after, std::size_t limit) const;

  FileIdentity identity() const { return identity_; }
  Result<void> ready() const;  // Error: unavailable

 private:
  Storage(UniqueFd root, std::string path, FileIdentity identity)
      : root_(std::move(root)), path_(std::move(path)), identity_(identity) {}
  UniqueFd root_;
  std::string path_;
  FileIdentity identity_;
};

}  // namespace backupctl::zone::files
