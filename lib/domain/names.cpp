#include "backupctl/names.hpp"

#include <algorithm>
#include <cstdint>

namespace backupctl {

bool is_valid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80           ? 1
                               : (lead >> 5) == 0x6  ? 2
                               : (lead >> 4) == 0xE  ? 3
                               : (lead >> 3) == 0x1E ? 4
                                                     : 0;
    if (length == 0 || i + length > text.size()) return false;
    std::uint32_t code = length == 1 ? lead : lead & (0xFFu >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xC0) != 0x80) return false;
      code = (code << 6) | (next & 0x3Fu);
    }
    constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < least[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
    i += length;
  }
  return true;
}

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

bool is_beneath(std::string_view path, std::string_view root) {
  while (root.size() > 1 && root.ends_with('/')) root.remove_suffix(1);
  if (root.empty() || !path.starts_with(root)) return false;
  return path.size() == root.size() || root == "/" || path[root.size()] == '/';
}

namespace detail {
namespace {

std::string problem_with_text(std::string_view text, std::size_t longest) {
  if (text.empty()) return "must not be empty";
  if (text.size() > longest) return "must not be longer than " + std::to_string(longest) + " bytes";
  if (!is_valid_utf8(text)) return "must be valid UTF-8";
  if (has_control_characters(text)) return "must not contain control characters";
  return {};
}

bool is_lower_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

}  // namespace

std::string ZoneNameRule::problem_with(std::string_view text) {
  const bool good =
      !text.empty() && text.size() <= 63 && is_lower_alphanumeric(text[0]) &&
      std::all_of(text.begin(), text.end(), [](char c) { return is_lower_alphanumeric(c) || c == '-' || c == '_'; });
  return good ? "" : "must be 1 to 63 characters a-z 0-9 - _ and begin with a letter or a digit";
}

std::string SourcePathRule::problem_with(std::string_view text) {
  if (auto problem = problem_with_text(text, 4096); !problem.empty()) return problem;
  std::string_view rest = text;
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos && scheme > 0 && text[0] != '/') {
    const auto name = text.substr(0, scheme);
    if (!std::all_of(name.begin(), name.end(),
                     [](char c) { return is_lower_alphanumeric(c) || c == '+' || c == '-' || c == '.'; })) {
      return "must have a scheme of a-z 0-9 + - . before ://";
    }
    rest = text.substr(scheme + 2);  // keeps one slash: "scheme://host/path" is then judged as "/host/path"
    if (rest.starts_with("//")) rest.remove_prefix(1);
    if (rest == "/") return "must name something behind the scheme";
  }
  if (!rest.starts_with('/')) return "must be an absolute path or a URL (scheme://host/path)";
  if (rest == "/") return {};
  for (std::size_t begin = 1; begin <= rest.size();) {
    const auto end = std::min(rest.find('/', begin), rest.size());
    const auto part = rest.substr(begin, end - begin);
    if (part == "." || part == "..") return "must not contain the components . or ..";
    if (part.empty() && end != rest.size()) return "must not contain an empty component (//)";
    begin = end + 1;
  }
  return {};
}

std::string OwnerNameRule::problem_with(std::string_view text) { return problem_with_text(text, 255); }

std::string IdempotencyKeyRule::problem_with(std::string_view text) {
  const bool good = !text.empty() && text.size() <= 255 &&
                    std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c <= 0x7E; });
  return good ? "" : "must be 1 to 255 printable ASCII characters";
}

}  // namespace detail
}  // namespace backupctl
