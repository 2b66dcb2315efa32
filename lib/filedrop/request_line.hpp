// One request of a file: read, and given the key that makes it one request however often the file is read.
//
// Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "backupctl/controller.hpp"
#include "filedrop/names.hpp"

namespace backupctl::filedrop {

// Whose file it is, and whether its `requesterId` members are believed.
struct Speaker {
  OwnerName owner;
  bool is_trusted = false;
};

// Errors, all invalid, by code: malformed-json, invalid-request, unsupported-api-version.
Result<Submission> read_request(std::string_view text, std::int64_t line, const FileName& file, const Speaker& speaker);

// A name-based UUID (RFC 9562, version 5) of the file's name, the line's number and the line.
IdempotencyKey key_of_line(const FileName& file, std::int64_t line, std::string_view text);

}  // namespace backupctl::filedrop
