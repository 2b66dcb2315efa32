#include "crash/faulty_disk.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace backupctl::testing {

namespace {

constexpr std::size_t sector_bytes = 512;

// A write, or (without `bytes`) a new size.
struct Change {
  std::int64_t offset = 0;
  std::optional<std::string> bytes{};
};

struct TrackedFile {
  std::string synced{};
  bool named_durably = true;         // its folder was synced since it was made
  std::optional<std::string> old{};  // not named durably: what a power cut may bring back under the name instead
  bool removed = false;
  std::vector<Change> unsynced{};
};

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void put(std::string& content, std::int64_t offset, std::string_view bytes) {
  const auto end = static_cast<std::size_t>(offset) + bytes.size();
  if (content.size() < end) content.resize(end);
  content.replace(static_cast<std::size_t>(offset), bytes.size(), bytes);
}

void apply(std::string& content, const Change& change) {
  change.bytes ? put(content, change.offset, *change.bytes) : content.resize(static_cast<std::size_t>(change.offset));
}

// Calls part(sector, offset, bytes) for each piece of the write that lies in one sector.
template <class Part>
void for_each_sector(const Change& write, const Part& part) {
  const std::string_view bytes = *write.bytes;
  for (std::size_t done = 0; done < bytes.size();) {
    const auto offset = static_cast<std::size_t>(write.offset) + done;
    const auto length = std::min(bytes.size() - done, sector_bytes - offset % sector_bytes);
    part(offset / sector_bytes, static_cast<std::int64_t>(offset), bytes.substr(done, length));
    done += length;
  }
}

std::size_t up_to(std::size_t most, std::mt19937& random) {
  return std::uniform_int_distribution<std::size_t>(0, most)(random);
}

// The first changes have reached the disk, one of them in part.
std::string with_first_changes(const TrackedFile& file, std::mt19937& random) {
  std::string content = file.synced;
  const auto whole = up_to(file.unsynced.size(), random);
  for (std::size_t i = 0; i < whole; ++i) apply(content, file.unsynced[i]);
  if (whole < file.unsynced.size() && file.unsynced[whole].bytes) {
    const auto& torn = file.unsynced[whole];
    put(content, torn.offset, std::string_view(*torn.bytes).substr(0, up_to(torn.bytes->size(), random)));
  }
  return content;
}

// Each sector stands as it was after any of the writes to it, or in the middle of one.
std::string with_any_sectors(const TrackedFile& file, std::mt19937& random) {
  std::unordered_map<std::size_t, std::size_t> writes, kept;
  for (const auto& change : file.unsynced) {
    if (change.bytes) for_each_sector(change, [&](auto sector, auto, auto) { ++writes[sector]; });
  }
  const double share = std::uniform_real_distribution<double>(0, 1)(random);
  std::bernoulli_distribution reached(share), torn(0.02);
  for (const auto& change : file.unsynced) {
    if (!change.bytes) continue;
    for_each_sector(change, [&](auto sector, auto, auto) {
      if (!kept.contains(sector)) kept[sector] = reached(random) ? 1 + up_to(writes[sector] - 1, random) : 0;
    });
  }
  std::string content = file.synced;
  for (const auto& change : file.unsynced) {
    if (!change.bytes) {
      if (reached(random)) apply(content, change);
      continue;
    }
    for_each_sector(change, [&](auto sector, auto offset, std::string_view bytes) {
      auto& left = kept[sector];
      if (left == 0) return;
      --left;
      put(content, offset, left == 0 && torn(random) ? bytes.substr(0, up_to(bytes.size(), random)) : bytes);
    });
  }
  return content;
}

std::string after_power_loss(const TrackedFile& file, std::mt19937& random) {
  if (file.unsynced.empty()) return file.synced;
  switch (up_to(9, random)) {
    case 0:
      return file.synced;
    case 1: {
      std::string content = file.synced;
      for (const auto& change : file.unsynced) apply(content, change);
      return content;
    }
    case 2:
    case 3:
    case 4:
      return with_first_changes(file, random);
    default:
      return with_any_sectors(file, random);
  }
}

}  // namespace

struct FaultyDisk::State {
  sqlite3_vfs vfs{};  // first: SQLite hands it back to us
  sqlite3_vfs* platform = sqlite3_vfs_find(nullptr);
  std::string name;
  std::filesystem::path folder;
  std::map<std::string, TrackedFile> files;
  std::function<void()> watcher;
  std::int64_t changes = 0;
  bool ignores_syncs = false;
  bool keeps_synchronous = false;

  DiskCall failing = DiskCall::open;
  std::int64_t countdown = 0;  // 0: nothing fails
  bool lasting = false;
  bool full = false;
  bool has_failed = false;

  // True when this call is to fail.
  bool strikes(DiskCall call) {
    if (countdown == 0 || call != failing) return false;
    if (countdown > 1) return --countdown, false;
    has_failed = true;
    if (!lasting) countdown = 0;
    return true;
  }
  void changed() {
    ++changes;
    if (watcher) watcher();
  }
};

namespace {

using State = FaultyDisk::State;

struct OpenFile {
  sqlite3_file base;
  State* disk;
  TrackedFile* file;  // null: not followed
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

OpenFile& open_file(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file); }
State& state_of(sqlite3_vfs* vfs) { return *static_cast<State*>(vfs->pAppData); }

template <class Call>
int change(OpenFile& file, const Call& call) {
  file.disk->changed();
  const int code = call();
  file.disk->changed();
  return code;
}

int write_part(OpenFile& file, const void* bytes, int length, sqlite3_int64 offset) {
  const int code = file.real()->pMethods->xWrite(file.real(), bytes, length, offset);
  if (code == SQLITE_OK && file.file) {
    file.file->unsynced.push_back(
        {offset, std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(length))});
  }
  return code;
}

int x_close(sqlite3_file* file) { return open_file(file).real()->pMethods->xClose(open_file(file).real()); }

int x_read(sqlite3_file* file, void* bytes, int length, sqlite3_int64 offset) {
  auto& own = open_file(file);
  if (own.disk->strikes(DiskCall::read)) return SQLITE_IOERR_READ;
  return own.real()->pMethods->xRead(own.real(), bytes, length, offset);
}

int x_write(sqlite3_file* file, const void* bytes, int length, sqlite3_int64 offset) {
  auto& own = open_file(file);
  return change(own, [&] {
    if (own.disk->strikes(DiskCall::write)) {
      write_part(own, bytes, length / 2, offset);
      return own.disk->full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    }
    return write_part(own, bytes, length, offset);
  });
}

int x_truncate(sqlite3_file* file, sqlite3_int64 size) {
  auto& own = open_file(file);
  return change(own, [&] {
    if (own.disk->strikes(DiskCall::truncate)) return SQLITE_IOERR_TRUNCATE;
    const int code = own.real()->pMethods->xTruncate(own.real(), size);
    if (code == SQLITE_OK && own.file) own.file->unsynced.push_back({size, {}});
    return code;
  });
}

// The file that we follow is durable without asking the real disk.
int x_sync(sqlite3_file* file, int) {
  auto& own = open_file(file);
  return change(own, [&] {
    const bool fails = own.disk->strikes(DiskCall::sync);
    if (own.file && !own.disk->ignores_syncs) {
      if (!fails) {
        for (const auto& done : own.file->unsynced) apply(own.file->synced, done);
        own.file->named_durably = true;
        own.file->old.reset();
      }
      own.file->unsynced.clear();
    }
    return fails ? SQLITE_IOERR_FSYNC : SQLITE_OK;
  });
}

int x_file_size(sqlite3_file* file, sqlite3_int64* size) {
  auto& own = open_file(file);
  if (own.disk->strikes(DiskCall::size)) return SQLITE_IOERR_FSTAT;
  return own.real()->pMethods->xFileSize(own.real(), size);
}

int x_lock(sqlite3_file* file, int level) {
  auto& own = open_file(file);
  if (own.disk->strikes(DiskCall::lock)) return SQLITE_IOERR_LOCK;
  return own.real()->pMethods->xLock(own.real(), level);
}

int x_unlock(sqlite3_file* file, int level) {
  return open_file(file).real()->pMethods->xUnlock(open_file(file).real(), level);
}

int x_check_reserved_lock(sqlite3_file* file, int* held) {
  return open_file(file).real()->pMethods->xCheckReservedLock(open_file(file).real(), held);
}

int x_file_control(sqlite3_file* file, int operation, void* argument) {
  auto& own = open_file(file);
  if (operation == SQLITE_FCNTL_PRAGMA && own.disk->keeps_synchronous) {
    const char* const* words = static_cast<char**>(argument);
    if (std::strcmp(words[1], "synchronous") == 0 && words[2] != nullptr) return SQLITE_OK;  // done, says this
  }
  return own.real()->pMethods->xFileControl(own.real(), operation, argument);
}

int x_sector_size(sqlite3_file* file) { return open_file(file).real()->pMethods->xSectorSize(open_file(file).real()); }
int x_device(sqlite3_file* file) {
  return open_file(file).real()->pMethods->xDeviceCharacteristics(open_file(file).real());
}

int x_shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** memory) {
  auto& own = open_file(file);
  if (own.disk->strikes(DiskCall::shared_map)) return SQLITE_IOERR_SHMMAP;
  return own.real()->pMethods->xShmMap(own.real(), page, size, extend, memory);
}

int x_shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  auto& own = open_file(file);
  if ((flags & SQLITE_SHM_LOCK) != 0 && own.disk->strikes(DiskCall::shared_lock)) return SQLITE_IOERR_SHMLOCK;
  return own.real()->pMethods->xShmLock(own.real(), offset, count, flags);
}

void x_shm_barrier(sqlite3_file* file) { open_file(file).real()->pMethods->xShmBarrier(open_file(file).real()); }

int x_shm_unmap(sqlite3_file* file, int remove) {
  return open_file(file).real()->pMethods->xShmUnmap(open_file(file).real(), remove);
}

const sqlite3_io_methods methods = {2,
                                    x_close,
                                    x_read,
                                    x_write,
                                    x_truncate,
                                    x_sync,
                                    x_file_size,
                                    x_lock,
                                    x_unlock,
                                    x_check_reserved_lock,
                                    x_file_control,
                                    x_sector_size,
                                    x_device,
                                    x_shm_map,
                                    x_shm_lock,
                                    x_shm_barrier,
                                    x_shm_unmap,
                                    nullptr,
                                    nullptr};

// The file of that name from now on; null when it is not to be followed.
TrackedFile* follow(State& disk, const char* path) {
  if (!path) return nullptr;
  const std::filesystem::path file(path);
  if (file.parent_path() != disk.folder) return nullptr;
  const bool is_there = std::filesystem::exists(file);
  const auto [at, fresh] = disk.files.try_emplace(file.filename().string());
  auto& tracked = at->second;
  if (fresh && is_there) tracked.synced = bytes_of(file);
  if (!is_there) {
    auto old = tracked.removed ? std::optional(std::move(tracked.synced)) : std::nullopt;
    tracked = {.named_durably = false, .old = std::move(old)};
  }
  return &tracked;
}

int x_open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  auto& disk = state_of(vfs);
  auto& own = open_file(file);
  std::memset(file, 0, sizeof own);
  if (disk.strikes(DiskCall::open)) return SQLITE_CANTOPEN;
  auto* const tracked = follow(disk, path);
  const int code = disk.platform->xOpen(disk.platform, path, own.real(), flags, out_flags);
  if (code != SQLITE_OK) return code;
  own.disk = &disk;
  own.file = tracked;
  own.base.pMethods = &methods;
  return SQLITE_OK;
}

int x_delete(sqlite3_vfs* vfs, const char* path, int sync_folder) {
  auto& disk = state_of(vfs);
  if (disk.strikes(DiskCall::remove)) return SQLITE_IOERR_DELETE;
  disk.changed();
  const int code = disk.platform->xDelete(disk.platform, path, 0);
  const auto found = disk.files.find(std::filesystem::path(path).filename().string());
  if (code == SQLITE_OK && found != disk.files.end()) {
    sync_folder != 0 ? void(disk.files.erase(found)) : void(found->second.removed = true);
  }
  disk.changed();
  return code;
}

int x_access(sqlite3_vfs* vfs, const char* path, int flags, int* answer) {
  auto& disk = state_of(vfs);
  if (disk.strikes(DiskCall::access)) return SQLITE_IOERR_ACCESS;
  return disk.platform->xAccess(disk.platform, path, flags, answer);
}

int x_full_pathname(sqlite3_vfs* vfs, const char* path, int length, char* out) {
  return state_of(vfs).platform->xFullPathname(state_of(vfs).platform, path, length, out);
}
int x_randomness(sqlite3_vfs* vfs, int length, char* out) {
  return state_of(vfs).platform->xRandomness(state_of(vfs).platform, length, out);
}
int x_sleep(sqlite3_vfs* vfs, int microseconds) {
  return state_of(vfs).platform->xSleep(state_of(vfs).platform, microseconds);
}
int x_current_time(sqlite3_vfs* vfs, double* out) {
  return state_of(vfs).platform->xCurrentTime(state_of(vfs).platform, out);
}
int x_last_error(sqlite3_vfs* vfs, int length, char* out) {
  return state_of(vfs).platform->xGetLastError(state_of(vfs).platform, length, out);
}

std::string forced_synchronous;

int force_setting(sqlite3* connection, char**, const sqlite3_api_routines*) {
  const char* file = sqlite3_db_filename(connection, "main");
  sqlite3_file* opened = nullptr;
  sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &opened);
  if (!file || !opened || opened->pMethods != &methods) return SQLITE_OK;
  auto& disk = *open_file(opened).disk;
  disk.keeps_synchronous = false;
  const auto pragma = "PRAGMA synchronous=" + forced_synchronous;
  const int code = sqlite3_exec(connection, pragma.c_str(), nullptr, nullptr, nullptr);
  disk.keeps_synchronous = true;
  return code;
}

}  // namespace

std::string_view to_string(DiskCall call) {
  static constexpr std::string_view names[] = {"open", "read",   "write",  "sync",       "truncate",   "size",
                                               "lock", "remove", "access", "shared_map", "shared_lock"};
  return names[static_cast<std::size_t>(call)];
}

void write_image(const DiskImage& image, const std::filesystem::path& folder) {
  for (const auto& [name, bytes] : image) {
    std::ofstream(folder / name, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
}

DiskImage read_image(const std::filesystem::path& folder) {
  DiskImage image;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto name = entry.path().filename().string();
    if (entry.is_regular_file() && !name.ends_with("-shm") && !name.ends_with(".lock"))
      image[name] = bytes_of(entry.path());
  }
  return image;
}

std::string integrity_of(const std::filesystem::path& database) {
  sqlite3* connection = nullptr;
  std::string found;
  const auto take = [](void* text, int, char** values, char**) {
    static_cast<std::string*>(text)->append(values[0]);
    return 0;
  };
  if (sqlite3_open_v2(database.c_str(), &connection, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK ||
      sqlite3_exec(connection, "PRAGMA integrity_check(3)", take, &found, nullptr) != SQLITE_OK) {
    found += sqlite3_errmsg(connection);
  }
  sqlite3_close(connection);
  return found;
}

FaultyDisk::FaultyDisk(std::filesystem::path folder) : state_(std::make_unique<State>()) {
  static int count = 0;
  auto& state = *state_;
  state.name = "faulty-disk-" + std::to_string(++count);
  state.folder = std::move(folder);
  state.vfs.iVersion = 1;
  state.vfs.szOsFile = static_cast<int>(sizeof(OpenFile)) + state.platform->szOsFile;
  state.vfs.mxPathname = state.platform->mxPathname;
  state.vfs.zName = state.name.c_str();
  state.vfs.pAppData = &state;
  state.vfs.xOpen = x_open;
  state.vfs.xDelete = x_delete;
  state.vfs.xAccess = x_access;
  state.vfs.xFullPathname = x_full_pathname;
  state.vfs.xRandomness = x_randomness;
  state.vfs.xSleep = x_sleep;
  state.vfs.xCurrentTime = x_current_time;
  state.vfs.xGetLastError = x_last_error;
  sqlite3_vfs_register(&state.vfs, 0);
}

FaultyDisk::FaultyDisk(std::filesystem::path folder, const FaultyDisk& before) : FaultyDisk(std::move(folder)) {
  write_image(before.after_process_end(), state_->folder);
  state_->files = before.state_->files;
}

FaultyDisk::~FaultyDisk() {
  sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(force_setting));
  sqlite3_vfs_unregister(&state_->vfs);
}

const std::string& FaultyDisk::vfs() const { return state_->name; }
const std::filesystem::path& FaultyDisk::folder() const { return state_->folder; }

void FaultyDisk::fail(DiskCall call, std::int64_t kth, bool lasting) {
  state_->failing = call;
  state_->countdown = kth;
  state_->lasting = lasting;
  state_->full = false;
  state_->has_failed = false;
}
void FaultyDisk::fill(std::int64_t kth_write) {
  fail(DiskCall::write, kth_write, true);
  state_->full = true;
}
void FaultyDisk::heal() { state_->countdown = 0; }
bool FaultyDisk::has_failed() const { return state_->has_failed; }
void FaultyDisk::ignore_syncs() { state_->ignores_syncs = true; }
void FaultyDisk::force_synchronous(std::string_view setting) {
  forced_synchronous = setting;
  state_->keeps_synchronous = true;
  sqlite3_auto_extension(reinterpret_cast<void (*)()>(force_setting));
}

void FaultyDisk::watch(std::function<void()> watcher) { state_->watcher = std::move(watcher); }
std::int64_t FaultyDisk::changes() const { return state_->changes; }

void FaultyDisk::checkpoint(const std::filesystem::path& database) const {
  sqlite3* connection = nullptr;
  if (sqlite3_open_v2(database.c_str(), &connection, SQLITE_OPEN_READWRITE, vfs().c_str()) == SQLITE_OK)
    sqlite3_wal_checkpoint_v2(connection, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  sqlite3_close(connection);
}

DiskImage FaultyDisk::after_power_loss(std::mt19937& random) const {
  DiskImage image;
  for (const auto& [name, file] : state_->files) {
    if (name.ends_with("-shm")) continue;
    auto content = testing::after_power_loss(file, random);
    const bool coin = up_to(1, random) == 0;
    if (file.removed || (!file.named_durably && !file.old)) {
      if (coin) image[name] = std::move(content);
    } else {
      image[name] = !file.named_durably && coin ? *file.old : std::move(content);
    }
  }
  return image;
}

DiskImage FaultyDisk::after_process_end() const { return read_image(state_->folder); }

}  // namespace backupctl::testing
