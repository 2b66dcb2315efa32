// What a zone's storage technology must be able to do. The service around it keeps the commands, runs the workers and
// delivers the results; a driver only knows how to make, find and check physical backups.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backupctl/zone_client.hpp"
#include "backupctl/zone_result.hpp"
#include "wire/manifest_json.hpp"
#include "zone/monitor.hpp"

namespace backupctl::zone {

struct ManifestPage {
  std::vector<Manifest> items{};
  std::string next_after{};     // empty: there is no more
  std::int64_t unreadable = 0;  // manifests found that cannot be read: each has been logged
};

// Thread rule: every call may come from any thread, several at once; all of them block on disks or networks.
class Driver {
 public:
  virtual ~Driver() = default;

  // Whether the order could ever be carried out; said before the command is taken. Errors: invalid or forbidden, with
  // the code for the caller ("source-not-allowed", "invalid-storage-path", …). A source that is merely missing is no
  // error here: it may be there when the command runs.
  virtual Result<void> admit(const CreateBackupCommand& order) = 0;

  // Makes the backup, verified by reading it back. Called again for the same order after a crash: what an earlier run
  // left is finished or removed, there are never two backups of one order. Nothing: it was asked to stop, and will be
  // called again after the next start. Cancelled leaves no backup behind.
  virtual std::optional<ZoneResult> create(const CreateBackupCommand& order, Monitor& monitor) = 0;

  // Backups that are physically there, in the order of their storage paths, those behind `after` ("" for the first).
  virtual Result<ManifestPage> backups(const std::string& after, std::size_t limit) = 0;

  // Whether backups could be made now. Error: unavailable.
  virtual Result<void> ready() = 0;
};

}  // namespace backupctl::zone
