#include "http/request_head.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "backupctl/names.hpp"
#include "http/request_target.hpp"

namespace backupctl::http {
namespace {

constexpr std::array<std::string_view, 7> known_methods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

// Fields that mean one thing: of two of them nobody can say which one counts.
constexpr std::array<std::string_view, 13> single_fields = {
    "Host",       "Content-Length", "Transfer-Encoding", "Content-Type", "Expect",          "Authorization",
    "Origin",     "Cookie",         "Idempotency-Key",   "If-Match",     "Backupctl-Fence", "Backup-Request-Id",
    "traceparent"};

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_field_value(std::string_view text) {
  return is_valid_utf8(text) &&
         std::ranges::none_of(text, [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f; });
}

Refusal malformed(std::string detail) { return {400, "malformed-request", std::move(detail)}; }
Refusal too_large(std::string detail) { return {431, "header-too-large", std::move(detail)}; }

bool lists_token(const Headers& headers, std::string_view field, std::string_view token) {
  for (const Header& header : headers) {
    if (!equal_ignoring_case(header.name, field)) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const auto comma = std::min(rest.find(','), rest.size());
      if (equal_ignoring_case(trim(rest.substr(0, comma)), token)) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

class HeadReader {
 public:
  explicit HeadReader(std::string_view head) : rest_(head) {}

  std::optional<Refusal> read(RequestHead& head) {
    if (auto refusal = read_request_line(next_line(), head)) return refusal;
    for (auto line = next_line(); !line.empty(); line = next_line()) {
      if (auto refusal = read_field(line, head.request.headers)) return refusal;
    }
    for (std::string_view name : single_fields) {
      if (head.request.headers.count(name) > 1)
        return malformed("the header " + std::string(name) + " comes more than once");
    }
    if (auto refusal = read_host(head.request.headers)) return refusal;
    if (auto refusal = read_length(head)) return refusal;
    if (auto refusal = read_expectation(head)) return refusal;
    head.keep_alive = !http_1_0_ && !lists_token(head.request.headers, "Connection", "close");
    return {};
  }

 private:
  std::string_view next_line() {
    const auto end = std::min(rest_.find("\r\n"), rest_.size());
    const auto line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 2, rest_.size()));
    return line;
  }

  std::optional<Refusal> read_request_line(std::string_view line, RequestHead& head) {
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || first == last)
      return malformed("the request line is not METHOD TARGET VERSION");
    const auto method = line.substr(0, first);
    const auto target = line.substr(first + 1, last - first - 1);
    const auto version = line.substr(last + 1);
    if (!is_token(method)) return malformed("the method is not a token");
    if (version != "HTTP/1.1" && version != "HTTP/1.0") {
      const bool other = version.size() == 8 && version.starts_with("HTTP/") && is_digits(version.substr(5, 1)) &&
                         version[6] == '.' && is_digits(version.substr(7));
      if (other) return Refusal{505, "http-version-not-supported", "only HTTP/1.1 and HTTP/1.0 are spoken here"};
      return malformed("the request line does not end in HTTP/1.1");
    }
    http_1_0_ = version == "HTTP/1.0";
    if (std::ranges::find(known_methods, method) == known_methods.end())
      return Refusal{501, "method-not-implemented",
                     "the method is none of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"};
    if (target.size() > max_target_bytes)
      return Refusal{414, "target-too-long",
                     "the request target is longer than " + std::to_string(max_target_bytes) + " bytes"};
    auto parsed = parse_target(target);
    if (!parsed) return malformed(std::move(parsed).error().detail);
    head.head_only = method == "HEAD";
    head.request.method = head.head_only ? "GET" : method;
    head.request.path = std::move(parsed->path);
    head.request.segments = std::move(parsed->segments);
    head.request.query = std::move(parsed->query);
    authority_ = std::move(parsed->authority);
    return {};
  }

  std::optional<Refusal> read_field(std::string_view line, Headers& headers) {
    if (line.front() == ' ' || line.front() == '\t') return malformed("a header is folded over several lines");
    if (headers.size() == max_header_count)
      return too_large("there are more than " + std::to_string(max_header_count) + " headers");
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return malformed("a header line has no colon");
    const auto name = line.substr(0, colon);
    const auto value = trim(line.substr(colon + 1));
    if (!is_token(name)) return malformed("a header's name is not a token");
    if (name.size() > max_header_name_bytes)
      return too_large("a header's name is longer than " + std::to_string(max_header_name_bytes) + " bytes");
    if (value.size() > max_header_value_bytes)
      return too_large("the header " + std::string(name) + " is longer than " + std::to_string(max_header_value_bytes) +
                       " bytes");
    if (!is_field_value(value))
      return malformed("the header " + std::string(name) + " has a control character or is not UTF-8");
    headers.add(std::string(name), std::string(value));
    return {};
  }

  std::optional<Refusal> read_host(Headers& headers) const {
    const auto host = headers.find("Host");
    if (!host && !http_1_0_) return malformed("the header Host is missing");
    if (host && !is_valid_authority(*host)) return malformed("the header Host is not a host with an optional port");
    if (!authority_.empty()) headers.set("Host", authority_);
    return {};
  }

  std::optional<Refusal> read_length(RequestHead& head) const {
    const auto length = head.request.headers.find("Content-Length");
    const auto coding = head.request.headers.find("Transfer-Encoding");
    if (length && coding) return malformed("Content-Length and Transfer-Encoding come together");
    if (coding) {
      if (http_1_0_) return malformed("HTTP/1.0 has no Transfer-Encoding");
      if (!equal_ignoring_case(*coding, "chunked"))
        return Refusal{501, "transfer-coding-not-implemented", "the only Transfer-Encoding taken is \"chunked\""};
      head.chunked = true;
    }
    if (length) {
      const auto [end, error] = std::from_chars(length->data(), length->data() + length->size(), head.content_length);
      if (!is_digits(*length) || error != std::errc{} || end != length->data() + length->size())
        return malformed("Content-Length is not one decimal number");
    }
    return {};
  }

  std::optional<Refusal> read_expectation(RequestHead& head) const {
    const auto expect = head.request.headers.find("Expect");
    if (!expect || http_1_0_) return {};
    if (!equal_ignoring_case(*expect, "100-continue"))
      return Refusal{417, "expectation-failed", "the only Expect known is \"100-continue\""};
    head.expect_continue = true;
    return {};
  }

  std::string_view rest_;
  std::string authority_;
  bool http_1_0_ = false;
};

}  // namespace

HeadScan scan_head(std::string_view bytes, std::size_t scanned) {
  for (std::size_t i = scanned; i < bytes.size(); ++i) {
    if (bytes[i] == '\n') {
      if (i == 0 || bytes[i - 1] != '\r') return {0, malformed("a line ends without carriage return")};
      if (i >= 3 && bytes[i - 2] == '\n') return {i + 1, {}};
    } else if (i > 0 && bytes[i - 1] == '\r') {
      return {0, malformed("a carriage return stands alone")};
    } else if (bytes[i] >= 0 && bytes[i] < 0x20 && bytes[i] != '\r' && bytes[i] != '\t') {
      return {0, malformed("the head has a control character")};
    }
  }
  if (bytes.find('\n') == std::string_view::npos && bytes.size() > max_target_bytes + 64)
    return {0, Refusal{414, "target-too-long", "the request line is too long"}};
  return {};
}

std::variant<RequestHead, Refusal> parse_head(std::string_view head) {
  RequestHead result;
  if (auto refusal = HeadReader(head).read(result)) return *std::move(refusal);
  return result;
}

}  // namespace backupctl::http
