// The text of a SELECT whose conditions depend on what the caller asks for, and the values that it is bound to.
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace backupctl::soci {

class SelectText {
 public:
  explicit SelectText(std::string text) : text_(std::move(text) + " WHERE true") {}

  // Binds a value: answers what stands for it in a condition.
  template <class T>
  std::string value(T content) {
    parameters_.emplace_back("p" + std::to_string(parameters_.size()), std::move(content));
    return ":" + parameters_.back().name;
  }
  void where(std::string_view condition) { text_.append(" AND ").append(condition); }
  // `condition` ends where the value belongs: "zone =".
  template <class T>
  void where(std::string_view condition, T content) {
    where(std::string(condition) + " " + value(std::move(content)));
  }
  // One of `ids`, unless there are none.
  template <class Id>
  void where_one_of(std::string_view column, const std::vector<Id>& ids) {
    if (ids.empty()) return;
    std::string list;
    for (const auto& id : ids) list += (list.empty() ? "" : ", ") + value(id.to_string());
    where(std::string(column) + " IN (" + list + ")");
  }
  void then(std::string_view text) { text_.append(" ").append(text); }
  void limit(std::int64_t rows) { then("LIMIT " + value(rows)); }

 protected:
  const std::string& text() const { return text_; }
  // bind(name, value) for each.
  template <class Bind>
  void bind_values(Bind&& bind) {
    for (auto& parameter : parameters_) {
      std::visit([&](auto& value) { bind(parameter.name, value); }, parameter.value);
    }
  }

 private:
  struct Parameter {
    Parameter(std::string n, std::variant<std::string, std::int64_t> v) : name(std::move(n)), value(std::move(v)) {}
    std::string name;
    std::variant<std::string, std::int64_t> value;
  };
  std::string text_;
  std::deque<Parameter> parameters_;  // bound by address: a deque does not move them
};

}  // namespace backupctl::soci
