// Bearer tokens, and when a server may do without them.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backupctl/result.hpp"
#include "http/message.hpp"
#include "http/principal.hpp"

namespace backupctl::http {

struct Token {
  std::string name;
  std::string owner;
  std::string sha256;  // hex digest of the token's bytes; the token itself is never kept
  RoleSet roles;
  std::optional<std::string> zone;  // exactly when roles has zone
};

// Immutable after construction: any thread.
class Authenticator {
 public:
  // No [auth]: everyone is "local" and has every role. With `loopback_only`, requests whose Host or Origin is not a
  // name of this machine are refused, so that a web page elsewhere cannot reach us through the browser (DNS rebinding).
  static Authenticator open(bool loopback_only);
  // Errors: invalid, naming each bad token. An empty table is valid: nobody gets in.
  static Result<Authenticator> create(std::vector<Token> tokens);

  // Who calls, by the value of the Authorization header. Errors: forbidden with code `unauthenticated` (status 401).
  Result<Principal> authenticate(std::optional<std::string_view> authorization) const;
  // Errors: forbidden with code `host-not-allowed`.
  Result<void> check_host(const Request& request) const;

 private:
  struct Entry {
    std::array<unsigned char, 32> digest;
    Principal principal;
  };
  bool open_ = false;
  bool loopback_only_ = false;
  std::vector<Entry> entries_;
};

// True for "localhost", 127.0.0.0/8 and ::1, with or without port ("[::1]:8080").
bool is_loopback(std::string_view host_and_port);

}  // namespace backupctl::http
