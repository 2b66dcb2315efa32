#include "filedrop/watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace backupctl::filedrop {

void Watch::begin(const std::string& folder) {
  inotify_ = Descriptor{::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
  if (!inotify_) return;
  const auto inbox = folder + "/inbox";
  if (::inotify_add_watch(inotify_.get(), inbox.c_str(), IN_MOVED_TO | IN_CREATE | IN_ONLYDIR) < 0) inotify_ = {};
}

bool Watch::read(const Came& came) {
  bool is_complete = true;
  alignas(inotify_event) std::array<char, 64 * 1024> buffer;
  while (inotify_) {
    const auto count = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (count <= 0) break;
    for (ssize_t at = 0; at < count;) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      if ((event.mask & (IN_Q_OVERFLOW | IN_IGNORED | IN_UNMOUNT)) != 0) is_complete = false;
      if (event.len > 0) came(buffer.data() + at + sizeof event, (event.mask & IN_MOVED_TO) != 0);
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
  return is_complete;
}

}  // namespace backupctl::filedrop
