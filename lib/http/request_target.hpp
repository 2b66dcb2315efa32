// The request target (RFC 9112, 3.2) taken apart: path segments and query parameters, percent-decoded.
//
// Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "backupctl/result.hpp"
#include "http/message.hpp"

namespace backupctl::http {

struct RequestTarget {
  std::string authority{};  // of the absolute form; else empty
  std::string path{};
  std::vector<std::string> segments{};
  std::vector<Parameter> query{};
};

// Origin form or absolute form. "+" stays a plus sign. Errors: invalid, saying what is wrong.
Result<RequestTarget> parse_target(std::string_view target);

// A host with an optional port, as Host and an authority have it.
bool is_valid_authority(std::string_view text);

// Errors: invalid, for a bad escape, a control character, or what is not UTF-8.
Result<std::string> percent_decode(std::string_view text);
// For the value of a query parameter. Colons stay: times are easier to read with them.
std::string percent_encode(std::string_view text);

}  // namespace backupctl::http
