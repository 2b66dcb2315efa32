// What all documents have in common when they are read.
#pragma once

#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "backupctl/result.hpp"
#include "wire/json.hpp"
#include "wire/object_reader.hpp"

namespace backupctl::wire {

// Reads the text of one object: read_members(ObjectReader&) answers an optional, filled when nothing was faulty.
template <class ReadMembers>
auto read_document(std::string_view text, UnknownMembers unknown, const ReadMembers& read_members)
    -> Result<typename std::invoke_result_t<const ReadMembers&, ObjectReader&>::value_type> {
  std::array<unsigned char, 4096> buffer;  // enough for an ordinary document without touching the heap
  boost::json::monotonic_resource memory(buffer.data(), buffer.size());
  auto document = parse_strict(text, {}, &memory);
  if (!document) return std::move(document).error();
  ObjectReader in(*document, unknown);
  auto value = read_members(in);
  if (auto done = in.finish(); !done) return std::move(done).error();
  return *std::move(value);
}

// Reads `apiVersion`. A version that we do not know refuses the whole document, with code "unsupported-api-version".
void check_api_version(ObjectReader& in);

// Text on one line: 1 to 4096 bytes without control characters.
Result<std::string> parse_line(std::string_view text);

// A text function for ObjectReader from one that answers an optional; `expected` names the texts it knows.
template <class Parse>
auto one_of(const Parse& parse, std::string_view expected) {
  using Value = typename std::invoke_result_t<const Parse&, std::string_view>::value_type;
  return [parse, expected](std::string_view text) -> Result<Value> {
    if (auto value = parse(text)) return *value;
    return Error{ErrorKind::invalid, "must be one of " + std::string(expected)};
  };
}

}  // namespace backupctl::wire
