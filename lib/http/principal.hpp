// Who calls, and what they may do.
//
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace backupctl::http {

enum class Role : std::uint8_t {
  requester,
  owner,
  approver,
  restorer,
  operator_,
  retention,
  auditor,
  zone,
  jobs,
  admin
};
inline constexpr int role_count = 10;

std::string_view to_string(Role role);  // as in the configuration: "requester", "operator", …
std::optional<Role> parse_role(std::string_view text);

class RoleSet {
 public:
  constexpr RoleSet() = default;
  constexpr RoleSet(std::initializer_list<Role> roles) {
    for (Role role : roles) add(role);
  }
  static constexpr RoleSet all() {
    RoleSet set;
    set.bits_ = (1U << role_count) - 1U;
    return set;
  }

  constexpr void add(Role role) { bits_ |= 1U << static_cast<unsigned>(role); }
  constexpr bool has(Role role) const { return (bits_ >> static_cast<unsigned>(role) & 1U) != 0; }
  constexpr bool has_any(RoleSet other) const { return (bits_ & other.bits_) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  friend constexpr bool operator==(RoleSet, RoleSet) = default;

 private:
  std::uint32_t bits_ = 0;
};

std::string to_string(RoleSet roles);  // "requester, operator"

struct Principal {
  std::string owner{};  // the person or system: what rules and records mean by "who"
  RoleSet roles{};
  std::optional<std::string> zone{};  // for role zone: whose results it may leave
  std::string token_name{};           // for logs; empty without [auth]
  bool identified = false;            // false: no [auth], everyone is "local"; what needs two people must be refused
};

}  // namespace backupctl::http
