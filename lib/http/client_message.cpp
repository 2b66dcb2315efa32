#include "http/client_message.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace backupctl::http {
namespace {

constexpr auto npos = std::string_view::npos;

Error invalid(std::string detail) { return {ErrorKind::invalid, std::move(detail), false, {}, {}}; }

bool is_port(std::string_view text) {
  unsigned number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number);
  return problem == std::errc{} && stop == end && number >= 1 && number <= 65535;
}

bool is_ipv6_address(const std::string& text) {
  in6_addr ignored{};
  return ::inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

Result<void> check(const ClientRequest& request) {
  if (!is_token(request.method)) return invalid("the request's method is not a word");
  if (!request.target.starts_with('/') || !is_visible_ascii(request.target) || request.target.find('#') != npos) {
    return invalid("the request's target is not an encoded path that begins with \"/\"");
  }
  constexpr std::array<std::string_view, 7> ours{"Host",       "User-Agent", "Authorization",    "Content-Length",
                                                 "Connection", "Expect",     "Transfer-Encoding"};
  for (const Header& header : request.headers) {
    if (!is_token(header.name)) return invalid("the request has a header whose name is not a word");
    if (std::ranges::any_of(ours, [&](std::string_view name) { return equal_ignoring_case(name, header.name); })) {
      return invalid("the header " + header.name + " is the client's to set");
    }
    if (std::ranges::any_of(header.value, [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; })) {
      return invalid("the header " + header.name + " has control characters");
    }
  }
  return {};
}

}  // namespace

bool is_visible_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

Result<Peer> parse_base_url(std::string_view url) {
  constexpr std::string_view scheme = "http://";
  const auto bad = [&](std::string_view why) { return invalid("\"" + std::string(url) + "\": " + std::string(why)); };
  if (url.find('@') != npos) return invalid("an address with a user name or password in it is not taken");
  if (!is_visible_ascii(url)) return invalid("an address has spaces, control or non-ASCII characters");
  if (url.starts_with("https://")) return bad("https is not supported; use http:// on a trusted network");
  if (!url.starts_with(scheme)) return bad("an address begins with http://");
  if (url.find_first_of("?#\\\"") != npos) return bad("an address has no query and no fragment");

  const std::string_view rest = url.substr(scheme.size());
  const std::string_view authority = rest.substr(0, rest.find('/'));
  std::string_view prefix = rest.substr(authority.size());
  while (prefix.ends_with('/')) prefix.remove_suffix(1);

  const auto colon = authority.rfind(':');
  const bool has_port = colon != npos && authority.find(']', colon) == npos;
  const std::string host(authority.substr(0, has_port ? colon : npos));
  const std::string port(has_port ? authority.substr(colon + 1) : "80");
  if (!is_port(port)) return bad("the port is not a number from 1 to 65535");
  Peer peer{host, port, host + ":" + port, std::string(prefix)};
  if (host.starts_with('[') && host.ends_with(']')) {
    peer.host = host.substr(1, host.size() - 2);
    if (!is_ipv6_address(peer.host)) return bad("what stands in brackets is not an IPv6 address");
  } else if (host.empty() || host.find_first_of(":[]") != npos) {
    return bad("there is no host, or an IPv6 address without brackets");
  }
  return peer;
}

Result<std::string> to_wire(const Peer& peer, const std::string& bearer_token, const ClientRequest& request) {
  if (auto sound = check(request); !sound) return std::move(sound).error();
  std::string wire;
  wire.reserve(512 + request.target.size() + request.body.size());
  wire.append(request.method).append(" ").append(peer.prefix).append(request.target).append(" HTTP/1.1\r\n");
  const auto add = [&wire](std::string_view name, std::string_view value) {
    wire.append(name).append(": ").append(value).append("\r\n");
  };
  add("Host", peer.name);
  add("User-Agent", "backupctl");
  if (!bearer_token.empty()) add("Authorization", "Bearer " + bearer_token);
  for (const Header& header : request.headers) add(header.name, header.value);
  // RFC 9110, 8.6: said also for an empty body where the method would lead one to expect a body.
  const bool takes_body = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (takes_body || !request.body.empty()) add("Content-Length", std::to_string(request.body.size()));
  return wire.append("\r\n").append(request.body);
}

std::string_view problem_with_head(std::string_view head) {
  bool first = true;
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(std::min(head.size(), line.size() + 2));
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != npos) return "a bare CR, LF or NUL in the headers";
    if (!first && (line.starts_with(' ') || line.starts_with('\t'))) return "a folded header";
    first = false;
  }
  return {};
}

}  // namespace backupctl::http
