#include "soci/rows/result_row.hpp"

namespace backupctl::soci {

void ResultRow::set(const ResultRecord& record) {
  command_id = record.command_id.to_string();
  zone = record.zone.str();
  body = record.body;
  received = to_integer(record.received);
  problem = record.problem;
  const auto& result = record.result;
  const auto text = [&](TextColumn& column, auto member) {
    column.set(result ? std::optional(std::string(member(*result))) : std::nullopt);
  };
  const auto time = [&](IntegerColumn& column, std::optional<Timestamp> ZoneResult::*member) {
    column.set(result ? to_integer((*result).*member) : std::nullopt);
  };
  text(result_command_id, [](const ZoneResult& r) { return r.command_id.to_string(); });
  text(result_zone, [](const ZoneResult& r) { return r.zone.str(); });
  text(result_code, [](const ZoneResult& r) { return to_string(r.code); });
  text(reason_code, [](const ZoneResult& r) { return r.reason_code; });
  text(storage_path, [](const ZoneResult& r) { return r.storage_path; });
  text(verify_hash, [](const ZoneResult& r) { return r.verify_hash; });
  text(message, [](const ZoneResult& r) { return r.message; });
  byte_count.set(result ? std::optional(result->byte_count) : std::nullopt);
  time(copy_start, &ZoneResult::copy_start);
  time(copy_end, &ZoneResult::copy_end);
  time(verify_start, &ZoneResult::verify_start);
  time(verify_end, &ZoneResult::verify_end);
}

ResultRecord ResultRow::record() const {
  ResultRecord record{.command_id = stored(RequestId::parse(command_id), "command_id"),
                      .zone = stored(ZoneName::parse(zone), "zone"),
                      .body = body,
                      .received = to_time(received),
                      .problem = problem};
  if (result_code.is_null()) return record;
  record.result = ZoneResult{.command_id = stored(RequestId::parse(result_command_id.value), "result_command_id"),
                             .code = stored(parse_result_code(result_code.value), "result_code"),
                             .reason_code = reason_code.value,
                             .zone = stored(ZoneName::parse(result_zone.value), "result_zone"),
                             .storage_path = storage_path.value,
                             .byte_count = byte_count.value,
                             .copy_start = to_time(copy_start),
                             .copy_end = to_time(copy_end),
                             .verify_start = to_time(verify_start),
                             .verify_end = to_time(verify_end),
                             .verify_hash = verify_hash.value,
                             .message = message.value};
  return record;
}

void ParkedRow::set(const ParkedResult& parked) {
  id = parked.id.to_string();
  command_id = parked.command_id.to_string();
  zone = parked.zone.str();
  reason_code = parked.reason_code;
  body = parked.body;
  received = to_integer(parked.received);
}

ParkedResult ParkedRow::parked() const {
  return {.id = stored(ParkedResultId::parse(id), "parked_result_id"),
          .command_id = stored(RequestId::parse(command_id), "command_id"),
          .zone = stored(ZoneName::parse(zone), "zone"),
          .reason_code = reason_code,
          .received = to_time(received),
          .body = body};
}

}  // namespace backupctl::soci
