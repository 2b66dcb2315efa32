#include "config/schema.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "backupctl/names.hpp"

namespace backupctl::config {
namespace {

using Check = std::function<std::string(std::string_view)>;

std::string in_quotes(std::string_view text) { return '"' + std::string(text) + '"'; }

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : std::string(between)) + word;
  return text;
}

std::optional<std::string> as_text(const Value& value) {
  if (const auto* raw = std::get_if<Raw>(&value)) return raw->text;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return {};
}

// Text that ends up in file names, SQL and logs.
std::string problem_with_text(std::string_view text) {
  if (!is_valid_utf8(text)) return "must be valid UTF-8";
  if (has_control_characters(text)) return "must not contain control characters";
  return {};
}

Verdict assign_text(const Value& value, const Check& check, std::string& field) {
  const auto text = as_text(value);
  if (!text) return {"must be a text in quotes"};
  if (auto problem = problem_with_text(*text); !problem.empty()) return {std::move(problem)};
  if (auto problem = check(*text); !problem.empty()) return {std::move(problem)};
  field = *text;
  return {};
}

std::optional<std::int64_t> as_number(const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  if (const auto* raw = std::get_if<Raw>(&value)) {
    std::int64_t number = 0;
    const auto* end = raw->text.data() + raw->text.size();
    if (const auto [at, error] = std::from_chars(raw->text.data(), end, number); error == std::errc{} && at == end) {
      return number;
    }
  }
  return {};
}

std::optional<bool> as_flag(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* raw = std::get_if<Raw>(&value)) {
    if (raw->text == "true") return true;
    if (raw->text == "false") return false;
  }
  return {};
}

// "a,b" or, as in the file, ["a", "b"]: the loader has parsed the latter.
std::optional<std::vector<std::string>> as_list(const Value& value) {
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) return *list;
  const auto* raw = std::get_if<Raw>(&value);
  if (!raw) return {};
  std::vector<std::string> items;
  for (std::size_t begin = 0; begin < raw->text.size();) {
    const auto end = std::min(raw->text.find(',', begin), raw->text.size());
    items.push_back(raw->text.substr(begin, end - begin));
    begin = end + 1;
  }
  return items;
}

Verdict assign_list(const Value& value, const Check& check, std::vector<std::string>& field) {
  auto items = as_list(value);
  if (!items) return {R"(must be a list of texts such as ["a", "b"])"};
  for (const auto& item : *items) {
    auto problem = item.empty() ? "must not be empty" : problem_with_text(item);
    if (problem.empty()) problem = check(item);
    if (!problem.empty()) return {"item " + in_quotes(item) + " " + problem};
  }
  field = std::move(*items);
  return {};
}

std::string range_text(Schema::Range range) {
  if (range.most == std::numeric_limits<std::int64_t>::max()) return "of at least " + std::to_string(range.least);
  return std::to_string(range.least) + " to " + std::to_string(range.most);
}

}  // namespace

Key& Key::required() {
  is_required = true;
  return *this;
}

Key& Key::check(std::function<std::string(std::string_view)> check) {
  problem_with = std::move(check);
  return *this;
}

Key& Schema::add(std::string key, std::string type, std::string default_text, std::string help) {
  keys_.push_back(std::make_unique<Key>());
  auto& added = *keys_.back();
  added.name = std::move(key);
  added.type = std::move(type);
  added.default_text = std::move(default_text);
  added.help = std::move(help);
  return added;
}

void Schema::add_rows(Rows rows) { rows_.push_back(std::move(rows)); }

Key& Schema::text(std::string key, std::string& field, std::string help) {
  auto& added = add(std::move(key), "text", in_quotes(field), std::move(help));
  added.assign = [&field](const Value& value, const Check& check) { return assign_text(value, check, field); };
  return added;
}

Key& Schema::path(std::string key, std::string& field, std::string help) {
  auto& added = text(std::move(key), field, std::move(help));
  added.type = "path";
  return added.check([](std::string_view text) { return text.empty() ? "must not be empty" : ""; });
}

Key& Schema::choice(std::string key, std::string& field, std::vector<std::string> choices, std::string help) {
  auto& added = text(std::move(key), field, std::move(help));
  added.type = joined(choices, " | ");
  return added.check([choices = std::move(choices)](std::string_view text) -> std::string {
    if (std::find(choices.begin(), choices.end(), text) != choices.end()) return {};
    return "must be one of " + joined(choices, ", ");
  });
}

Key& Schema::number(std::string key, std::int64_t& field, Range range, std::string help) {
  auto& added = add(std::move(key), "whole number " + range_text(range), std::to_string(field), std::move(help));
  added.assign = [&field, range](const Value& value, const Check&) -> Verdict {
    const auto number = as_number(value);
    if (!number || *number < range.least || *number > range.most) {
      return {"must be a whole number " + range_text(range)};
    }
    field = *number;
    return {};
  };
  return added;
}

Key& Schema::flag(std::string key, bool& field, std::string help) {
  auto& added = add(std::move(key), "true | false", field ? "true" : "false", std::move(help));
  added.assign = [&field](const Value& value, const Check&) -> Verdict {
    const auto flag = as_flag(value);
    if (!flag) return {"must be true or false"};
    field = *flag;
    return {};
  };
  return added;
}

Key& Schema::duration(std::string key, Duration& field, Duration least, Duration most, std::string help) {
  const std::string type = "duration " + backupctl::to_string(least) + " to " + backupctl::to_string(most);
  auto& added = add(std::move(key), type, in_quotes(backupctl::to_string(field)), std::move(help));
  added.assign = [&field, least, most, type](const Value& value, const Check&) -> Verdict {
    const auto text = as_text(value);
    if (!text) return {R"(must be a duration in quotes such as "250ms", "5s", "10m" or "24h")"};
    const auto parsed = parse_duration(*text);
    if (!parsed) return {parsed.error().detail};
    if (*parsed < least || *parsed > most) return {"must be a " + type};
    field = *parsed;
    return {};
  };
  return added;
}

Key& Schema::list(std::string key, std::vector<std::string>& field, std::string help) {
  std::vector<std::string> items;
  for (const auto& item : field) items.push_back(in_quotes(item));
  auto& added = add(std::move(key), "list of texts", "[" + joined(items, ", ") + "]", std::move(help));
  added.assign = [&field, &added](const Value& value, const Check& check) {
    auto found = field;
    auto verdict = assign_list(value, check, found);
    if (verdict.problem.empty() && added.is_required && found.empty()) verdict.problem = "must not be empty";
    if (verdict.problem.empty()) field = std::move(found);
    return verdict;
  };
  added.is_list = true;
  return added;
}

Key& Schema::token_file(std::string key, TokenFile& field, std::string help) {
  auto& added = path(std::move(key), field.path, std::move(help));
  added.assign = [&field](const Value& value, const Check& check) -> Verdict {
    std::string path;
    if (auto verdict = assign_text(value, check, path); !verdict.problem.empty()) return verdict;
    auto token = read_token_file(path);
    if (!token) return {token.error().detail};
    field = {path, std::move(*token)};
    return {{}, is_readable_by_others(path) ? path + " can be read by every user of this machine" : ""};
  };
  return added;
}

void Schema::unsupported(std::string section, std::string why) {
  unsupported_.push_back({std::move(section), std::move(why)});
}

void Schema::also(std::function<void(const Report&)> check) { checks_.push_back(std::move(check)); }

}  // namespace backupctl::config
