#include "http/traceparent.hpp"

#include <algorithm>
#include <cstdint>

#include "backupctl/ids.hpp"

namespace backupctl::http {
namespace {

bool is_lower_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

std::string hex16(std::uint64_t bits) {
  std::string text(16, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, bits >>= 4) *digit = "0123456789abcdef"[bits & 15];
  return text;
}

std::string hex16_not_zero(Random& random) {
  std::uint64_t bits = random.next();
  return hex16(bits == 0 ? 1 : bits);
}

}  // namespace

std::string TraceContext::to_header() const { return "00-" + trace_id + "-" + parent_id + "-" + flags; }

std::optional<TraceContext> parse_traceparent(std::string_view header) {
  constexpr std::size_t length = 55;
  if (header.size() < length || header[2] != '-' || header[35] != '-' || header[52] != '-') return {};
  const auto version = header.substr(0, 2);
  const auto trace_id = header.substr(3, 32);
  const auto parent_id = header.substr(36, 16);
  const auto flags = header.substr(53, 2);
  if (!is_lower_hex(version) || !is_lower_hex(trace_id) || !is_lower_hex(parent_id) || !is_lower_hex(flags)) return {};
  if (version == "ff" || is_zero(trace_id) || is_zero(parent_id)) return {};
  // A later version may say more after a dash; what we know of it stands at the same places.
  if (header.size() > length && (version == "00" || header[length] != '-')) return {};
  return TraceContext{std::string(trace_id), std::string(parent_id), std::string(flags)};
}

TraceContext new_trace(Random& random) {
  const auto high = hex16(random.next());
  return {.trace_id = high + hex16_not_zero(random), .parent_id = hex16_not_zero(random)};
}

}  // namespace backupctl::http
