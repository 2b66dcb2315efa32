// The client's side of the wire as text: whom it calls, the bytes of a request, and the looks of an answer's head.
//
// Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "http/client.hpp"

namespace backupctl::http {

struct Peer {
  std::string host;    // name or address, an IPv6 address without its brackets
  std::string port;    // digits
  std::string name;    // "host:port", as in the Host field and in what people read
  std::string prefix;  // "" or "/some/path", without a slash at its end
};

// Errors: invalid, quoting the URL and saying what is wrong with it.
Result<Peer> parse_base_url(std::string_view url);

bool is_visible_ascii(std::string_view text);  // no spaces, no control characters

// The whole request as it goes out. Errors: invalid, when a part of it would break the framing or is ours to set.
Result<std::string> to_wire(const Peer& peer, const std::string& bearer_token, const ClientRequest& request);

// What a lenient parser would let pass in a raw status line and headers (with their last CRLF); "" when nothing.
std::string_view problem_with_head(std::string_view head);

}  // namespace backupctl::http
