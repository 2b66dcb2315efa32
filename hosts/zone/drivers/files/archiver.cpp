#include "zone/drivers/files/archiver.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>

namespace backupctl::zone::files {
namespace {

// A file in more pieces than this is stored whole.
constexpr std::size_t most_ranges = 10'000;

bool same_time(const timespec& a, const timespec& b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

// Where the data of a file with holes lies; nothing for one without.
std::vector<DataRange> data_ranges(int file, const struct stat& info) {
  std::vector<DataRange> ranges;
  if (info.st_size == 0 || info.st_blocks >= (info.st_size + 511) / 512) return ranges;
  for (off_t position = 0; position < info.st_size;) {
    const off_t data = ::lseek(file, position, SEEK_DATA);
    if (data < 0 && errno != ENXIO) return {};
    if (data < 0 || data >= info.st_size) break;
    const off_t hole = ::lseek(file, data, SEEK_HOLE);
    if (hole <= data || ranges.size() == most_ranges) return {};
    ranges.push_back({data, std::min<off_t>(hole, info.st_size) - data});
    position = hole;
  }
  if (ranges.empty()) ranges.push_back({info.st_size, 0});
  return ranges;
}

class Archiver final : public Visitor {
 public:
  Archiver(ArchiveWriter& writer, Monitor& monitor, ItemErrors& item_errors)
      : writer_(writer), monitor_(monitor), item_errors_(item_errors), buffer_(block_bytes), zeros_(block_bytes) {}

  bool visit(const Found& found) override {
    if (failure_) return false;
    if (monitor_.wish() != Wish::go_on) return fail({ErrorKind::overloaded, "told to end", true, {}, {}});
    const auto member = found.path.empty() ? std::string("./") : "./" + found.path;
    switch (found.info.st_mode & S_IFMT) {
      case S_IFDIR:
        return keep(writer_.begin(member, found.info));
      case S_IFREG:
        return file(found, member);
      case S_IFLNK:
        return symbolic_link(found, member);
      case S_IFSOCK:
        return left_out(found.path, "a socket"), true;
      case S_IFIFO:
        return left_out(found.path, "a named pipe"), true;
      default:
        return left_out(found.path, "a device"), true;
    }
  }

  void left_out(const std::string& path, std::string detail) override { item_errors_.add(path, std::move(detail)); }

  // A regular file that is open already. False: the archive failed.
  bool opened_file(const std::string& path, const std::string& member, int fd, const struct stat& info) {
    const auto ranges = data_ranges(fd, info);
    if (auto begun = writer_.begin(member, info, ranges); !begun) return fail(std::move(begun).error());
    const bool is_whole = copy_data(path, fd, info, ranges);
    if (failure_) return false;
    if (auto ended = writer_.end(); !ended) return fail(std::move(ended).error());
    struct stat after {};
    if (is_whole && ::fstat(fd, &after) == 0 &&
        (after.st_size != info.st_size || !same_time(after.st_mtim, info.st_mtim))) {
      item_errors_.add(path, after.st_size > info.st_size
                                 ? "grew while it was read: kept at its size when it was opened"
                                 : "was changed while it was read");
    }
    monitor_.add(1, 0);
    return true;
  }

  std::optional<Error>& failure() { return failure_; }

 private:
  bool fail(Error error) {
    failure_ = std::move(error);
    return false;
  }
  bool keep(Result<void> result) {
    if (!result) return fail(std::move(result).error());
    monitor_.add(1, 0);
    return true;
  }

  bool file(const Found& found, const std::string& member) {
    int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    UniqueFd fd{::openat(found.folder, found.name, flags | O_NOATIME)};
    if (!fd && errno == EPERM)
      fd = UniqueFd{::openat(found.folder, found.name, flags)};  // not ours: the time of access moves
    struct stat info {};
    if (!fd || ::fstat(fd.get(), &info) != 0) {
      const int error = errno;
      left_out(found.path, error == ENOENT ? "vanished before it was read"
                                           : std::string("cannot be opened: ") + std::strerror(error));
      return true;
    }
    if (!S_ISREG(info.st_mode)) return left_out(found.path, "was replaced by something else before it was read"), true;
    if (info.st_nlink > 1) {
      const auto [place, is_first] = first_names_.try_emplace({info.st_dev, info.st_ino}, member);
      if (!is_first) return keep(writer_.hard_link(member, info, place->second));
    }
    return opened_file(found.path, member, fd.get(), info);
  }

  bool symbolic_link(const Found& found, const std::string& member) {
    std::string target(PATH_MAX, '\0');
    const auto size = ::readlinkat(found.folder, found.name, target.data(), target.size());
    if (size < 0) {
      left_out(found.path, std::string("cannot be read: ") + std::strerror(errno));
      return true;
    }
    target.resize(static_cast<std::size_t>(size));
    return keep(writer_.symbolic_link(member, found.info, target));
  }

  // False when the data is not what the file had, which has been told, or when the archive failed.
  bool copy_data(const std::string& path, int fd, const struct stat& info, const std::vector<DataRange>& ranges) {
    if (ranges.empty()) return copy_range(path, fd, 0, info.st_size);
    off_t position = 0;
    bool is_whole = true;
    for (const auto& range : ranges) {
      if (!fill(range.offset - position, true)) return false;
      if (is_whole) {
        is_whole = copy_range(path, fd, range.offset, range.offset + range.size);
        if (failure_) return false;
      } else if (!fill(range.size, false)) {
        return false;
      }
      position = range.offset + range.size;
    }
    return fill(info.st_size - position, true) && is_whole;
  }

  bool copy_range(const std::string& path, int fd, off_t begin, off_t end) {
    for (off_t position = begin; position < end;) {
      if (monitor_.wish() != Wish::go_on) return fail({ErrorKind::overloaded, "told to end", true, {}, {}});
      const auto wanted = std::min<off_t>(end - position, static_cast<off_t>(buffer_.size()));
      const auto size = ::pread(fd, buffer_.data(), static_cast<std::size_t>(wanted), position);
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) {
        item_errors_.add(path, (size == 0 ? std::string("shrank while it was read")
                                          : std::string("cannot be read: ") + std::strerror(errno)) +
                                   ": filled with zeros from byte " + std::to_string(position));
        fill(end - position, false);
        return false;
      }
      if (auto done = writer_.data({buffer_.data(), static_cast<std::size_t>(size)}, false); !done) {
        return fail(std::move(done).error());
      }
      monitor_.add(0, size);
      position += size;
    }
    return true;
  }

  bool fill(std::int64_t size, bool is_hole) {
    while (size > 0) {
      if (monitor_.wish() != Wish::go_on) return fail({ErrorKind::overloaded, "told to end", true, {}, {}});
      const auto part = std::min<std::int64_t>(size, static_cast<std::int64_t>(zeros_.size()));
      if (auto done = writer_.data({zeros_.data(), static_cast<std::size_t>(part)}, is_hole); !done) {
        return fail(std::move(done).error());
      }
      size -= part;
    }
    return true;
  }

  ArchiveWriter& writer_;
  Monitor& monitor_;
  ItemErrors& item_errors_;
  std::vector<char> buffer_;
  const std::vector<char> zeros_;
  std::map<std::pair<dev_t, ino_t>, std::string> first_names_;
  std::optional<Error> failure_;
};

class Counter final : public Visitor {
 public:
  explicit Counter(Monitor& monitor) : monitor_(monitor) {}
  bool visit(const Found& found) override {
    monitor_.add_total(1, S_ISREG(found.info.st_mode) ? found.info.st_size : 0);
    return monitor_.wish() == Wish::go_on;
  }
  void left_out(const std::string&, std::string) override {}

 private:
  Monitor& monitor_;
};

}  // namespace

Result<WrittenArchive> archive_source(const OpenedSource& source, int archive, Compression compression,
                                      const std::vector<FileIdentity>& skipped, Monitor& monitor,
                                      ItemErrors& item_errors) {
  ArchiveWriter writer{archive, compression};
  if (auto opened = writer.open(); !opened) return std::move(opened).error();
  Archiver archiver{writer, monitor, item_errors};
  if (S_ISDIR(source.info.st_mode)) {
    walk(source.fd.get(), archiver, skipped);
  } else {
    archiver.opened_file(source.name, "./" + source.name, source.fd.get(), source.info);
  }
  if (archiver.failure()) return *std::move(archiver.failure());
  return writer.close();
}

void count_source(const OpenedSource& source, const std::vector<FileIdentity>& skipped, Monitor& monitor) {
  if (!S_ISDIR(source.info.st_mode)) return monitor.add_total(1, source.info.st_size);
  Counter counter{monitor};
  walk(source.fd.get(), counter, skipped);
}

}  // namespace backupctl::zone::files
