#include "filedrop/access.hpp"

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "filedrop/files.hpp"

namespace backupctl::filedrop {
namespace {

constexpr const char* acl_name = "system.posix_acl_access";

// As linux/posix_acl_xattr.h has it, little-endian.
struct AclEntry {
  std::uint16_t tag;
  std::uint16_t permissions;
  std::uint32_t id;
};
struct Acl {
  std::uint32_t version;
  std::array<AclEntry, 5> entries;
};
constexpr std::uint16_t owner_tag = 0x01, user_tag = 0x02, group_tag = 0x04, mask_tag = 0x10, others_tag = 0x20;
constexpr std::uint16_t may_read = 4, may_write = 2;
constexpr std::uint32_t no_id = 0xFFFFFFFF;

}  // namespace

Result<void> let_read(int file, uid_t user, gid_t group) {
  if (::fchmod(file, 0600) != 0) return cannot("set the mode of", "a receipt");
  if (user == ::geteuid()) return {};
  const Acl acl{2,
                {{{owner_tag, may_read | may_write, no_id},
                  {user_tag, may_read, user},
                  {group_tag, 0, no_id},
                  {mask_tag, may_read, no_id},
                  {others_tag, 0, no_id}}}};
  if (::fsetxattr(file, acl_name, &acl, sizeof acl, 0) == 0) return {};
  if (errno != ENOTSUP) return cannot("let its submitter read", "a receipt");
  if (::fchown(file, static_cast<uid_t>(-1), group) != 0) return cannot("give to its submitter's group", "a receipt");
  if (::fchmod(file, 0640) != 0) return cannot("set the mode of", "a receipt");
  return {};
}

Result<void> copy_access(int from, int to) {
  struct stat status {
  }, own{};
  if (::fstat(from, &status) != 0 || ::fstat(to, &own) != 0) return cannot("look at", "a receipt");
  if (own.st_gid != status.st_gid && ::fchown(to, static_cast<uid_t>(-1), status.st_gid) != 0) {
    return cannot("give to its submitter's group", "a status file");
  }
  if (::fchmod(to, status.st_mode & 0777) != 0) return cannot("set the mode of", "a status file");
  std::array<char, 1024> acl{};
  const auto size = ::fgetxattr(from, acl_name, acl.data(), acl.size());
  if (size <= 0) return {};
  if (::fsetxattr(to, acl_name, acl.data(), static_cast<std::size_t>(size), 0) == 0) return {};
  return cannot("let its submitter read", "a status file");
}

}  // namespace backupctl::filedrop
