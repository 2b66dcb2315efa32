#include "wire/json.hpp"

#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "wire/pointer.hpp"

namespace backupctl::wire {
namespace {

namespace json = boost::json;
using json::error_code;
using json::string_view;

// What the parser itself lets pass and we do not.
enum class Refusal { none, number_too_large, null_character, duplicate };

bool refuse(Refusal& refusal, Refusal reason, error_code& ec) {
  refusal = reason;
  ec = json::make_error_code(json::error::syntax);  // any error stops the parser; `refusal` says which it was
  return false;
}

bool check_text(std::string_view text, Refusal& refusal, error_code& ec) {
  return text.find('\0') == std::string_view::npos || refuse(refusal, Refusal::null_character, ec);
}

bool check_number(double number, Refusal& refusal, error_code& ec) {
  return std::isfinite(number) || refuse(refusal, Refusal::number_too_large, ec);
}

// Builds the value and counts the members of all objects.
struct Builder {
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  explicit Builder(unsigned char* buffer, std::size_t size) : stack({}, buffer, size) {}

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t n, error_code&) { return stack.push_object(n), true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t n, error_code&) { return stack.push_array(n), true; }
  bool on_key_part(string_view s, std::size_t, error_code& ec) {
    return check_text(s, refusal, ec) && (stack.push_chars(s), true);
  }
  bool on_key(string_view s, std::size_t, error_code& ec) {
    ++members;
    return check_text(s, refusal, ec) && (stack.push_key(s), true);
  }
  bool on_string_part(string_view s, std::size_t, error_code& ec) {
    return check_text(s, refusal, ec) && (stack.push_chars(s), true);
  }
  bool on_string(string_view s, std::size_t, error_code& ec) {
    return check_text(s, refusal, ec) && (stack.push_string(s), true);
  }
  bool on_number_part(string_view, error_code&) { return true; }
  bool on_int64(std::int64_t i, string_view, error_code&) { return stack.push_int64(i), true; }
  bool on_uint64(std::uint64_t u, string_view, error_code&) { return stack.push_uint64(u), true; }
  bool on_double(double d, string_view, error_code& ec) {
    return check_number(d, refusal, ec) && (stack.push_double(d), true);
  }
  bool on_bool(bool b, error_code&) { return stack.push_bool(b), true; }
  bool on_null(error_code&) { return stack.push_null(), true; }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

  json::value_stack stack;
  std::size_t members = 0;
  Refusal refusal = Refusal::none;
};

// Builds nothing; stops at the first member whose name its object already has.
struct DuplicateFinder {
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  struct Level {
    bool is_object;
    std::set<std::string, std::less<>> names{};
    std::string current{};
    std::size_t index = 0;
  };

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return levels.push_back({true}), true; }
  bool on_object_end(std::size_t, error_code&) { return levels.pop_back(), next(); }
  bool on_array_begin(error_code&) { return levels.push_back({false}), true; }
  bool on_array_end(std::size_t, error_code&) { return levels.pop_back(), next(); }
  bool on_key_part(string_view s, std::size_t, error_code&) { return partial.append(s.data(), s.size()), true; }
  bool on_key(string_view s, std::size_t, error_code& ec) {
    auto& level = levels.back();
    level.current = std::move(partial).append(s.data(), s.size());
    partial.clear();
    return level.names.insert(level.current).second || refuse(refusal, Refusal::duplicate, ec);
  }
  bool on_string_part(string_view, std::size_t, error_code&) { return true; }
  bool on_string(string_view, std::size_t, error_code&) { return next(); }
  bool on_number_part(string_view, error_code&) { return true; }
  bool on_int64(std::int64_t, string_view, error_code&) { return next(); }
  bool on_uint64(std::uint64_t, string_view, error_code&) { return next(); }
  bool on_double(double, string_view, error_code&) { return next(); }
  bool on_bool(bool, error_code&) { return next(); }
  bool on_null(error_code&) { return next(); }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

  bool next() {
    if (!levels.empty()) ++levels.back().index;
    return true;
  }
  std::string pointer() const {
    std::string path;
    for (const auto& level : levels) {
      path = level.is_object ? member_pointer(path, level.current) : element_pointer(path, level.index);
    }
    return path;
  }

  std::vector<Level> levels;
  std::string partial;
  Refusal refusal = Refusal::none;
};

std::size_t count_members(const json::value& value) {
  std::size_t count = 0;
  if (const auto* object = value.if_object()) {
    count = object->size();
    for (const auto& member : *object) count += count_members(member.value());
  } else if (const auto* array = value.if_array()) {
    for (const auto& element : *array) count += count_members(element);
  }
  return count;
}

json::parse_options options_for(const ParseLimits& limits) {
  json::parse_options options;
  options.max_depth = limits.max_depth;
  return options;
}

Error malformed(std::size_t offset, const std::string& what) {
  return {ErrorKind::invalid,
          "The text is not acceptable JSON: at byte " + std::to_string(offset) + ": " + what + ".",
          false,
          "malformed-json",
          {}};
}

Error malformed(std::size_t offset, Refusal refusal, const error_code& ec) {
  switch (refusal) {
    case Refusal::number_too_large:
      return malformed(offset, "the number is too large");
    case Refusal::null_character:
      return malformed(offset, "U+0000 is not allowed in a string");
    default:
      return malformed(offset, ec.message());
  }
}

// The second look at a text that is known to have a duplicate member; only refused texts pay for it.
Error duplicate_in(std::string_view text, const ParseLimits& limits) {
  json::basic_parser<DuplicateFinder> parser(options_for(limits));
  error_code ec;
  const auto offset = parser.write_some(false, text.data(), text.size(), ec);
  auto pointer = parser.handler().pointer();
  auto error = malformed(offset, "the object has this member twice");
  error.faults.push_back({std::move(pointer), "is a duplicate member"});
  return error;
}

}  // namespace

Result<json::value> parse_strict(std::string_view text, ParseLimits limits, json::storage_ptr storage) {
  if (text.size() > limits.max_bytes) {
    return malformed(limits.max_bytes, "the text is longer than " + std::to_string(limits.max_bytes) + " bytes");
  }
  if (text.starts_with("\xEF\xBB\xBF")) return malformed(0, "a byte order mark is not allowed");
  std::array<unsigned char, 2048> buffer;
  json::basic_parser<Builder> parser(options_for(limits), buffer.data(), buffer.size());
  auto& builder = parser.handler();
  builder.stack.reset(std::move(storage));
  error_code ec;
  const auto offset = parser.write_some(false, text.data(), text.size(), ec);
  if (ec) return malformed(offset, builder.refusal, ec);
  if (offset < text.size()) return malformed(offset, "there is something behind the value");
  auto value = builder.stack.release();
  // An object keeps one member of each name, so a tree with fewer members than the text had lost a duplicate.
  if (count_members(value) != builder.members) return duplicate_in(text, limits);
  return value;
}

}  // namespace backupctl::wire
