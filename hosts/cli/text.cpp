#include "cli/text.hpp"

#include <wchar.h>

#include <array>
#include <cstdint>
#include <cstdio>

namespace backupctl::cli {
namespace {

struct Character {
  std::string_view bytes;
  std::uint32_t code;
};

// The first character of `text`, which is not empty; a byte that begins none stands for itself as U+FFFD.
Character first_of(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {text.substr(0, 1), lead};
  const std::size_t length = (lead >> 5) == 0x6 ? 2 : (lead >> 4) == 0xE ? 3 : (lead >> 3) == 0x1E ? 4 : 0;
  if (length == 0 || length > text.size()) return {text.substr(0, 1), 0xFFFD};
  std::uint32_t code = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return {text.substr(0, 1), 0xFFFD};
    code = (code << 6) | (next & 0x3FU);
  }
  return {text.substr(0, length), code};
}

// Control characters, line and paragraph separators, and what turns the direction of writing.
bool acts_on_terminal(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x200E || code == 0x200F ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

std::string escape(std::uint32_t code) {
  if (code == '\n') return "\\n";
  if (code == '\t') return "\\t";
  std::array<char, 12> text{};
  std::snprintf(text.data(), text.size(), code < 0x80 ? "\\x%02x" : "\\u%04x", static_cast<unsigned>(code));
  return text.data();
}

}  // namespace

std::string printable(std::string_view utf8) {
  std::string text;
  while (!utf8.empty()) {
    const auto [bytes, code] = first_of(utf8);
    utf8.remove_prefix(bytes.size());
    if (acts_on_terminal(code)) {
      text += escape(code);
    } else if (code == 0xFFFD) {
      text += "\xEF\xBF\xBD";
    } else {
      text += bytes;
    }
  }
  return text;
}

std::size_t width_of(std::string_view printable_utf8) {
  std::size_t columns = 0;
  while (!printable_utf8.empty()) {
    const auto [bytes, code] = first_of(printable_utf8);
    printable_utf8.remove_prefix(bytes.size());
    const int width = code < 0x80 ? 1 : ::wcwidth(static_cast<wchar_t>(code));
    columns += width < 0 ? 1 : static_cast<std::size_t>(width);
  }
  return columns;
}

std::string cut(std::string_view printable_utf8, std::size_t columns) {
  if (width_of(printable_utf8) <= columns) return std::string(printable_utf8);
  std::string text;
  while (!printable_utf8.empty()) {
    const auto bytes = first_of(printable_utf8).bytes;
    if (width_of(text) + width_of(bytes) + 1 > columns) break;
    text += bytes;
    printable_utf8.remove_prefix(bytes.size());
  }
  return text + "\u2026";
}

}  // namespace backupctl::cli
