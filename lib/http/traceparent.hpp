// W3C Trace Context, level 1: the `traceparent` header.
//
// Thread rule: plain values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace backupctl {
class Random;
}

namespace backupctl::http {

struct TraceContext {
  std::string trace_id{};   // 32 lower-case hex digits, not all zero
  std::string parent_id{};  // 16 lower-case hex digits, not all zero
  std::string flags{"00"};  // 2 hex digits

  std::string to_header() const;  // 00-<trace id>-<parent id>-<flags>; to store and to pass on
};

// Nothing when the header is not valid: the caller then starts a new trace, as the recommendation says.
std::optional<TraceContext> parse_traceparent(std::string_view header);
TraceContext new_trace(Random& random);

}  // namespace backupctl::http
