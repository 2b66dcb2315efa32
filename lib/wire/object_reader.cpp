#include "wire/object_reader.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <utility>

namespace backupctl::wire {

namespace json = boost::json;

namespace {

// For logs and for whoever reads one line only. A pointer that a caller made long is left to the list of faults.
std::string summary_of(const std::vector<Fault>& faults) {
  const auto& first = faults.front();
  std::string summary = first.pointer.empty()         ? "the document"
                        : first.pointer.size() <= 100 ? first.pointer
                                                      : "a member with a long name";
  summary += ' ' + first.detail;
  if (faults.size() > 1) summary += ", and " + std::to_string(faults.size() - 1) + " more";
  return summary + '.';
}

}  // namespace

std::string_view kind_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return "a number";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "an array";
    case json::kind::object:
      return "an object";
  }
  return "unknown";
}

ObjectReader::ObjectReader(const json::value& document, UnknownMembers unknown)
    : object_(document.if_object()), unknown_(unknown), faults_(own_faults_) {
  if (!object_) add_fault("", wrong_type("an object", document));
}

ObjectReader::ObjectReader(const json::value& value, std::string pointer, UnknownMembers unknown,
                           std::vector<Fault>& faults)
    : object_(value.if_object()), pointer_(std::move(pointer)), unknown_(unknown), faults_(faults) {
  if (!object_) add_fault(pointer_, wrong_type("an object", value));
}

void ObjectReader::fault(std::string_view name, std::string detail) {
  add_fault(member_pointer(pointer_, name), std::move(detail));
}

Result<void> ObjectReader::finish() {
  if (refusal_) return *std::exchange(refusal_, {});
  check_unknown();
  if (faults_.empty()) return {};
  auto detail = summary_of(faults_);
  return Error{ErrorKind::invalid, std::move(detail), false, "invalid-request", std::move(faults_)};
}

const json::value* ObjectReader::find(std::string_view name, bool is_required) {
  if (!object_) return nullptr;
  const auto it = object_->find(name);
  if (it == object_->end()) {
    if (is_required) fault(name, "is required");
    return nullptr;
  }
  if (unknown_ == UnknownMembers::refuse) seen_.push_back(static_cast<std::size_t>(it - object_->begin()));
  return &it->value();
}

std::optional<bool> ObjectReader::boolean(const json::value* value, std::string_view name) {
  if (!value) return {};
  if (const auto* flag = value->if_bool()) return *flag;
  fault(name, wrong_type("true or false", *value));
  return {};
}

std::optional<std::int64_t> ObjectReader::integer(const json::value* value, std::string_view name, IntegerRange range) {
  if (!value) return {};
  if (!value->is_number()) {
    fault(name, wrong_type("a whole number", *value));
    return {};
  }
  if (const auto* number = value->if_int64(); number && *number >= range.least && *number <= range.most) return *number;
  fault(name, "must be a whole number from " + std::to_string(range.least) + " to " + std::to_string(range.most));
  return {};
}

std::optional<std::string_view> ObjectReader::string(const json::value* value, std::string_view name) {
  if (!value) return {};
  if (const auto* text = value->if_string()) return std::string_view{*text};
  fault(name, wrong_type("a string", *value));
  return {};
}

const json::array* ObjectReader::elements_of(const json::value* value, std::string_view name) {
  if (!value) return nullptr;
  if (const auto* elements = value->if_array()) return elements;
  fault(name, wrong_type("an array", *value));
  return nullptr;
}

bool ObjectReader::object(const json::value* value, std::string_view name, const ReadObject& read_member) {
  if (!value) return false;
  ObjectReader nested(*value, member_pointer(pointer_, name), unknown_, faults_);
  if (!nested.object_) return false;
  read_member(nested);
  nested.check_unknown();
  return true;
}

bool ObjectReader::objects(const json::value* value, std::string_view name, const ReadObject& read_element) {
  const auto* elements = elements_of(value, name);
  if (!elements) return false;
  const auto pointer = member_pointer(pointer_, name);
  for (std::size_t i = 0; i < elements->size(); ++i) {
    ObjectReader nested((*elements)[i], element_pointer(pointer, i), unknown_, faults_);
    if (!nested.object_) continue;
    read_element(nested);
    nested.check_unknown();
  }
  return true;
}

std::string ObjectReader::wrong_type(std::string_view expected, const json::value& found) {
  return "must be " + std::string(expected) + ", not " + std::string(kind_name(found));
}

void ObjectReader::check_unknown() {
  if (!object_ || unknown_ == UnknownMembers::ignore) return;
  std::size_t position = 0;
  for (const auto& member : *object_) {
    if (std::find(seen_.begin(), seen_.end(), position++) == seen_.end()) fault(member.key(), "is not a known member");
  }
}

}  // namespace backupctl::wire
