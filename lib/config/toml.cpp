#include "config/toml.hpp"

#include <algorithm>
#include <string>

namespace backupctl::config {
namespace {

// Where a text in quotes or a comment that begins at `begin` ends.
std::size_t skip_quoted(std::string_view text, std::size_t begin) {
  const char mark = text[begin];
  if (mark == '#') return std::min(text.find('\n', begin), text.size());
  const std::string three(3, mark);
  const std::string end(text.substr(begin, 3) == three ? three : three.substr(0, 1));
  for (auto i = begin + end.size(); i < text.size(); ++i) {
    if (text[i] == '\\' && mark == '"') {
      ++i;
    } else if (text.substr(i, end.size()) == end) {
      return i + end.size();
    } else if (text[i] == '\n' && end.size() == 1) {
      return i;
    }
  }
  return text.size();
}

// The line of a letter beyond ASCII outside of quotes and comments, in a text that is TOML otherwise. 0: there is none.
std::uint32_t line_of_bare_letter(std::string_view text) {
  std::size_t i = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  while (i < text.size()) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x80)
      return static_cast<std::uint32_t>(1 +
                                        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(i), '\n'));
    i = c == '"' || c == '\'' || c == '#' ? skip_quoted(text, i) : i + 1;
  }
  return 0;
}

}  // namespace

void refuse_toml() { throw NoToml("a key is missing or malformed"); }

// What toml++ makes of letters beyond ASCII where none may stand is undefined. So it is to see that the text is TOML
// with an ASCII letter in the place of each, then that they stand in quotes and comments, and only then the text.
toml::table parse_toml(std::string_view text) {
  std::string masked(text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text);
  for (char& c : masked) {
    if (static_cast<unsigned char>(c) >= 0x80) c = 'z';
  }
  (void)toml::parse(masked);
  if (const auto line = line_of_bare_letter(text); line != 0)
    throw NoToml("a letter beyond ASCII stands outside of quotes", line);
  return toml::parse(text);
}

}  // namespace backupctl::config
