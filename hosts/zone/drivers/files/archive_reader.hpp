// Reads an archive back in full, as a restore would, and says what is in it.
#pragma once

#include <string>

#include "backupctl/result.hpp"
#include "zone/drivers/files/archive_writer.hpp"
#include "zone/monitor.hpp"

namespace backupctl::zone::files {

// `fd` is read from its beginning; what the system has cached of it is dropped first, so that the disk is asked.
// The figures are as a writer of the same archive gives them. Errors: corrupt "verification-failed", with what could
// not be read; overloaded when the monitor wishes an end. Thread rule: any thread with a Utf8Names alive on it.
Result<WrittenArchive> read_back(int fd, const Monitor& monitor);

}  // namespace backupctl::zone::files
