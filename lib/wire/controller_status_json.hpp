// What a controller says about itself in JSON.
//
// Thread rule: pure functions.
#pragma once

#include "backupctl/controller.hpp"
#include "wire/json_writer.hpp"

namespace backupctl::wire {

// Every open state is there, also with nothing in it. Ages are whole seconds up to `now`.
void write_controller_status(JsonWriter& out, const ControllerStatus& status, Timestamp now);

}  // namespace backupctl::wire
