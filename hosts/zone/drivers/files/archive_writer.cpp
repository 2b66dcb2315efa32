#include "zone/drivers/files/archive_writer.hpp"

#include <archive_entry.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace backupctl::zone::files {

ArchiveWriter::ArchiveWriter(int fd, Compression compression)
    : fd_(fd), compression_(compression), archive_(archive_write_new()), entry_(archive_entry_new()) {}

ArchiveWriter::~ArchiveWriter() {
  if (open_) {
    // Abandoned: nothing more is written, an entry half-way is not padded to its size. Only closing frees libarchive's
    // buffers, also after a failure.
    discard_ = true;
    archive_write_fail(archive_);
    archive_write_close(archive_);
  }
  archive_write_free(archive_);
  archive_entry_free(entry_);
}

la_ssize_t ArchiveWriter::write(struct archive* archive, void* self, const void* buffer, std::size_t size) {
  auto& writer = *static_cast<ArchiveWriter*>(self);
  if (writer.discard_) return static_cast<la_ssize_t>(size);
  const auto* next = static_cast<const char*>(buffer);
  for (std::size_t left = size; left > 0;) {
    const auto written = ::write(writer.fd_, next, left);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      writer.error_ = written < 0 ? errno : EIO;
      archive_set_error(archive, writer.error_, "%s", std::strerror(writer.error_));
      return -1;
    }
    next += written;
    left -= static_cast<std::size_t>(written);
  }
  writer.hash_.update(buffer, size);
  writer.bytes_ += static_cast<std::int64_t>(size);
  return static_cast<la_ssize_t>(size);
}

Error ArchiveWriter::failure() const {
  const char* text = archive_error_string(archive_);
  return {ErrorKind::unavailable,
          std::string("cannot write the archive: ") + (text ? text : "libarchive says no more"),
          true,
          error_ == ENOSPC || error_ == EDQUOT ? "storage-full" : "storage-failed",
          {}};
}

Result<void> ArchiveWriter::open() {
  const auto options = "zstd:compression-level=" + std::to_string(compression_.level) +
                       ",zstd:threads=" + std::to_string(compression_.threads);
  if (archive_write_set_format_pax(archive_) != ARCHIVE_OK || archive_write_add_filter_zstd(archive_) != ARCHIVE_OK ||
      archive_write_set_options(archive_, options.c_str()) != ARCHIVE_OK ||
      archive_write_set_bytes_per_block(archive_, static_cast<int>(block_bytes)) != ARCHIVE_OK ||
      archive_write_set_bytes_in_last_block(archive_, 1) != ARCHIVE_OK ||
      archive_write_open(archive_, this, nullptr, &ArchiveWriter::write, nullptr) != ARCHIVE_OK) {
    return failure();
  }
  open_ = true;
  return {};
}

Result<void> ArchiveWriter::header(const std::string& path, const struct stat& info, const std::string* symlink,
                                   const std::string* hardlink, const std::vector<DataRange>* data) {
  archive_entry_clear(entry_);
  archive_entry_copy_pathname(entry_, path.c_str());
  archive_entry_set_mode(entry_, info.st_mode);
  archive_entry_set_uid(entry_, info.st_uid);
  archive_entry_set_gid(entry_, info.st_gid);
  archive_entry_set_mtime(entry_, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
  archive_entry_set_size(entry_, data ? info.st_size : 0);
  if (symlink) archive_entry_copy_symlink(entry_, symlink->c_str());
  if (hardlink) archive_entry_copy_hardlink(entry_, hardlink->c_str());
  if (data) {
    for (const auto& range : *data) archive_entry_sparse_add_entry(entry_, range.offset, range.size);
  }
  // A warning is about a name that is no UTF-8: it is in the archive as it is.
  if (archive_write_header(archive_, entry_) < ARCHIVE_WARN) return failure();
  ++entries_;
  content_.update(path);
  content_.update("\n" + std::to_string(info.st_mode & S_IFMT) + " " + std::to_string(data ? info.st_size : 0) + "\n");
  return {};
}

Result<void> ArchiveWriter::begin(const std::string& path, const struct stat& info,
                                  const std::vector<DataRange>& data) {
  return header(path, info, nullptr, nullptr, S_ISREG(info.st_mode) ? &data : nullptr);
}

Result<void> ArchiveWriter::symbolic_link(const std::string& path, const struct stat& info, const std::string& target) {
  return header(path, info, &target, nullptr, nullptr);
}

Result<void> ArchiveWriter::hard_link(const std::string& path, const struct stat& info, const std::string& first_path) {
  return header(path, info, nullptr, &first_path, nullptr);
}

Result<void> ArchiveWriter::data(std::span<const char> bytes, bool is_hole) {
  for (std::size_t done = 0; done < bytes.size();) {
    const auto written = archive_write_data(archive_, bytes.data() + done, bytes.size() - done);
    if (written < 0) return failure();
    if (written == 0) break;  // beyond the size in the header
    done += static_cast<std::size_t>(written);
  }
  if (!is_hole) content_.update(bytes.data(), bytes.size());
  return {};
}

Result<void> ArchiveWriter::end() {
  if (archive_write_finish_entry(archive_) < ARCHIVE_WARN) return failure();
  return {};
}

Result<WrittenArchive> ArchiveWriter::close() {
  open_ = false;
  if (archive_write_close(archive_) != ARCHIVE_OK) return failure();
  return WrittenArchive{hash_.finish(), bytes_, content_.finish(), entries_};
}

}  // namespace backupctl::zone::files
