// Manifests: beside each physical backup, and listed by zones, so that the master store could be rebuilt from them.
//
// Thread rule: plain values and pure functions.
#pragma once

#include <string_view>

#include "backupctl/manifest.hpp"
#include "backupctl/result.hpp"
#include "wire/json_writer.hpp"

namespace backupctl::wire {

// Members that we do not know are ignored. Errors, all invalid, by code: malformed-json, invalid-request.
Result<Manifest> read_manifest(std::string_view text);
Result<ManifestList> read_manifest_list(std::string_view text);
void write_manifest(JsonWriter& out, const Manifest& manifest);

}  // namespace backupctl::wire
