#include "wire/zone_command_json.hpp"

#include "wire/command_type.hpp"
#include "wire/read_document.hpp"
#include "wire/zone_result_json.hpp"

namespace backupctl::wire {
namespace {

std::string_view text_of(CommandState state) {
  switch (state) {
    case CommandState::running:
      return "Running";
    case CommandState::finished:
      return "Finished";
    default:
      return "Accepted";
  }
}

std::optional<CommandState> parse_command_state(std::string_view text) {
  for (const auto state : {CommandState::accepted, CommandState::running, CommandState::finished}) {
    if (text_of(state) == text) return state;
  }
  return {};
}

}  // namespace

Result<CreateBackupCommand> read_create_backup(std::string_view text) {
  return read_document(text, UnknownMembers::refuse, [](ObjectReader& in) -> std::optional<CreateBackupCommand> {
    check_api_version(in);
    if (const auto type = in.required<std::string>("commandType"); type && *type != create_backup_type) {
      in.refuse({ErrorKind::invalid,
                 "This zone carries out CreateBackup commands only.",
                 false,
                 "invalid-request",
                 {{"/commandType", "must be CreateBackup"}}});
    }
    const auto id = in.required<RequestId>("backupRequestId");
    const auto job_id = in.required<JobId>("backupJobId");
    auto source = in.required<SourcePath>("backupSourcePath");
    auto storage_path = in.required("storagePath", parse_line);
    const auto data_as_of = in.required<CivilDate>("dataAsOfDate");
    if (!id || !job_id || !source || !storage_path || !data_as_of) return {};
    return CreateBackupCommand{.id = *id,
                               .job_id = *job_id,
                               .source = *std::move(source),
                               .storage_path = *std::move(storage_path),
                               .data_as_of = *data_as_of};
  });
}

void write_create_backup(JsonWriter& out, const CreateBackupCommand& command) {
  out.begin_object()
      .member("apiVersion", api_version)
      .member("commandType", create_backup_type)
      .member("backupRequestId", command.id)
      .member("backupJobId", command.job_id)
      .member("backupSourcePath", command.source)
      .member("storagePath", command.storage_path)
      .member("dataAsOfDate", command.data_as_of)
      .end_object();
}

void write_command_status(JsonWriter& out, CommandState state, const std::optional<CommandProgress>& progress,
                          std::string_view result_text) {
  out.begin_object().member("stateCode", text_of(state));
  if (progress) {
    out.key("progress")
        .begin_object()
        .member("phase", progress->phase)
        .member("entries", progress->entries)
        .member("bytes", progress->bytes)
        .member("totalEntries", progress->total_entries)
        .member("totalBytes", progress->total_bytes)
        .end_object();
  }
  if (!result_text.empty()) out.key("result").raw(result_text);
  out.end_object();
}

Result<StatusReply> read_command_status(std::string_view text) {
  auto reply = read_document(text, UnknownMembers::ignore, [](ObjectReader& in) -> std::optional<StatusReply> {
    const auto state = in.required("stateCode", one_of(parse_command_state, "Accepted, Running, Finished"));
    if (state == CommandState::finished && !in.has("result")) in.fault("result", "is required when Finished");
    if (!state) return {};
    return StatusReply{.state = *state};
  });
  if (!reply || reply->state != CommandState::finished) return reply;
  reply->body = raw_member(text, "result");
  if (auto result = read_zone_result(reply->body)) {
    reply->result = *std::move(result);
  } else {
    reply->detail = std::move(result).error().detail;
  }
  return reply;
}

}  // namespace backupctl::wire
