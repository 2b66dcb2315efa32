#include "cli/document.hpp"

#include "wire/json_writer.hpp"

namespace backupctl::cli {
namespace {

std::string joined(const boost::json::array& elements) {
  std::string text;
  for (const auto& element : elements) {
    if (!text.empty()) text += ", ";
    text += text_of(element);
  }
  return text;
}

std::string joined(const boost::json::object& members) {
  std::string text;
  for (const auto& [name, value] : members) {
    if (!text.empty()) text += ", ";
    text += std::string(name) + " " + text_of(value);
  }
  return text;
}

}  // namespace

Result<Document> parse_document(std::string text, const std::string& what) {
  auto json = wire::parse_strict(text, {.max_bytes = most_answer_bytes});
  if (json && json->is_object()) return Document{std::move(text), *std::move(json)};
  return Error{ErrorKind::unavailable,
               what + (json ? " is no JSON object" : " is no JSON: " + json.error().detail),
               true,
               "bad-answer",
               {}};
}

std::string text_of(const Json& value) {
  if (const auto* text = value.if_string()) return std::string(std::string_view{*text});
  if (const auto* array = value.if_array()) return joined(*array);
  if (const auto* object = value.if_object()) return joined(*object);
  if (const auto* flag = value.if_bool()) return *flag ? "yes" : "no";
  if (const auto* number = value.if_int64()) return std::to_string(*number);
  if (const auto* number = value.if_uint64()) return std::to_string(*number);
  if (const auto* number = value.if_double()) return wire::json_text([number](auto& out) { out.value(*number); });
  return {};
}

std::string text_of(const Json& object, std::string_view member) {
  const auto* members = object.if_object();
  const auto* value = members ? members->if_contains(member) : nullptr;
  return value ? text_of(*value) : std::string{};
}

std::optional<std::int64_t> integer_of(const Json& object, std::string_view member) {
  const auto* members = object.if_object();
  const auto* value = members ? members->if_contains(member) : nullptr;
  const auto* number = value ? value->if_int64() : nullptr;
  if (!number) return {};
  return *number;
}

std::vector<Json> objects_of(const Json& object, std::string_view member) {
  std::vector<Json> objects;
  const auto* members = object.if_object();
  const auto* value = members ? members->if_contains(member) : nullptr;
  const auto* elements = value ? value->if_array() : nullptr;
  if (!elements) return objects;
  for (const auto& element : *elements) {
    if (element.is_object()) objects.push_back(element);
  }
  return objects;
}

}  // namespace backupctl::cli
