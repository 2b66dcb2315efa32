// The strict reading of a request's head (RFC 9112): whatever can be read in two ways is refused here, before any
// library of HTTP sees it.
//
// Thread rule: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "http/message.hpp"

namespace backupctl::http {

struct Refusal {
  int status = 400;
  std::string code{};
  std::string detail{};
};

inline constexpr std::size_t max_target_bytes = 8192;
inline constexpr std::size_t max_header_count = 100;
inline constexpr std::size_t max_header_name_bytes = 256;
inline constexpr std::size_t max_header_value_bytes = 8192;

struct RequestHead {
  Request request{};  // method, path, segments, query, headers; Host is the target's when that is absolute
  bool head_only = false;
  bool keep_alive = true;
  bool chunked = false;
  std::uint64_t content_length = 0;
  bool expect_continue = false;

  bool has_body() const { return chunked || content_length > 0; }
};

// Looks for the end of a head in bytes that are still coming in. `scanned` is how many were looked at before.
struct HeadScan {
  std::size_t length = 0;            // of the head with its empty line; 0: not all there
  std::optional<Refusal> refusal{};  // it can never become one
};
HeadScan scan_head(std::string_view bytes, std::size_t scanned);

// `head`: from the request line to the empty line, both included.
std::variant<RequestHead, Refusal> parse_head(std::string_view head);

}  // namespace backupctl::http
