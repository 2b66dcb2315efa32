// The text of a SELECT whose conditions depend on what the caller asks for, and the values that it is bound to.
// Thread rule: one thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace backupctl::soci {

class SelectText {
 public:
  // `text` ends with the one table.
  explicit SelectText(std::string text) : from_(std::move(text)) {}
  virtual ~SelectText() = default;
  SelectText(const SelectText&) = delete;
  SelectText& operator=(const SelectText&) = delete;

  // Rows with these values in these columns, newest first by `id`, from below `after` to above `above`. The columns and
  // `id`, in this order, are those of `index`.
  struct Page {
    std::string_view id;
    std::optional<std::string> after{}, above{};
    std::string_view index{};  // empty: that of `id`
    std::vector<std::pair<std::string_view, std::string>> equal{};
    bool is_sorted = false;  // the other conditions leave few rows, which are sorted: no `index` and nothing `equal`
  };
  // After all other conditions. Whatever the engine knows of the table, or believes, it reads that index, from where
  // the page begins, as far as it needs.
  virtual void page(const Page& page) = 0;
  // A column in a condition that no index is to be used for.
  virtual std::string aside(std::string_view column) const = 0;

  // Binds a value: answers what stands for it in a condition.
  template <class T>
  std::string value(T content) {
    parameters_.emplace_back("p" + std::to_string(parameters_.size()), std::move(content));
    return ":" + parameters_.back().name;
  }
  void where(std::string_view condition) { rest_.append(" AND ").append(condition); }
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
  void then(std::string_view text) { rest_.append(" ").append(text); }
  void limit(std::int64_t rows) { then("LIMIT " + value(rows)); }

 protected:
  std::string text() const { return from_ + rest_; }
  void from(std::string_view text) { from_.append(" ").append(text); }
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
  std::string from_, rest_ = " WHERE true";
  std::deque<Parameter> parameters_;  // bound by address: a deque does not move them
};

}  // namespace backupctl::soci
