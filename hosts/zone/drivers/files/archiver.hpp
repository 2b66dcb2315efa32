// Copies a source, a folder with all that is in it or one file, into an archive.
#pragma once

#include <vector>

#include "backupctl/result.hpp"
#include "zone/drivers/files/archive_writer.hpp"
#include "zone/drivers/files/item_errors.hpp"
#include "zone/drivers/files/safe_path.hpp"
#include "zone/drivers/files/tree_walker.hpp"
#include "zone/monitor.hpp"

namespace backupctl::zone::files {

// Members are relative to the source: "./", "./a", "./a/b"; a source that is a file is "./name". So
//   tar --zstd --compare -f ARCHIVE -C SOURCE
// compares them (with -C the file's own folder when the source is a file). For names that are no UTF-8, GNU tar adds a
// remark that it does not know the keyword hdrcharset; it compares them nevertheless.
//
// Kept: modes, times of modification, owners, links and holes. Not kept: sockets, pipes and devices (each an item
// error), extended attributes and access lists. What changes while it is read is kept at the size it had when it was
// opened, cut or filled with zeros, and is an item error.
//
// Errors: of the writer; overloaded when the monitor wishes an end. Thread rule: that of ArchiveWriter.
Result<WrittenArchive> archive_source(const OpenedSource& source, int archive, Compression compression,
                                      const std::vector<FileIdentity>& skipped, Monitor& monitor,
                                      ItemErrors& item_errors);

// Counts what archive_source will find, for the monitor's totals.
void count_source(const OpenedSource& source, const std::vector<FileIdentity>& skipped, Monitor& monitor);

}  // namespace backupctl::zone::files
