// The five folders, held open, and who is at work on which file in them.
#pragma once

#include <array>
#include <string>

#include "backupctl/result.hpp"
#include "filedrop/files.hpp"
#include "filedrop/names.hpp"

namespace backupctl::filedrop {

// Thread rule: one thread at a time. All calls may block.
class Spool {
 public:
  // Makes the folders that are missing, the outermost included but nothing above it; proves that a file can be moved
  // from one to each other, never over another. Errors: invalid (they lie on different file systems, or on one that
  // cannot do this), unavailable.
  static Result<Spool> create(const std::string& folder);
  // The same without making anything. Errors: unavailable as well when one is missing.
  static Result<Spool> open(const std::string& folder);

  int inbox() const { return folders_[0].get(); }
  int work() const { return folders_[1].get(); }
  int outbox() const { return folders_[2].get(); }
  int done() const { return folders_[3].get(); }
  int rejected() const { return folders_[4].get(); }

  // Errors: unavailable, when the folders that we hold are not those any more that the path leads to: unmounted, moved,
  // removed, or another file system mounted over them.
  Result<void> still_there() const;

  // One process, and in it one Spool, works on a file at a time. The kernel frees the lock when the process dies,
  // however it dies. False: somebody has it. Errors: unavailable.
  Result<bool> try_lock(FileId id);
  void unlock(FileId id);

 private:
  static constexpr std::size_t count = 5;
  static constexpr std::size_t lock_files = 16;

  explicit Spool(std::string folder) : folder_(std::move(folder)) {}
  Result<void> open_all();
  Result<void> open_locks();
  Result<void> prove_moves();

  std::string folder_;
  std::array<Descriptor, count> folders_;
  std::array<Descriptor, lock_files> locks_;
};

}  // namespace backupctl::filedrop
