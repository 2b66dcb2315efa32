// Writes JSON (RFC 8259) straight to the end of a string, without a tree in between.
//
//   JsonWriter json(out);
//   json.begin_object().member("name", zone).member("sentTime", maybe_time).end_object();
//
// An optional without a value leaves its member out. Strings are escaped; bytes that are not valid UTF-8 (file names
// may hold any) become U+FFFD, so the output is always valid JSON. Calls must nest as JSON does; that is not checked.
// Thread rule: one thread at a time.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "backupctl/ids.hpp"
#include "backupctl/names.hpp"
#include "backupctl/time.hpp"

namespace backupctl::wire {

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);  // of letters, digits and the like: it is taken as it is

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view{text}); }
  JsonWriter& value(std::integral auto number) {
    if constexpr (std::same_as<decltype(number), bool>) {
      return raw(number ? "true" : "false");
    } else {
      std::array<char, 24> digits;
      const auto* end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
      return raw({digits.data(), static_cast<std::size_t>(end - digits.data())});
    }
  }
  JsonWriter& value(double number);  // not finite: null, for JSON has no such numbers
  JsonWriter& value(Timestamp time) { return value(std::string_view{to_string(time)}); }
  JsonWriter& value(CivilDate date) { return value(std::string_view{date.to_string()}); }
  template <class Tag>
  JsonWriter& value(const Id<Tag>& id) {
    return value(std::string_view{id.to_string()});
  }
  template <class Rule>
  JsonWriter& value(const detail::Text<Rule>& text) {
    return value(std::string_view{text.str()});
  }
  JsonWriter& raw(std::string_view json);  // a whole JSON value, taken as it is

  template <class T>
  JsonWriter& member(std::string_view name, const T& content) {
    return key(name).value(content);
  }
  // For texts where empty means absent.
  JsonWriter& member_if_filled(std::string_view name, std::string_view text) {
    return text.empty() ? *this : member(name, text);
  }
  template <class T>
  JsonWriter& member(std::string_view name, const std::optional<T>& content) {
    return content ? member(name, *content) : *this;
  }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();
  void quote(std::string_view text);

  std::string& out_;
  bool needs_comma_ = false;
};

// The text of one value: json_text(write_backup, backup).
template <class Write, class... Args>
std::string json_text(const Write& write, const Args&... args) {
  std::string text;
  text.reserve(1024);
  JsonWriter out(text);
  write(out, args...);
  return text;
}

// The answer to every list: {"items":[…],"nextCursor":"…"}. `write` is called as write(out, item) for each item.
template <class Items, class Write>
std::string list_text(const Items& items, const Write& write, const std::optional<std::string>& next_cursor = {}) {
  constexpr std::size_t usual_item_bytes = 768;  // of a request or a backup
  std::string text;
  text.reserve((items.size() + 1) * usual_item_bytes);
  JsonWriter out(text);
  out.begin_object().key("items").begin_array();
  for (const auto& item : items) write(out, item);
  out.end_array().member("nextCursor", next_cursor).end_object();
  return text;
}

}  // namespace backupctl::wire
