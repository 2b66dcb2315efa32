#include "zone/drivers/files/storage.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "zone/drivers/files/safe_path.hpp"

namespace backupctl::zone::files {
namespace {

constexpr std::string_view manifest_ending = ".manifest.json";
constexpr std::size_t most_manifest_bytes = 64 * 1024;

// Nothing: there is no such file. More than a manifest can have is cut off, and then cannot be read as one.
Result<std::optional<std::string>> read_file(int folder, const std::string& name) {
  const UniqueFd fd{open_beneath(folder, name, O_RDONLY | O_NONBLOCK)};
  if (!fd && errno == ENOENT) return std::optional<std::string>{};
  if (!fd) return storage_failure("cannot open " + name, errno);
  std::string text(most_manifest_bytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto got = ::read(fd.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return storage_failure("cannot read " + name, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return std::optional(std::move(text));
}

class Lister {
 public:
  Lister(std::size_t limit, std::vector<Storage::Listed>& listed) : limit_(limit), listed_(listed) {}

  // `after` is what remains of the path at this level; "" for a folder that lies behind it as a whole.
  Result<void> list(int folder, const std::string& prefix, std::string_view after, int depth) {
    auto names = names_in(folder);
    if (!names) return std::move(names).error();
    const auto slash = std::min(after.find('/'), after.size());
    const auto first = after.substr(0, slash);
    const auto rest = slash < after.size() ? after.substr(slash + 1) : std::string_view{};
    for (const auto& name : *names) {
      if (listed_.size() == limit_) return {};
      if (name.starts_with('.') || name < first) continue;
      const bool is_on_the_way = !first.empty() && name == first;
      struct stat info {};
      if (::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) continue;
        return storage_failure("cannot look at " + prefix + name, errno);
      }
      if (S_ISREG(info.st_mode) && name.ends_with(manifest_ending)) {
        if (is_on_the_way) continue;
        auto text = read_file(folder, name);
        if (!text) return std::move(text).error();
        if (*text) listed_.push_back({prefix + name, **std::move(text)});
        continue;
      }
      // What file systems keep in their top folder for themselves is closed to all but root.
      if (!S_ISDIR(info.st_mode) || depth == most_levels || (depth == 0 && name == "lost+found")) continue;
      const UniqueFd inner{open_beneath(folder, name, O_RDONLY | O_DIRECTORY)};
      if (!inner) {
        if (errno == ENOENT) continue;
        return storage_failure("cannot open " + prefix + name, errno);
      }
      auto done = list(inner.get(), prefix + name + "/", is_on_the_way ? rest : std::string_view{}, depth + 1);
      if (!done) return done;
    }
    return {};
  }

 private:
  static constexpr int most_levels = 520;  // a storage path of 1024 bytes has at most 512, and the date comes on top
  std::size_t limit_;
  std::vector<Storage::Listed>& listed_;
};

}  // namespace

Error storage_failure(const std::string& doing, int error) {
  return {ErrorKind::unavailable,
          doing + ": " + std::strerror(error),
          true,
          error == ENOSPC || error == EDQUOT ? "storage-full" : "storage-failed",
          {}};
}

Result<NewFile> NewFile::create(int folder, std::string name) {
  const auto temporary = name + ".part";
  UniqueFd fd{open_beneath(folder, temporary, O_RDWR | O_CREAT | O_EXCL, 0600)};
  if (!fd) return storage_failure("cannot make " + temporary, errno);
  return NewFile{folder, std::move(name), std::move(fd)};
}

NewFile::~NewFile() {
  if (fd_) ::unlinkat(folder_, (name_ + ".part").c_str(), 0);
}

Result<void> NewFile::sync() {
  if (::fsync(fd_.get()) != 0) return storage_failure("cannot make " + name_ + " durable", errno);
  return {};
}

Result<void> NewFile::keep() {
  if (::renameat(folder_, (name_ + ".part").c_str(), folder_, name_.c_str()) != 0) {
    return storage_failure("cannot name " + name_, errno);
  }
  fd_.reset();
  if (::fsync(folder_) != 0) return storage_failure("cannot make the name of " + name_ + " durable", errno);
  return {};
}

Result<std::optional<std::string>> Place::read_manifest() const { return read_file(folder_.get(), manifest_name()); }

Result<void> Place::write_manifest(const std::string& text) {
  auto file = NewFile::create(folder_.get(), manifest_name());
  if (!file) return std::move(file).error();
  for (std::size_t done = 0; done < text.size();) {
    const auto written = ::write(file->fd(), text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return storage_failure("cannot write " + manifest_name(), errno);
    done += static_cast<std::size_t>(written);
  }
  if (auto synced = file->sync(); !synced) return synced;
  return file->keep();
}

void Place::remove_unfinished() {
  ::unlinkat(folder_.get(), (archive_name() + ".part").c_str(), 0);
  ::unlinkat(folder_.get(), (manifest_name() + ".part").c_str(), 0);
}

Result<void> Place::remove_backup() {
  bool was_there = false;
  for (const auto& name : {manifest_name(), archive_name()}) {
    if (::unlinkat(folder_.get(), name.c_str(), 0) == 0) {
      was_there = true;
    } else if (errno != ENOENT) {
      return storage_failure("cannot remove " + name, errno);
    }
  }
  if (!was_there) return {};
  if (::fsync(folder_.get()) != 0) return storage_failure("cannot make a removal durable", errno);
  return {};
}

Result<Storage> Storage::open(const std::string& root) {
  UniqueFd fd{::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) {
    return unavailable("files.root " + root + " cannot be opened: " + std::strerror(errno) +
                       "; make the folder, or mount what holds it");
  }
  return Storage{std::move(fd), root, {info.st_dev, info.st_ino}};
}

Result<Place> Storage::place(const CreateBackupCommand& order) const {
  const auto path = order.storage_path + "/" + order.data_as_of.to_string();
  UniqueFd folder{open_beneath(root_.get(), ".", O_RDONLY | O_DIRECTORY)};
  for (std::size_t begin = 0; folder && begin < path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    const auto name = path.substr(begin, end - begin);
    if (::mkdirat(folder.get(), name.c_str(), 0700) != 0 && errno != EEXIST) {
      return storage_failure("cannot make the folder " + path, errno);
    }
    // Also for one that was there: whoever made it may have died before its name was durable.
    if (::fsync(folder.get()) != 0) return storage_failure("cannot make the folder " + path + " durable", errno);
    folder = UniqueFd{open_beneath(folder.get(), name, O_RDONLY | O_DIRECTORY)};
    begin = end + 1;
  }
  if (!folder) return storage_failure("cannot open the folder " + path, errno);
  return Place{std::move(folder), path, order.id.to_string()};
}

Result<std::vector<Storage::Listed>> Storage::manifests(const std::string& after, std::size_t limit) const {
  std::vector<Listed> listed;
  if (auto done = Lister{limit, listed}.list(root_.get(), "", after, 0); !done) return std::move(done).error();
  return listed;
}

Result<void> Storage::ready() const {
  struct stat now {};
  if (::stat(path_.c_str(), &now) != 0) return unavailable("files.root " + path_ + ": " + std::strerror(errno));
  if (FileIdentity{now.st_dev, now.st_ino} != identity_) {
    return unavailable("files.root " + path_ + " is another folder than at the start; start the zone again");
  }
  if (::faccessat(root_.get(), ".", W_OK, AT_EACCESS) != 0) {
    return unavailable("files.root " + path_ + " cannot be written: " + std::strerror(errno));
  }
  return {};
}

}  // namespace backupctl::zone::files
