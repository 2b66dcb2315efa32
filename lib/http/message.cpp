#include "http/message.hpp"

#include <algorithm>

namespace backupctl::http {
namespace {

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, to_lower, to_lower);
}

void Headers::set(std::string_view name, std::string value) {
  std::erase_if(fields_, [name](const Header& field) { return equal_ignoring_case(field.name, name); });
  fields_.push_back({std::string(name), std::move(value)});
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const Header& field : fields_) {
    if (equal_ignoring_case(field.name, name)) return field.value;
  }
  return {};
}

std::size_t Headers::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(fields_, [name](const Header& field) { return equal_ignoring_case(field.name, name); }));
}

const std::string& Request::path_parameter(std::string_view name) const {
  static const std::string none;
  const auto found = std::ranges::find(path_parameters, name, &Parameter::name);
  return found == path_parameters.end() ? none : found->value;
}

std::optional<std::string_view> Request::query_parameter(std::string_view name) const {
  const auto found = std::ranges::find(query, name, &Parameter::name);
  if (found == query.end()) return {};
  return found->value;
}

Response json_response(int status, std::string body) {
  return {.status = status, .headers = {{"Content-Type", "application/json"}}, .body = std::move(body)};
}

Response empty_response(int status) { return {.status = status}; }

bool has_json_content_type(const Request& request) {
  auto type = request.headers.find("Content-Type").value_or("");
  type = type.substr(0, type.find(';'));
  type = type.substr(0, type.find_last_not_of(" \t") + 1);
  return equal_ignoring_case(type, "application/json");
}

}  // namespace backupctl::http
