// Driver "files": one verified archive for each backup, in a folder.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backupctl/executor.hpp"
#include "backupctl/log.hpp"
#include "zone/driver.hpp"
#include "zone/drivers/files/archive_writer.hpp"
#include "zone/drivers/files/item_errors.hpp"
#include "zone/drivers/files/storage.hpp"

namespace backupctl::zone::files {

struct FilesOptions {
  ZoneName zone;
  std::vector<std::string> sources;  // absolute paths
  std::string root;                  // of the backups; must be there
  Compression compression{};
};

// Thread-safe, as every Driver. `clock` and `logger` outlive it, and are thread-safe.
class FilesDriver final : public Driver {
 public:
  // Errors: unavailable (the root cannot be opened).
  static Result<std::unique_ptr<FilesDriver>> open(FilesOptions options, Clock& clock, Logger& logger);

  Result<void> admit(const CreateBackupCommand& order) override;
  std::optional<ZoneResult> create(const CreateBackupCommand& order, Monitor& monitor) override;
  Result<ManifestPage> backups(const std::string& after, std::size_t limit) override;
  Result<void> ready() override;

 private:
  FilesDriver(FilesOptions options, Storage storage, Clock& clock, Logger& logger)
      : options_(std::move(options)), storage_(std::move(storage)), clock_(clock), logger_(logger) {}

  ZoneResult result_for(const CreateBackupCommand& order) const;
  // Fills in `result`, or says why not; overloaded: the monitor wished an end.
  Result<void> make(const CreateBackupCommand& order, Monitor& monitor, ItemErrors& item_errors, ZoneResult& result);
  Result<bool> take_finished(const CreateBackupCommand& order, const Place& place, Monitor& monitor,
                             ZoneResult& result);

  FilesOptions options_;
  Storage storage_;
  Clock& clock_;
  Logger& logger_;
};

}  // namespace backupctl::zone::files
