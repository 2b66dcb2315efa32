#include "http/auth.hpp"

#include <arpa/inet.h>
#include <openssl/crypto.h>

#include <algorithm>

#include "digest/sha256.hpp"

namespace backupctl::http {
namespace {

constexpr std::size_t max_credentials_bytes = 4096;

std::optional<std::array<unsigned char, 32>> parse_digest(std::string_view hex) {
  std::array<unsigned char, 32> digest{};
  if (hex.size() != 2 * digest.size()) return {};
  for (std::size_t i = 0; i < hex.size(); ++i) {
    const char c = hex[i];
    int digit = 0;
    if (c >= '0' && c <= '9')
      digit = c - '0';
    else if (c >= 'a' && c <= 'f')
      digit = c - 'a' + 10;
    else if (c >= 'A' && c <= 'F')
      digit = c - 'A' + 10;
    else
      return {};
    digest[i / 2] = static_cast<unsigned char>(digest[i / 2] * 16 + digit);
  }
  return digest;
}

Error unauthenticated(std::string detail) {
  return {ErrorKind::forbidden, std::move(detail), false, "unauthenticated", {}};
}

// Without port and brackets.
std::string host_of(std::string_view host_and_port) {
  if (host_and_port.starts_with('['))
    return std::string(host_and_port.substr(1, std::min(host_and_port.find(']'), host_and_port.size()) - 1));
  return std::string(host_and_port.substr(0, host_and_port.find(':')));
}

}  // namespace

Authenticator Authenticator::open(bool loopback_only) {
  Authenticator authenticator;
  authenticator.open_ = true;
  authenticator.loopback_only_ = loopback_only;
  return authenticator;
}

Result<Authenticator> Authenticator::create(std::vector<Token> tokens) {
  Authenticator authenticator;
  Error error{ErrorKind::invalid, "the token table is not valid", false, {}, {}};
  for (Token& token : tokens) {
    auto fault = [&](std::string detail) { error.faults.push_back({"auth.token." + token.name, std::move(detail)}); };
    const auto digest = parse_digest(token.sha256);
    if (token.name.empty()) fault("a token needs a name");
    if (token.owner.empty()) fault("a token needs an owner");
    if (token.roles.empty()) fault("a token needs a role");
    if (!digest) fault("sha256 must be the 64 hexadecimal digits of the token's SHA-256");
    if (token.roles.has(Role::zone) != token.zone.has_value()) fault("role zone and the member zone go together");
    for (const Entry& other : authenticator.entries_) {
      if (other.principal.token_name == token.name) fault("two tokens have this name");
      if (digest && other.digest == *digest) fault("it is the same token as " + other.principal.token_name);
    }
    if (!digest) continue;
    authenticator.entries_.push_back({*digest,
                                      {.owner = token.owner,
                                       .roles = token.roles,
                                       .zone = token.zone,
                                       .token_name = token.name,
                                       .identified = true}});
  }
  if (!error.faults.empty()) {
    error.detail = error.faults.front().pointer + ": " + error.faults.front().detail;
    return error;
  }
  return authenticator;
}

Result<Principal> Authenticator::authenticate(std::optional<std::string_view> authorization) const {
  if (open_) return Principal{.owner = "local", .roles = RoleSet::all()};
  constexpr std::string_view scheme = "Bearer ";
  if (!authorization) return unauthenticated("the call needs a bearer token in the header Authorization");
  if (authorization->size() > max_credentials_bytes || authorization->size() <= scheme.size() ||
      !equal_ignoring_case(authorization->substr(0, scheme.size()), scheme))
    return unauthenticated("the header Authorization is not \"Bearer\" and a token");
  auto token = authorization->substr(scheme.size());
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));

  const auto hash = digest::sha256(token);
  const Entry* found = nullptr;
  for (const Entry& entry : entries_) {  // to the end, so that the time tells nothing
    if (CRYPTO_memcmp(entry.digest.data(), hash.data(), hash.size()) == 0) found = &entry;
  }
  if (found == nullptr) return unauthenticated("the bearer token is not known");
  return found->principal;
}

Result<void> Authenticator::check_host(const Request& request) const {
  if (!loopback_only_) return {};
  const auto refuse = [](std::string detail) {
    return Error{ErrorKind::forbidden, std::move(detail), false, "host-not-allowed", {}};
  };
  if (const auto host = request.headers.find("Host"); host && !is_loopback(*host))
    return refuse("without [auth] only localhost, 127.0.0.0/8 and [::1] are answered as Host");
  if (const auto origin = request.headers.find("Origin")) {
    const auto scheme_end = origin->find("://");
    if (scheme_end == std::string_view::npos || !is_loopback(origin->substr(scheme_end + 3)))
      return refuse("without [auth] web pages of other hosts are not answered");
  }
  return {};
}

bool is_loopback(std::string_view host_and_port) {
  const auto host = host_of(host_and_port);
  if (equal_ignoring_case(host, "localhost")) return true;
  if (in_addr v4{}; inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  if (in6_addr v6{}; inet_pton(AF_INET6, host.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  return false;
}

}  // namespace backupctl::http
