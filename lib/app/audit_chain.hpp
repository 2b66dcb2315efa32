// Which chain of the audit a group of Commands goes to. Groups that are under way at once have one each: in one chain
// each would wait until the one before is on the disk, for its entry's hash is needed.
#pragma once

#include <cstddef>

#include "backupctl/repository.hpp"

namespace backupctl::app {

// The controller's own id for the first place, for the next ones the ids that follow it: they stand beside each other
// in every list, and show whose they are.
InstanceId audit_chain(InstanceId self, std::size_t place);

void write_to_chain(Command& command, InstanceId chain);

}  // namespace backupctl::app
