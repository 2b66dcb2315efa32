#include "wire/zone_result_json.hpp"

#include "backupctl/backup_request.hpp"
#include "wire/command_type.hpp"
#include "wire/read_document.hpp"

namespace backupctl::wire {
namespace {

std::optional<ZoneResult> read_result(ObjectReader& in) {
  check_api_version(in);
  const auto command_id = in.required<RequestId>("commandId");
  if (const auto type = in.required<std::string>("commandType"); type && *type != create_backup_type) {
    in.fault("commandType", "must be CreateBackup");
  }
  const auto code = in.required("resultCode", one_of(parse_result_code, "Succeeded, Failed, Cancelled"));
  auto reason_code = in.optional("reasonCode", parse_line);
  auto zone = in.required<ZoneName>("zone");
  // What a backup is made of must be there when there is one.
  const bool succeeded = code == ResultCode::succeeded;
  auto storage_path =
      succeeded ? in.required("backupStoragePath", parse_line) : in.optional("backupStoragePath", parse_line);
  const auto byte_count = succeeded ? in.required_integer("byteCount") : in.optional_integer("byteCount");
  const auto copy_start = in.optional<Timestamp>("copyStartTime");
  const auto copy_end = in.optional<Timestamp>("copyEndTime");
  const auto verify_start = in.optional<Timestamp>("verifyStartTime");
  const auto verify_end = in.optional<Timestamp>("verifyEndTime");
  auto verify_hash = in.optional("verifyHash", parse_line);
  auto message = in.optional<std::string>("message");
  std::vector<ItemError> item_errors;
  in.optional_objects("itemErrors", [&](ObjectReader& item) {
    auto path = item.required<std::string>("path");
    auto detail = item.required<std::string>("detail");
    if (path && detail) item_errors.push_back({*std::move(path), *std::move(detail)});
  });
  if (!command_id || !code || !zone) return {};
  return ZoneResult{.command_id = *command_id,
                    .code = *code,
                    .reason_code = std::move(reason_code).value_or(""),
                    .zone = *std::move(zone),
                    .storage_path = std::move(storage_path).value_or(""),
                    .byte_count = byte_count.value_or(0),
                    .copy_start = copy_start,
                    .copy_end = copy_end,
                    .verify_start = verify_start,
                    .verify_end = verify_end,
                    .verify_hash = std::move(verify_hash).value_or(""),
                    .message = std::move(message).value_or(""),
                    .item_errors = std::move(item_errors)};
}

}  // namespace

Result<ZoneResult> read_zone_result(std::string_view text) {
  return read_document(text, UnknownMembers::ignore, read_result);
}

ResultRecord read_result_record(std::string_view command_id, ZoneName zone, std::string body, Timestamp received) {
  const auto id = RequestId::parse(command_id);
  ResultRecord record{.command_id = id ? *id : RequestId{boost::uuids::uuid{}},
                      .zone = std::move(zone),
                      .body = std::move(body),
                      .received = received};
  auto result = read_zone_result(record.body);
  if (result) {
    record.result = *std::move(result);
  } else {
    record.problem = result.error().detail;
  }
  return record;
}

void write_zone_result(JsonWriter& out, const ZoneResult& result) {
  out.begin_object()
      .member("apiVersion", api_version)
      .member("commandId", result.command_id)
      .member("commandType", create_backup_type)
      .member("resultCode", to_string(result.code))
      .member_if_filled("reasonCode", result.reason_code)
      .member("zone", result.zone)
      .member_if_filled("backupStoragePath", result.storage_path);
  if (result.code == ResultCode::succeeded || result.byte_count != 0) out.member("byteCount", result.byte_count);
  out.member("copyStartTime", result.copy_start)
      .member("copyEndTime", result.copy_end)
      .member("verifyStartTime", result.verify_start)
      .member("verifyEndTime", result.verify_end)
      .member_if_filled("verifyHash", result.verify_hash)
      .member_if_filled("message", result.message);
  if (!result.item_errors.empty()) {
    out.key("itemErrors").begin_array();
    for (const auto& item : result.item_errors) {
      out.begin_object().member("path", item.path).member("detail", item.detail).end_object();
    }
    out.end_array();
  }
  out.end_object();
}

void write_parked_result(JsonWriter& out, const ParkedResult& parked) {
  out.begin_object()
      .member("parkedResultId", parked.id)
      .member("commandId", parked.command_id)
      .member("zone", parked.zone)
      .member("reasonCode", parked.reason_code)
      .member("receivedTime", parked.received)
      .member("body", parked.body)
      .end_object();
}

}  // namespace backupctl::wire
