// Reads the members of a JSON object into typed values and collects every fault, not just the first.
//
//   ObjectReader in(value);
//   auto job = in.required<JobId>("backupJobId");      // std::optional: empty when it is missing or faulty
//   auto note = in.optional<std::string>("note");      // empty when it is absent or faulty
//   if (auto done = in.finish(); !done) return done.error();
//   use(*job);                                         // safe: finish() would have failed
//
// T is bool, std::int64_t, std::string, Timestamp or any type with `static Result<T> parse(std::string_view)`; other
// texts are read with a function `Result<T>(std::string_view)`. A member that is null counts as one of a wrong type.
// Values are never repeated in a fault. Thread rule: one thread at a time. The value must outlive the reader.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "backupctl/result.hpp"
#include "backupctl/time.hpp"
#include "wire/pointer.hpp"

namespace backupctl::wire {

// Requests to us refuse members that we do not know; answers of a peer, who may be newer, may have more.
enum class UnknownMembers { refuse, ignore };

struct IntegerRange {
  std::int64_t least = 0;
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
};

// "a string", "a number", "null", …
std::string_view kind_name(const boost::json::value& value);

class ObjectReader {
 public:
  explicit ObjectReader(const boost::json::value& document, UnknownMembers unknown = UnknownMembers::refuse);
  ObjectReader(const ObjectReader&) = delete;
  ObjectReader& operator=(const ObjectReader&) = delete;

  template <class T>
  std::optional<T> required(std::string_view name) {
    return read<T>(name, true);
  }
  template <class T>
  std::optional<T> optional(std::string_view name) {
    return read<T>(name, false);
  }
  template <class Parse>
  auto required(std::string_view name, const Parse& parse) {
    return parsed(find(name, true), name, parse);
  }
  template <class Parse>
  auto optional(std::string_view name, const Parse& parse) {
    return parsed(find(name, false), name, parse);
  }

  std::optional<std::int64_t> required_integer(std::string_view name, IntegerRange range = {}) {
    return integer(find(name, true), name, range);
  }
  std::optional<std::int64_t> optional_integer(std::string_view name, IntegerRange range = {}) {
    return integer(find(name, false), name, range);
  }

  // Arrays of texts; faults name the element. Empty when any element is faulty.
  template <class T>
  std::optional<std::vector<T>> required_array(std::string_view name) {
    return array<T>(find(name, true), name);
  }
  template <class T>
  std::optional<std::vector<T>> optional_array(std::string_view name) {
    return array<T>(find(name, false), name);
  }

  // Calls read_member(ObjectReader&) for the object `name`, and checks its unknown members. False when it is not there.
  using ReadObject = std::function<void(ObjectReader&)>;
  bool required_object(std::string_view name, const ReadObject& read_member) {
    return object(find(name, true), name, read_member);
  }
  bool optional_object(std::string_view name, const ReadObject& read_member) {
    return object(find(name, false), name, read_member);
  }
  // The same for each object in the array `name`.
  bool required_objects(std::string_view name, const ReadObject& read_element) {
    return objects(find(name, true), name, read_element);
  }
  bool optional_objects(std::string_view name, const ReadObject& read_element) {
    return objects(find(name, false), name, read_element);
  }

  // The value as it is, whatever it is; null pointer when absent.
  const boost::json::value* optional_value(std::string_view name) { return find(name, false); }
  bool has(std::string_view name) const { return object_ && object_->contains(name); }

  void fault(std::string_view name, std::string detail);  // a rule that spans members, told at one of them

  // Makes finish() fail with `error` alone, whatever other faults there are: when one member makes the rest unreadable.
  void refuse(Error error) {
    if (!refusal_) refusal_ = std::move(error);
  }

  // Fails with Error{invalid, "invalid-request"} and all faults; those of nested readers are among them.
  Result<void> finish();

 private:
  ObjectReader(const boost::json::value& value, std::string pointer, UnknownMembers unknown,
               std::vector<Fault>& faults);

  template <class T>
  std::optional<T> read(std::string_view name, bool is_required) {
    const auto* value = find(name, is_required);
    if constexpr (std::is_same_v<T, bool>) {
      return boolean(value, name);
    } else if constexpr (std::is_same_v<T, std::int64_t>) {
      return integer(value, name, {std::numeric_limits<std::int64_t>::min()});
    } else {
      return parsed(value, name, &parse_text<T>);
    }
  }
  template <class T>
  static Result<T> parse_text(std::string_view text) {
    if constexpr (std::is_same_v<T, std::string>) {
      return std::string(text);
    } else if constexpr (std::is_same_v<T, Timestamp>) {
      return parse_timestamp(text);
    } else {
      return T::parse(text);
    }
  }
  template <class Parse, class T = typename std::invoke_result_t<const Parse&, std::string_view>::value_type>
  std::optional<T> parsed(const boost::json::value* value, std::string_view name, const Parse& parse) {
    const auto text = string(value, name);
    if (!text) return {};
    auto result = parse(*text);
    if (result) return *std::move(result);
    fault(name, std::move(result).error().detail);
    return {};
  }
  template <class T>
  std::optional<std::vector<T>> array(const boost::json::value* value, std::string_view name) {
    const auto* elements = elements_of(value, name);
    if (!elements) return {};
    std::vector<T> read_elements;
    for (std::size_t i = 0; i < elements->size(); ++i) {
      const auto& element = (*elements)[i];
      if (const auto* text = element.if_string()) {
        auto result = parse_text<T>(std::string_view{*text});
        if (result) {
          read_elements.push_back(*std::move(result));
        } else {
          add_fault(element_pointer(member_pointer(pointer_, name), i), std::move(result).error().detail);
        }
      } else {
        add_fault(element_pointer(member_pointer(pointer_, name), i), wrong_type("a string", element));
      }
    }
    if (read_elements.size() != elements->size()) return {};
    return read_elements;
  }

  const boost::json::value* find(std::string_view name, bool is_required);
  std::optional<bool> boolean(const boost::json::value* value, std::string_view name);
  std::optional<std::int64_t> integer(const boost::json::value* value, std::string_view name, IntegerRange range);
  std::optional<std::string_view> string(const boost::json::value* value, std::string_view name);
  const boost::json::array* elements_of(const boost::json::value* value, std::string_view name);
  bool object(const boost::json::value* value, std::string_view name, const ReadObject& read_member);
  bool objects(const boost::json::value* value, std::string_view name, const ReadObject& read_element);
  static std::string wrong_type(std::string_view expected, const boost::json::value& found);
  void add_fault(std::string pointer, std::string detail) {
    faults_.push_back({std::move(pointer), std::move(detail)});
  }
  void check_unknown();

  const boost::json::object* object_;  // null when the value is no object
  std::string pointer_;
  UnknownMembers unknown_;
  std::vector<std::size_t> seen_;  // positions of the members that were asked for
  std::optional<Error> refusal_;
  std::vector<Fault> own_faults_;
  std::vector<Fault>& faults_;  // of the outermost reader
};

}  // namespace backupctl::wire
