#include "soci/ground/sqlite_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "soci/ground/lock_file.hpp"
#include "soci/ground/sqlite_raw.hpp"

namespace backupctl::soci {

namespace {

Error failed(std::string_view what, const std::filesystem::path& path, int error) {
  const std::string detail = "cannot " + std::string(what) + " " + path.string() + ": " + std::strerror(error);
  if (error == ENOSPC || error == EDQUOT) return {ErrorKind::unavailable, detail, true, "store-full", {}};
  if (error == EIO) return {ErrorKind::unavailable, detail, true, "store-io-error", {}};
  return {ErrorKind::unavailable, detail, false, "store-no-permission", {}};
}

Error missing(std::string detail) { return {ErrorKind::not_found, std::move(detail), false, "store-missing", {}}; }

std::uint32_t big_endian(const unsigned char* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

// The process's one descriptor per database file. Thread-safe.
class OpenFiles {
 public:
  static OpenFiles& instance() {
    static OpenFiles& files = *new OpenFiles;  // never destroyed: stores may live as long as the process
    return files;
  }

  Result<SqliteHeader> read(const std::filesystem::path& path, const struct stat& status) {
    const Key key{status.st_dev, status.st_ino};
    const std::lock_guard lock{mutex_};
    auto found = files_.find(key);
    if (found == files_.end()) {
      Descriptor descriptor{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
      if (!descriptor) return failed("read", path, errno);
      found = files_.emplace(key, File{std::move(descriptor), 0}).first;
    }
    ++found->second.users;
    SqliteHeader header;
    header.file = {path, key.first, key.second,
                   std::shared_ptr<const void>(this, [key](const void*) { instance().release(key); })};

    std::array<unsigned char, 100> bytes{};
    const ssize_t length = ::pread(found->second.descriptor.get(), bytes.data(), bytes.size(), 0);
    if (length < 0) return failed("read", path, errno);
    static constexpr char magic[] = "SQLite format 3";
    header.is_sqlite =
        length == static_cast<ssize_t>(bytes.size()) && std::memcmp(bytes.data(), magic, sizeof magic) == 0;
    header.schema = big_endian(&bytes[60]);
    header.application_id = big_endian(&bytes[68]);
    return header;
  }

 private:
  using Key = std::pair<dev_t, ino_t>;
  struct File {
    Descriptor descriptor;
    int users;
  };

  void release(Key key) {
    const std::lock_guard lock{mutex_};
    const auto found = files_.find(key);
    if (--found->second.users == 0) files_.erase(found);
  }

  std::mutex mutex_;
  std::map<Key, File> files_;
};

Result<void> write_durably(int fd, std::string_view bytes, const std::filesystem::path& path) {
  if (::ftruncate(fd, 0) != 0) return failed("write", path, errno);
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t written = ::pwrite(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (written < 0) {
      if (errno == EINTR) continue;
      return failed("write", path, errno);
    }
    done += static_cast<std::size_t>(written);
  }
  if (::fsync(fd) != 0) return failed("write", path, errno);
  return {};
}

Result<void> sync_folder(const std::filesystem::path& folder) {
  const Descriptor descriptor{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!descriptor || ::fsync(descriptor.get()) != 0) return failed("write the folder", folder, errno);
  return {};
}

// Locked by us and still the file of that name.
Result<LockFile> open_draft(const std::filesystem::path& draft) {
  for (;;) {
    auto file = LockFile::open(draft);
    if (!file) return file;
    if (::flock(file->fd(), LOCK_EX) != 0) return failed("lock", draft, errno);
    struct stat ours {
    }, named{};
    if (::fstat(file->fd(), &ours) == 0 && ::stat(draft.c_str(), &named) == 0 && ours.st_ino == named.st_ino)
      return file;
  }
}

}  // namespace

bool is_still_there(const SqliteFile& file) {
  struct stat status {};
  return ::stat(file.path.c_str(), &status) == 0 && status.st_dev == file.device && status.st_ino == file.inode;
}

Result<SqliteHeader> read_sqlite_header(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return missing("there is no store at " + path.string());
    return failed("look at", path, errno);
  }
  if (!S_ISREG(status.st_mode)) {
    return Error{ErrorKind::corrupt,
                 path.string() + (S_ISDIR(status.st_mode) ? " is a folder" : " is no regular file"),
                 false,
                 "store-is-a-folder",
                 {}};
  }
  if (status.st_size == 0) {
    return Error{ErrorKind::corrupt,
                 path.string() + " is an empty file, not a store; if it was never one, remove it and start again",
                 false,
                 "store-empty",
                 {}};
  }
  if (::access(path.c_str(), R_OK | W_OK) != 0) return failed("read and write", path, errno);
  return OpenFiles::instance().read(path, status);
}

std::filesystem::path trace_of_store(const std::filesystem::path& path) {
  for (const auto* suffix : {"-wal", "-journal", ".gate.lock", ".writer.lock"}) {
    std::filesystem::path trace = path.string() + suffix;
    struct stat status {};
    if (::lstat(trace.c_str(), &status) == 0) return trace;
  }
  return {};
}

Result<void> create_sqlite_file(const std::filesystem::path& path, std::int32_t application_id) {
  const auto folder = path.parent_path();
  if (::mkdir(folder.c_str(), 0750) == 0) {
    if (auto synced = sync_folder(folder.parent_path()); !synced) return synced;
  } else if (errno == ENOENT) {
    return missing("there is no folder " + folder.parent_path().string() + " to make the store in");
  } else if (errno != EEXIST) {
    return failed("make the folder", folder, errno);
  }

  auto bytes = raw::empty_database(application_id);
  if (!bytes) return std::move(bytes).error();
  const std::filesystem::path draft = path.string() + ".new";
  auto file = open_draft(draft);
  if (!file) return std::move(file).error();
  if (auto written = write_durably(file->fd(), *bytes, draft); !written) return written;
  const int linked = ::link(draft.c_str(), path.c_str()) == 0 ? 0 : errno;
  ::unlink(draft.c_str());
  if (linked != 0 && linked != EEXIST) return failed("make", path, linked);
  return sync_folder(folder);
}

Result<void> name_durably(const std::filesystem::path& draft, const std::filesystem::path& path) {
  {
    const Descriptor descriptor{::open(draft.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (!descriptor || ::fsync(descriptor.get()) != 0) return failed("write", draft, errno);
  }
  if (::link(draft.c_str(), path.c_str()) != 0) {
    if (errno != EEXIST) return failed("make", path, errno);
    return Error{ErrorKind::conflict, path.string() + " exists already", false, "file-exists", {}};
  }
  ::unlink(draft.c_str());
  return sync_folder(path.has_parent_path() ? path.parent_path() : std::filesystem::path("."));
}

}  // namespace backupctl::soci
