#include "zone/drivers/files/archive_reader.hpp"

#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace backupctl::zone::files {
namespace {

class Reader {
 public:
  Reader(int fd, const Monitor& monitor)
      : fd_(fd), monitor_(monitor), buffer_(block_bytes), archive_(archive_read_new(), &archive_read_free) {}

  Result<WrittenArchive> run() {
    archive_read_support_filter_zstd(archive_.get());
    archive_read_support_format_tar(archive_.get());
    if (archive_read_open(archive_.get(), this, nullptr, &Reader::read, nullptr) != ARCHIVE_OK) return failure();
    struct archive_entry* entry = nullptr;
    for (;;) {
      const int answer = archive_read_next_header(archive_.get(), &entry);
      if (answer == ARCHIVE_EOF) break;
      if (answer < ARCHIVE_WARN) return failure();
      if (auto done = member(entry); !done) return std::move(done).error();
    }
    // Whatever is behind the end of the archive belongs to the file, and so to its hash.
    const void* rest = nullptr;
    for (;;) {
      const auto size = read(archive_.get(), this, &rest);
      if (size < 0) return failure();
      if (size == 0) break;
    }
    return WrittenArchive{hash_.finish(), bytes_, content_.finish(), entries_};
  }

 private:
  Result<void> member(struct archive_entry* entry) {
    std::string_view path = archive_entry_pathname(entry);
    const bool is_link = archive_entry_hardlink(entry) != nullptr;
    const auto type = archive_entry_filetype(entry);
    const auto size = !is_link && type == AE_IFREG ? archive_entry_size(entry) : 0;
    if (type == AE_IFDIR && path.size() > 2 && path.ends_with('/')) path.remove_suffix(1);
    ++entries_;
    content_.update(path);
    content_.update("\n" + std::to_string(is_link ? AE_IFREG : type) + " " + std::to_string(size) + "\n");
    for (;;) {
      const void* block = nullptr;
      std::size_t block_size = 0;
      la_int64_t offset = 0;
      const int answer = archive_read_data_block(archive_.get(), &block, &block_size, &offset);
      if (answer == ARCHIVE_EOF) return {};
      if (answer < ARCHIVE_WARN) return failure();
      content_.update(block, block_size);
    }
  }

  Error failure() const {
    if (monitor_.wish() != Wish::go_on) return {ErrorKind::overloaded, "told to end", true, {}, {}};
    const char* text = archive_error_string(archive_.get());
    return {ErrorKind::corrupt,
            std::string("the archive cannot be read back: ") + (text ? text : "no reason known"),
            false,
            "verification-failed",
            {}};
  }

  static la_ssize_t read(struct archive* archive, void* self, const void** block) {
    auto& reader = *static_cast<Reader*>(self);
    if (reader.monitor_.wish() != Wish::go_on) return -1;
    for (;;) {
      const auto size = ::read(reader.fd_, reader.buffer_.data(), reader.buffer_.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) {
        archive_set_error(archive, errno, "%s", std::strerror(errno));
        return -1;
      }
      reader.hash_.update(reader.buffer_.data(), static_cast<std::size_t>(size));
      reader.bytes_ += size;
      *block = reader.buffer_.data();
      return size;
    }
  }

  int fd_;
  const Monitor& monitor_;
  std::vector<char> buffer_;
  std::unique_ptr<struct archive, int (*)(struct archive*)> archive_;
  Sha256 hash_;
  Sha256 content_;
  std::int64_t bytes_ = 0;
  std::int64_t entries_ = 0;
};

}  // namespace

Result<WrittenArchive> read_back(int fd, const Monitor& monitor) {
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  if (::lseek(fd, 0, SEEK_SET) < 0) {
    return Error{ErrorKind::corrupt,
                 std::string("the archive cannot be read back: ") + std::strerror(errno),
                 false,
                 "verification-failed",
                 {}};
  }
  return Reader{fd, monitor}.run();
}

}  // namespace backupctl::zone::files
