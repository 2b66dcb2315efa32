#include "http/principal.hpp"

#include <array>

namespace backupctl::http {
namespace {

constexpr std::array<std::string_view, role_count> role_names = {
    "requester", "owner", "approver", "restorer", "operator", "retention", "auditor", "zone", "jobs", "admin"};

}  // namespace

std::string_view to_string(Role role) { return role_names.at(static_cast<std::size_t>(role)); }

std::optional<Role> parse_role(std::string_view text) {
  for (std::size_t i = 0; i < role_names.size(); ++i) {
    if (role_names[i] == text) return static_cast<Role>(i);
  }
  return {};
}

std::string to_string(RoleSet roles) {
  std::string text;
  for (std::size_t i = 0; i < role_names.size(); ++i) {
    if (!roles.has(static_cast<Role>(i))) continue;
    if (!text.empty()) text += ", ";
    text += role_names[i];
  }
  return text;
}

}  // namespace backupctl::http
