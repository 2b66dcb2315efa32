// What a server answered, for showing: members are taken by name, what we do not know is shown as it is.
// Thread rule: plain values; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backupctl/result.hpp"
#include "wire/json.hpp"

namespace backupctl::cli {

using Json = boost::json::value;

inline constexpr std::size_t most_answer_bytes = 16 * 1024 * 1024;

struct Document {
  std::string text;  // as it came
  Json json;         // an object
};

// Error: unavailable "bad-answer": the text is no JSON object. `what` is what the error calls it.
Result<Document> parse_document(std::string text, const std::string& what = "the answer");

// As a person reads it: texts as they are, "yes" and "no", members and elements joined by commas; empty for null.
std::string text_of(const Json& value);
// The same of a member; empty when there is none.
std::string text_of(const Json& object, std::string_view member);

std::optional<std::int64_t> integer_of(const Json& object, std::string_view member);
// The elements of an array member that are objects.
std::vector<Json> objects_of(const Json& object, std::string_view member);

}  // namespace backupctl::cli
