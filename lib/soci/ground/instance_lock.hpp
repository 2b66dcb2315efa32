// Who is alive on this machine: each running controller holds the lock of its own file beside the store,
// "<store>.instance-<id>.lock". When the process dies, the kernel frees it at once.
// Thread rule: functions from any thread; one object on one thread at a time.
#pragma once

#include <filesystem>
#include <vector>

#include "backupctl/ids.hpp"
#include "backupctl/result.hpp"
#include "soci/ground/lock_file.hpp"

namespace backupctl::soci {

class InstanceLock {
 public:
  // Errors: unavailable (the file cannot be made), conflict (a living instance has this id).
  static Result<InstanceLock> take(const std::filesystem::path& store, InstanceId id);
  InstanceLock(InstanceLock&&) noexcept = default;
  InstanceLock& operator=(InstanceLock&&) = delete;
  ~InstanceLock();  // removes the file

 private:
  InstanceLock(std::filesystem::path path, Descriptor lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::filesystem::path path_;
  Descriptor lock_;
};

// An instance without a file is dead. Errors: unavailable (the file cannot be opened for another reason).
Result<bool> is_alive(const std::filesystem::path& store, InstanceId id);

// Removes the files of the dead and says whose they were. What cannot be read is left alone.
std::vector<InstanceId> remove_dead_instances(const std::filesystem::path& store);

}  // namespace backupctl::soci
