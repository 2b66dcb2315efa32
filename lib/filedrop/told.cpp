#include "filedrop/told.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace backupctl::filedrop {
namespace {

constexpr std::size_t most_in_memory = 512 * 1024;  // bytes

}  // namespace

void Told::add(int work, std::string_view text) {
  if (is_full_) return;
  text_ += text;
  if (text_.size() < most_in_memory) return;
  if (!file_) file_ = Descriptor{::openat(work, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  if (!file_ || !write_all(file_.get(), text_, "a nameless file in work/")) {
    is_full_ = true;  // what is in memory still counts
    return;
  }
  parts_.push_back(text_.size());
  text_.clear();
}

Result<std::string> Told::take() {
  if (taken_ == parts_.size()) return std::exchange(text_, {});
  std::string part(parts_[taken_], '\0');
  std::size_t size = 0;
  while (size < part.size()) {
    const auto count = ::pread(file_.get(), part.data() + size, part.size() - size,
                               static_cast<off_t>(position_ + static_cast<std::int64_t>(size)));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      auto error = cannot("read", "a nameless file in work/");
      *this = {};
      return error;
    }
    size += static_cast<std::size_t>(count);
  }
  ++taken_;
  position_ += static_cast<std::int64_t>(part.size());
  return part;
}

}  // namespace backupctl::filedrop
