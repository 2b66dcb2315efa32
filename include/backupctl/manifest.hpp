// What a zone tells of one physical backup that it holds: enough to rebuild the master store from it.
// Thread rule: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backupctl/ids.hpp"
#include "backupctl/names.hpp"
#include "backupctl/time.hpp"

namespace backupctl {

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
  std::optional<std::string> next_cursor{};  // absent: this was the last page

  friend bool operator==(const ManifestList&, const ManifestList&) = default;
};

}  // namespace backupctl
