// Writes one archive: pax interchange format (POSIX.1-2001) within one zstd stream.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backupctl/result.hpp"
#include "zone/drivers/files/archive_format.hpp"
#include "zone/drivers/files/sha256.hpp"

struct archive_entry;

namespace backupctl::zone::files {

struct Compression {
  int level = 3;
  int threads = 0;  // 0: as many as there are processors
};

// A range of a sparse file that holds data.
struct DataRange {
  std::int64_t offset = 0;
  std::int64_t size = 0;
};

struct WrittenArchive {
  std::string hash;        // of the file's bytes
  std::int64_t bytes = 0;  // of the file
  std::string content;     // of names, types, sizes and data: what reading it back must give again
  std::int64_t entries = 0;
};

// Any error of a call is final for the archive: unavailable, "storage-full" or "storage-failed".
// Thread rule: one thread at a time, with a Utf8Names alive on it.
class ArchiveWriter {
 public:
  // `fd` is open for writing and outlives the writer.
  ArchiveWriter(int fd, Compression compression);
  ~ArchiveWriter();
  ArchiveWriter(const ArchiveWriter&) = delete;
  ArchiveWriter& operator=(const ArchiveWriter&) = delete;

  Result<void> open();
  // `path` is the member's name. Data follows for a regular file; exactly st_size bytes are kept whatever comes.
  Result<void> begin(const std::string& path, const struct stat& info, const std::vector<DataRange>& data = {});
  Result<void> symbolic_link(const std::string& path, const struct stat& info, const std::string& target);
  Result<void> hard_link(const std::string& path, const struct stat& info, const std::string& first_path);
  Result<void> data(std::span<const char> bytes, bool is_hole);
  Result<void> end();
  Result<WrittenArchive> close();

 private:
  Result<void> header(const std::string& path, const struct stat& info, const std::string* symlink,
                      const std::string* hardlink, const std::vector<DataRange>* data);
  Error failure() const;
  static la_ssize_t write(struct archive*, void* self, const void* buffer, std::size_t size);

  int fd_;
  Compression compression_;
  struct archive* archive_;
  struct archive_entry* entry_;
  Sha256 hash_;
  Sha256 content_;
  std::int64_t bytes_ = 0;
  std::int64_t entries_ = 0;
  int error_ = 0;
  bool open_ = false;
  bool discard_ = false;
};

}  // namespace backupctl::zone::files
