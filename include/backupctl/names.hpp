// Names and paths that come from outside, parsed once at the border: what exists as one of these types is well-formed.
//
// Thread rule: plain values.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "backupctl/result.hpp"

namespace backupctl {

namespace detail {
template <class Rule>
class Text {
 public:
  static Result<Text> parse(std::string_view text) {
    if (auto problem = Rule::problem_with(text); !problem.empty()) return Error{ErrorKind::invalid, std::move(problem)};
    return Text{std::string(text)};
  }
  const std::string& str() const { return value_; }
  friend bool operator==(const Text&, const Text&) = default;
  friend auto operator<=>(const Text&, const Text&) = default;

 private:
  explicit Text(std::string value) : value_(std::move(value)) {}
  std::string value_;
};
struct ZoneNameRule {
  static std::string problem_with(std::string_view);
};
struct SourcePathRule {
  static std::string problem_with(std::string_view);
};
struct OwnerNameRule {
  static std::string problem_with(std::string_view);
};
struct IdempotencyKeyRule {
  static std::string problem_with(std::string_view);
};
}  // namespace detail

// 1 to 63 of a-z 0-9 - _, beginning with a letter or digit.
using ZoneName = detail::Text<detail::ZoneNameRule>;
// Where data lies: an absolute path "/data/x" or a URL "scheme://host/path". Valid UTF-8 of 1 to 4096 bytes, no control
// characters, no empty, "." or ".." component: what it names does not depend on how it is read.
using SourcePath = detail::Text<detail::SourcePathRule>;
// The person or system behind a token: 1 to 255 bytes of valid UTF-8 without control characters.
using OwnerName = detail::Text<detail::OwnerNameRule>;
// 1 to 255 printable ASCII characters.
using IdempotencyKey = detail::Text<detail::IdempotencyKeyRule>;

// True when `path` is `root` or lies below it, compared by whole components ("/data/a" is not below "/data/ab").
bool is_beneath(std::string_view path, std::string_view root);

bool is_valid_utf8(std::string_view text);           // RFC 3629: no surrogates, no overlong forms
bool has_control_characters(std::string_view text);  // U+0000 to U+001F and U+007F

}  // namespace backupctl

template <class Rule>
struct std::hash<backupctl::detail::Text<Rule>> {
  std::size_t operator()(const backupctl::detail::Text<Rule>& text) const noexcept {
    return std::hash<std::string>{}(text.str());
  }
};
