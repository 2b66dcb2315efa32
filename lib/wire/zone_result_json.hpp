// Results of zones in JSON, as zones leave them and as they are listed when nothing could be made of them.
//
// Thread rule: pure functions.
#pragma once

#include <string_view>

#include "backupctl/result.hpp"
#include "backupctl/zone_result.hpp"
#include "wire/json_writer.hpp"

namespace backupctl::wire {

// Members that we do not know are ignored: a newer zone's success must not be lost over one.
// Errors, all invalid, by code: malformed-json, invalid-request, unsupported-api-version.
Result<ZoneResult> read_zone_result(std::string_view text);
// What a zone left under a command's id, whatever it is: what cannot be read keeps its body and says why. `command_id`
// is a path's or column's text; one that is no id becomes the nil UUID, which fits no command.
ResultRecord read_result_record(std::string_view command_id, ZoneName zone, std::string body, Timestamp received);
void write_zone_result(JsonWriter& out, const ZoneResult& result);

void write_parked_result(JsonWriter& out, const ParkedResult& parked);  // the body as a string, whatever it is

}  // namespace backupctl::wire
