// JSON as we accept it: RFC 8259 and I-JSON (RFC 7493), nothing looser.
//
// Thread rule: pure functions.
#pragma once

#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <string_view>

#include "backupctl/result.hpp"

namespace backupctl::wire {

struct ParseLimits {
  std::size_t max_depth = 32;           // nested arrays and objects; the outermost counts as one
  std::size_t max_bytes = 1024 * 1024;  // of the whole text
};

// Refuses, besides what is no JSON: duplicate members (compared after unescaping), invalid UTF-8, U+0000, lone
// surrogates, numbers beyond a double, deeper nesting, anything behind the value, empty text, a byte order mark.
// Error: invalid, code "malformed-json"; the detail names the byte offset, a fault the duplicate member.
// The value lives in `storage`, which must outlive it.
Result<boost::json::value> parse_strict(std::string_view text, ParseLimits limits = {},
                                        boost::json::storage_ptr storage = {});

// The text of one member of `object`, exactly as it stands there; empty when there is none. `object` must be the text
// of an object that parse_strict accepts.
std::string_view raw_member(std::string_view object, std::string_view name);

}  // namespace backupctl::wire
