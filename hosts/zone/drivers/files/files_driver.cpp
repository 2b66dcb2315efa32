#include "zone/drivers/files/files_driver.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include "zone/drivers/files/archive_reader.hpp"
#include "zone/drivers/files/archiver.hpp"
#include "zone/drivers/files/safe_path.hpp"

namespace backupctl::zone::files {
namespace {

Error ended() { return {ErrorKind::overloaded, "told to end", true, {}, {}}; }

bool belongs_to(const Manifest& manifest, const CreateBackupCommand& order, const Place& place) {
  return manifest.backup_request_id == order.id && manifest.job_id == order.job_id &&
         manifest.data_as_of == order.data_as_of && manifest.source == order.source &&
         manifest.storage_path == place.archive_path();
}

std::string manifest_text(const Manifest& manifest) {
  std::string text;
  wire::JsonWriter json{text};
  wire::write_manifest(json, manifest);
  return text += '\n';
}

}  // namespace

Result<std::unique_ptr<FilesDriver>> FilesDriver::open(FilesOptions options, Clock& clock, Logger& logger) {
  auto storage = Storage::open(options.root);
  if (!storage) return std::move(storage).error();
  return std::unique_ptr<FilesDriver>(new FilesDriver(std::move(options), *std::move(storage), clock, logger));
}

Result<void> FilesDriver::admit(const CreateBackupCommand& order) {
  if (auto problem = problem_with_storage_path(order.storage_path); !problem.empty()) {
    return Error{
        ErrorKind::invalid, "storagePath " + problem, false, "invalid-storage-path", {{"/storagePath", problem}}};
  }
  auto source = open_source(options_.sources, order.source);
  if (source || source.error().kind == ErrorKind::not_found || source.error().kind == ErrorKind::unavailable) return {};
  return std::move(source).error();
}

ZoneResult FilesDriver::result_for(const CreateBackupCommand& order) const {
  return {.command_id = order.id, .zone = options_.zone};
}

std::optional<ZoneResult> FilesDriver::create(const CreateBackupCommand& order, Monitor& monitor) {
  const Utf8Names names;
  ItemErrors item_errors{logger_, order.id};
  auto result = result_for(order);
  const auto made = make(order, monitor, item_errors, result);
  if (made) {
    result.code = ResultCode::succeeded;
    return result;
  }
  const auto& error = made.error();
  if (error.kind == ErrorKind::overloaded && monitor.wish() == Wish::stop) return {};
  auto failed = result_for(order);
  failed.copy_start = result.copy_start;
  if (error.kind == ErrorKind::overloaded) {
    failed.code = ResultCode::cancelled;
    failed.reason_code = "cancelled";
    failed.message = "cancelled while it was made; nothing of it is kept";
    return failed;
  }
  failed.code = ResultCode::failed;
  failed.reason_code = error.code.empty() ? "failed" : error.code;
  failed.message = error.detail;
  failed.item_errors = item_errors.kept();
  return failed;
}

Result<void> FilesDriver::make(const CreateBackupCommand& order, Monitor& monitor, ItemErrors& item_errors,
                               ZoneResult& result) {
  auto place = storage_.place(order);
  if (!place) return std::move(place).error();
  place->remove_unfinished();
  const auto taken = take_finished(order, *place, monitor, result);
  if (taken && *taken) return {};
  const bool is_cancelled = !taken && taken.error().kind == ErrorKind::overloaded && monitor.wish() == Wish::cancel;
  if (!taken && !is_cancelled) return taken.error();
  // A finished backup that is cancelled before anybody was told of it goes as well. So does an archive without a
  // manifest: whoever made it died in between, and its hash is not known.
  if (auto removed = place->remove_backup(); !removed) return removed;
  if (monitor.wish() != Wish::go_on) return ended();

  monitor.enter(Phase::scanning);
  const auto source = open_source(options_.sources, order.source);
  if (!source) return source.error();
  const std::vector<FileIdentity> skipped{storage_.identity()};
  count_source(*source, skipped, monitor);

  monitor.enter(Phase::copying);
  result.copy_start = clock_.now();
  auto file = NewFile::create(place->folder(), place->archive_name());
  if (!file) return std::move(file).error();
  const auto written = archive_source(*source, file->fd(), options_.compression, skipped, monitor, item_errors);
  if (!written) return written.error();
  if (written->entries == 0) {
    return Error{ErrorKind::unavailable, "nothing of the source could be read", true, "source-unreadable", {}};
  }
  if (auto synced = file->sync(); !synced) return synced;
  result.copy_end = clock_.now();

  monitor.enter(Phase::verifying);
  result.verify_start = clock_.now();
  const auto read = read_back(file->fd(), monitor);
  if (!read) return read.error();
  if (read->hash != written->hash || read->bytes != written->bytes || read->content != written->content ||
      read->entries != written->entries) {
    return Error{ErrorKind::corrupt,
                 "the archive read back from the disk is not the one that was written",
                 false,
                 "verification-failed",
                 {}};
  }
  result.verify_end = clock_.now();
  if (monitor.wish() != Wish::go_on) return ended();

  result.storage_path = place->archive_path();
  result.byte_count = written->bytes;
  result.verify_hash = written->hash;
  result.item_errors = item_errors.kept();
  result.message = item_errors.summary();
  // Once the manifest is there, so is the backup: a wish to cancel comes too late.
  auto kept = file->keep();
  if (kept) {
    kept = place->write_manifest(
        manifest_text({order.id, order.job_id, order.data_as_of, order.source, result.storage_path, result.byte_count,
                       result.verify_hash, *result.copy_end, options_.zone}));
  }
  if (!kept) {
    if (auto removed = place->remove_backup(); !removed) {
      logger_.write(LogLevel::error, "what is left of a failed backup cannot be removed",
                    {{"requestId", order.id.to_string()}, {"detail", removed.error().detail}});
    }
  }
  return kept;
}

// True: an earlier run made the backup and died before it could say so, and it still is what its manifest says.
Result<bool> FilesDriver::take_finished(const CreateBackupCommand& order, const Place& place, Monitor& monitor,
                                        ZoneResult& result) {
  auto text = place.read_manifest();
  if (!text) return std::move(text).error();
  if (!*text) return false;
  const auto manifest = wire::read_manifest(**text);
  const auto refuse = [&](std::string why) {
    return Error{ErrorKind::corrupt,
                 "a backup of this command is there already, and " + why + "; nothing was changed",
                 false,
                 "storage-conflict",
                 {}};
  };
  if (!manifest) return refuse("its manifest cannot be read: " + manifest.error().detail);
  if (!belongs_to(*manifest, order, place)) return refuse("its manifest tells of another command");
  const UniqueFd archive{open_beneath(place.folder(), place.archive_name(), O_RDONLY)};
  if (!archive) return refuse(std::string("its archive cannot be opened: ") + std::strerror(errno));

  monitor.enter(Phase::verifying);
  const auto verify_start = clock_.now();
  const auto read = read_back(archive.get(), monitor);
  if (!read) return read.error();
  if (read->hash != manifest->verify_hash || read->bytes != manifest->byte_count) {
    return refuse("its archive is not what its manifest says");
  }
  result.copy_end = manifest->copy_end;
  result.verify_start = verify_start;
  result.verify_end = clock_.now();
  result.storage_path = manifest->storage_path;
  result.byte_count = manifest->byte_count;
  result.verify_hash = manifest->verify_hash;
  result.message =
      "made before the zone was started again, and verified once more; items that could not be backed up are in its "
      "log";
  return true;
}

Result<ManifestPage> FilesDriver::backups(const std::string& after, std::size_t limit) {
  auto listed = storage_.manifests(after, limit + 1);
  if (!listed) return std::move(listed).error();
  ManifestPage page;
  const bool has_more = listed->size() > limit;
  if (has_more) listed->pop_back();
  for (const auto& entry : *listed) {
    auto manifest = wire::read_manifest(entry.text);
    if (manifest) {
      page.items.push_back(*std::move(manifest));
      continue;
    }
    ++page.unreadable;
    logger_.write(LogLevel::error, "manifest cannot be read",
                  {{"path", entry.path}, {"detail", manifest.error().detail}});
  }
  if (has_more) page.next_after = listed->back().path;
  return page;
}

Result<void> FilesDriver::ready() { return storage_.ready(); }

}  // namespace backupctl::zone::files
