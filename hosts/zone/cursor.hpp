// Where a list goes on, as a text that needs no quoting in a URL. Thread rule: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "backupctl/result.hpp"

namespace backupctl::zone {

inline std::string cursor_text(std::string_view after) {
  std::string text;
  for (const char c : after) {
    const auto byte = static_cast<unsigned char>(c);
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

// Error: invalid, for what cursor_text never gives.
inline Result<std::string> read_cursor(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string after;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const auto high = digits.find(text[i]);
    const auto low = digits.find(text[i + 1]);
    if (high == digits.npos || low == digits.npos) break;
    after += static_cast<char>(high << 4 | low);
  }
  if (text.empty() || after.size() * 2 != text.size()) {
    return Error{ErrorKind::invalid, "must be the nextCursor of an earlier answer"};
  }
  return after;
}

}  // namespace backupctl::zone
