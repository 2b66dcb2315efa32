#include "filedrop/line_reader.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace backupctl::filedrop {
namespace {

constexpr std::size_t chunk_bytes = 256 * 1024;
constexpr off_t skip_at_once_bytes = 64 * 1024 * 1024;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

}  // namespace

LineReader::LineReader(int file, std::size_t longest_line_bytes) : file_(file), longest_(longest_line_bytes) {}

bool LineReader::fill() {
  if (at_end_ || failed_) return false;
  if (begin_ > 0) {
    buffer_.erase(0, begin_);
    seen_ -= begin_;
    begin_ = 0;
  }
  const auto old_size = buffer_.size();
  buffer_.resize(old_size + chunk_bytes);
  ssize_t count = 0;
  do {
    count = ::pread(file_, buffer_.data() + old_size, chunk_bytes, position_);
  } while (count < 0 && errno == EINTR);
  buffer_.resize(old_size + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  if (count < 0) failed_ = true;
  if (count == 0) at_end_ = true;
  if (count <= 0) return false;
  position_ += count;
  return true;
}

LineReader::Got LineReader::skip() {
  const off_t started = position_;
  while (true) {
    const auto end = buffer_.find('\n', seen_);
    if (end != std::string::npos) {
      begin_ = seen_ = end + 1;
      break;
    }
    buffer_.clear();
    begin_ = seen_ = 0;
    if (position_ - started > skip_at_once_bytes) return {What::pause, number_, {}};
    // A hole in the file is zeros, and no line ends among them.
    const off_t data = ::lseek(file_, position_, SEEK_DATA);
    if (data > position_) position_ = data;
    if (data < 0 && errno == ENXIO) at_end_ = true;
    if (!fill()) {
      if (failed_) return {What::failed, number_, {}};
      break;
    }
  }
  skipping_ = false;
  return {What::too_long, number_, {}};
}

LineReader::Got LineReader::next() {
  if (skipping_) return skip();
  while (true) {
    const auto end = buffer_.find('\n', seen_);
    if (end != std::string::npos) {
      const std::string_view line(buffer_.data() + begin_, end - begin_);
      begin_ = seen_ = end + 1;
      ++number_;
      const auto text = without_ends(line);
      if (text.size() > longest_) return {What::too_long, number_, {}};
      return {What::line, number_, text};
    }
    seen_ = buffer_.size();
    if (seen_ - begin_ > longest_ + byte_order_mark.size() + 1) {
      ++number_;
      skipping_ = true;
      return skip();
    }
    if (fill()) continue;
    if (failed_) return {What::failed, number_, {}};
    if (begin_ == buffer_.size()) return {What::end, number_, {}};
    const std::string_view line(buffer_.data() + begin_, buffer_.size() - begin_);
    begin_ = seen_ = buffer_.size();
    ++number_;
    const auto text = without_ends(line);
    if (text.size() > longest_) return {What::too_long, number_, {}};
    return {What::line, number_, text};
  }
}

std::string_view LineReader::without_ends(std::string_view line) const {
  if (number_ == 1 && line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace backupctl::filedrop
