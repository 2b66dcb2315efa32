// Manifests: beside each physical backup, and listed by zones, so that the master store could be rebuilt from them.
//
// Thread rule: plain values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backupctl/ids.hpp"
#include "backupctl/names.hpp"
#include "backupctl/result.hpp"
#include "backupctl/time.hpp"
#include "wire/json_writer.hpp"

namespace backupctl::wire {

struct Manifest {
  RequestId backup_request_id;
  JobId job_id;
  CivilDate data_as_of;
  SourcePath source;
  std::string storage_path;
  std::int64_t byte_count = 0;
  std::string verify_hash;
  Timestamp copy_end{};
  ZoneName zone;

  friend bool operator==(const Manifest&, const Manifest&) = default;
};
struct ManifestList {
  std::vector<Manifest> items{};
  std::optional<std::string> next_cursor{};

  friend bool operator==(const ManifestList&, const ManifestList&) = default;
};

// Members that we do not know are ignored. Errors, all invalid, by code: malformed-json, invalid-request.
Result<Manifest> read_manifest(std::string_view text);
Result<ManifestList> read_manifest_list(std::string_view text);
void write_manifest(JsonWriter& out, const Manifest& manifest);

}  // namespace backupctl::wire
