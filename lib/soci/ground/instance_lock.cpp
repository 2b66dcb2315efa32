#include "soci/ground/instance_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

namespace backupctl::soci {

namespace {

constexpr std::string_view infix = ".instance-";
constexpr std::string_view suffix = ".lock";

std::filesystem::path path_of(const std::filesystem::path& store, InstanceId id) {
  return store.string() + std::string(infix) + id.to_string() + std::string(suffix);
}

Error cannot(std::string_view what, const std::filesystem::path& path) {
  return {ErrorKind::unavailable, "cannot " + std::string(what) + " " + path.string() + ": " + std::strerror(errno)};
}

std::optional<InstanceId> instance_of(const std::filesystem::path& store, const std::filesystem::path& file) {
  const std::string prefix = store.filename().string() + std::string(infix);
  const std::string name = file.filename().string();
  if (!name.starts_with(prefix) || !name.ends_with(suffix) || name.size() < prefix.size() + suffix.size()) return {};
  auto id =
      InstanceId::parse(std::string_view(name).substr(prefix.size(), name.size() - prefix.size() - suffix.size()));
  if (!id) return {};
  return *id;
}

}  // namespace

Result<InstanceLock> InstanceLock::take(const std::filesystem::path& store, InstanceId id) {
  const auto path = path_of(store, id);
  auto alive = is_alive(store, id);
  if (!alive) return std::move(alive).error();
  if (*alive) return Error{ErrorKind::conflict, "an instance with the id " + id.to_string() + " is running"};
  // Locked before it has its name: nobody can see it unlocked and take us for dead.
  const std::filesystem::path unnamed = path.string() + ".new";
  Descriptor lock{::open(unnamed.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640)};
  if (!lock) return cannot("make the lock file", unnamed);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return cannot("lock", unnamed);
  if (std::rename(unnamed.c_str(), path.c_str()) != 0) return cannot("name the lock file", path);
  return InstanceLock{path, std::move(lock)};
}

InstanceLock::~InstanceLock() {
  if (lock_) ::unlink(path_.c_str());
}

Result<bool> is_alive(const std::filesystem::path& store, InstanceId id) {
  const auto path = path_of(store, id);
  Descriptor probe{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!probe) {
    if (errno == ENOENT) return false;
    return cannot("open the lock file", path);
  }
  // Shared, so that two who ask at once do not take each other for the living.
  if (::flock(probe.get(), LOCK_SH | LOCK_NB) == 0) return false;
  if (errno == EWOULDBLOCK) return true;
  return cannot("look at the lock of", path);
}

std::vector<InstanceId> remove_dead_instances(const std::filesystem::path& store) {
  std::vector<InstanceId> dead;
  std::error_code ignored;
  const auto folder = store.has_parent_path() ? store.parent_path() : std::filesystem::path(".");
  for (std::filesystem::directory_iterator entry{folder, ignored}, end; !ignored && entry != end;
       entry.increment(ignored)) {
    const auto id = instance_of(store, entry->path());
    if (!id) continue;
    const auto alive = is_alive(store, *id);
    if (!alive || *alive) continue;
    ::unlink(entry->path().c_str());
    dead.push_back(*id);
  }
  return dead;
}

}  // namespace backupctl::soci
