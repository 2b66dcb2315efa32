// A disk that loses power and fails, under SQLite: a VFS with a name of its own over the platform's.
//
// It follows what each file of one folder holds for certain (synced) and what has only been handed over, so that it can
// say what might be found after a power cut at any moment. It also makes the k-th call of a kind fail.
// What is not modelled: -shm files (made anew at each start), and files outside of the folder.
// Thread rule: one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>

namespace backupctl::testing {

enum class DiskCall { open, read, write, sync, truncate, size, lock, remove, access, shared_map, shared_lock };
inline constexpr std::array all_disk_calls{
    DiskCall::open, DiskCall::read,   DiskCall::write,  DiskCall::sync,       DiskCall::truncate,   DiskCall::size,
    DiskCall::lock, DiskCall::remove, DiskCall::access, DiskCall::shared_map, DiskCall::shared_lock};
std::string_view to_string(DiskCall call);

// The files of a folder by their names, with their bytes.
using DiskImage = std::map<std::string, std::string>;
void write_image(const DiskImage& image, const std::filesystem::path& folder);
DiskImage read_image(const std::filesystem::path& folder);

// "ok", or what SQLite finds damaged in the database (and its log), read through the platform's VFS.
std::string integrity_of(const std::filesystem::path& database);

class FaultyDisk {
 public:
  // What lies in the folder is durable.
  explicit FaultyDisk(std::filesystem::path folder);
  // The same disk, with what it holds for certain and what not, after the process that used it has died; its files are
  // those of `folder` from now on.
  FaultyDisk(std::filesystem::path folder, const FaultyDisk& before);
  ~FaultyDisk();  // after all its connections
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  const std::string& vfs() const;
  const std::filesystem::path& folder() const;

  // The k-th call of this kind from now on fails, counted from 1; with `lasting` all later ones, too, until heal().
  // A write that fails has written half of it. After a sync that fails, what was to be synced is lost though it can
  // still be read: the kernel has marked it clean (https://wiki.postgresql.org/wiki/Fsync_Errors).
  void fail(DiskCall call, std::int64_t kth, bool lasting);
  // The same for a disk that is full from the k-th write on.
  void fill(std::int64_t kth_write);
  void heal();
  bool has_failed() const;  // since fail() or fill()

  // Syncs say that they are done and do nothing.
  void ignore_syncs();
  // Each connection that is opened from now on has this setting, whatever PRAGMA synchronous says afterwards.
  void force_synchronous(std::string_view setting);

  // Called within each call that changes something, before and after it has done so. Must not use the disk through
  // SQLite.
  void watch(std::function<void()> watcher);
  std::int64_t changes() const;  // how many such calls there were

  // Writes the log back into the database, as another connection would.
  void checkpoint(const std::filesystem::path& database) const;

  // What might be found if the power failed now.
  DiskImage after_power_loss(std::mt19937& random) const;
  // What is found if only the process dies now.
  DiskImage after_process_end() const;

  struct State;  // for the VFS's functions

 private:
  std::unique_ptr<State> state_;
};

}  // namespace backupctl::testing
