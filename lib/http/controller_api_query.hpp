// Reads the query parameters of a list into typed values and collects every fault, not just the first; cuts lists into
// pages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "backupctl/ids.hpp"
#include "backupctl/time.hpp"
#include "http/message.hpp"

namespace backupctl::http {

// Where a list goes on: which list, and the last id of the page before. Callers are not to look into it.
std::string cursor_text(char list, const boost::uuids::uuid& last);
std::optional<boost::uuids::uuid> read_cursor(char list, std::string_view text);

// Thread rule: one thread; `request` outlives it.
class QueryReader {
 public:
  explicit QueryReader(const Request& request) : request_(request) {}

  // T is Timestamp or any type with `static Result<T> parse(std::string_view)`.
  template <class T>
  std::optional<T> read(std::string_view name) {
    const auto text = request_.query_parameter(name);
    if (!text) return {};
    Result<T> value = parse<T>(*text);
    if (value) return *std::move(value);
    faults_.push_back({std::string(name), std::move(value).error().detail});
    return {};
  }
  // `parse` answers an optional; `expected` names what it knows.
  template <class Parse>
  auto read_one_of(std::string_view name, const Parse& parse, std::string_view expected)
      -> std::invoke_result_t<const Parse&, std::string_view> {
    const auto text = request_.query_parameter(name);
    if (!text) return {};
    auto value = parse(*text);
    if (!value) faults_.push_back({std::string(name), "must be one of " + std::string(expected)});
    return value;
  }
  std::int64_t limit();
  template <class Id>
  std::optional<Id> cursor(char list) {
    const auto text = request_.query_parameter("cursor");
    if (!text) return {};
    if (const auto last = read_cursor(list, *text)) return Id{*last};
    faults_.push_back({"cursor", "must be the nextCursor of an earlier answer of this list"});
    return {};
  }

  // 400 with every fault, if there was one.
  std::optional<Response> refusal() const;

 private:
  template <class T>
  static Result<T> parse(std::string_view text) {
    if constexpr (std::is_same_v<T, Timestamp>) {
      return parse_timestamp(text);
    } else {
      return T::parse(text);
    }
  }

  const Request& request_;
  std::vector<Fault> faults_;
};

// Of rows that were read with one more than `limit`: drops that one and says where the list goes on.
template <class Row, class IdOf>
std::optional<std::string> cut_page(std::vector<Row>& rows, std::int64_t limit, char list, const IdOf& id_of) {
  if (static_cast<std::int64_t>(rows.size()) <= limit) return {};
  rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(limit), rows.end());
  return cursor_text(list, id_of(rows.back()).uuid());
}

}  // namespace backupctl::http
