// Finds a member in the text of an object that is known to be well-formed: only nesting and strings matter then.
#include <algorithm>
#include <cstddef>

#include "wire/json.hpp"

namespace backupctl::wire {
namespace {

constexpr std::string_view white = " \t\r\n";

std::size_t skip_white(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(white, at), text.size());
}

std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

std::size_t end_of_value(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = end_of_string(text, at);
      if (depth == 0) return at;
      continue;
    }
    if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return at;  // ends the object around a number or a literal
      if (--depth == 0) return at + 1;
    } else if (depth == 0 && (c == ',' || white.find(c) != std::string_view::npos)) {
      return at;
    }
    ++at;
  }
  return text.size();
}

bool is_name(std::string_view quoted, std::string_view name) {
  if (quoted.find('\\') == std::string_view::npos) return quoted.substr(1, quoted.size() - 2) == name;
  const auto unescaped = parse_strict(quoted);
  return unescaped && std::string_view{unescaped->as_string()} == name;
}

}  // namespace

std::string_view raw_member(std::string_view object, std::string_view name) {
  std::size_t at = skip_white(object, 0) + 1;  // behind the brace
  while (true) {
    at = skip_white(object, at);
    if (at >= object.size() || object[at] != '"') return {};
    const auto name_begin = at;
    at = end_of_string(object, at);
    const auto quoted = object.substr(name_begin, at - name_begin);
    at = skip_white(object, skip_white(object, at) + 1);  // the colon and what may surround it
    const auto value_begin = at;
    at = end_of_value(object, at);
    if (is_name(quoted, name)) return object.substr(value_begin, at - value_begin);
    at = skip_white(object, at) + 1;  // the comma
  }
}

}  // namespace backupctl::wire
