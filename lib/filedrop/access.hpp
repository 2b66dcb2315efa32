// Who may read what we write for a submitter: we and that user, nobody else.
#pragma once

#include <sys/types.h>

#include "backupctl/result.hpp"

namespace backupctl::filedrop {

// Mode 0600, and an access control entry that lets `user` read. On a file system without such entries the user's group
// reads instead, if we may give the file to it. Errors: unavailable; the file is then ours alone.
Result<void> let_read(int file, uid_t user, gid_t group);

// Gives `to` the mode, group and access control entries of `from`.
Result<void> copy_access(int from, int to);

}  // namespace backupctl::filedrop
