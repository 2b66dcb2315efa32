#include <pwd.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "filedrop/context.hpp"

namespace backupctl::filedrop {
namespace {

std::string user_name(uid_t user) {
  std::array<char, 16384> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) return found->pw_name;
  return "uid:" + std::to_string(user);  // no user name has a colon
}

}  // namespace

Result<Speaker> speaker_of(int file, const std::vector<std::string>& trusted) {
  struct stat status {};
  if (::fstat(file, &status) != 0) return cannot("look at", "a dropped file");
  const auto name = user_name(status.st_uid);
  auto owner = OwnerName::parse(name);
  if (!owner) return Error{ErrorKind::invalid, "its owner " + owner.error().detail, false, "not-a-request-file", {}};
  return Speaker{*std::move(owner), std::find(trusted.begin(), trusted.end(), name) != trusted.end()};
}

}  // namespace backupctl::filedrop
