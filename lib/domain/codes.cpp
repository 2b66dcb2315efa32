// The names of every state and kind, as they stand in JSON, SQL and logs.
#include "backupctl/backup.hpp"
#include "backupctl/backup_job.hpp"
#include "backupctl/backup_request.hpp"
#include "backupctl/zone_result.hpp"
#include "domain/enum_text.hpp"

namespace backupctl {
namespace {

constexpr EnumText<ApprovalState, 6> approval_states{{{ApprovalState::draft, "Draft"},
                                                      {ApprovalState::submitted, "Submitted"},
                                                      {ApprovalState::approved, "Approved"},
                                                      {ApprovalState::denied, "Denied"},
                                                      {ApprovalState::suspended, "Suspended"},
                                                      {ApprovalState::retired, "Retired"}}};
constexpr EnumText<RequestState, 7> request_states{{{RequestState::received, "Received"},
                                                    {RequestState::allowed, "Allowed"},
                                                    {RequestState::not_allowed, "NotAllowed"},
                                                    {RequestState::sent, "Sent"},
                                                    {RequestState::succeeded, "Succeeded"},
                                                    {RequestState::failed, "Failed"},
                                                    {RequestState::cancelled, "Cancelled"}}};
constexpr EnumText<TransportKind, 4> transports{{{TransportKind::http, "HTTP"},
                                                 {TransportKind::file_drop, "FileDrop"},
                                                 {TransportKind::queue, "Queue"},
                                                 {TransportKind::library, "Library"}}};
constexpr EnumText<BackupState, 4> backup_states{{{BackupState::stored, "Stored"},
                                                  {BackupState::deleting, "Deleting"},
                                                  {BackupState::deleted, "Deleted"},
                                                  {BackupState::missing, "Missing"}}};
constexpr EnumText<ResultCode, 3> result_codes{
    {{ResultCode::succeeded, "Succeeded"}, {ResultCode::failed, "Failed"}, {ResultCode::cancelled, "Cancelled"}}};

}  // namespace

std::string_view to_string(ApprovalState state) { return text_of(approval_states, state); }
std::optional<ApprovalState> parse_approval_state(std::string_view text) { return value_of(approval_states, text); }
std::string_view to_string(RequestState state) { return text_of(request_states, state); }
std::optional<RequestState> parse_request_state(std::string_view text) { return value_of(request_states, text); }
std::string_view to_string(TransportKind kind) { return text_of(transports, kind); }
std::optional<TransportKind> parse_transport_kind(std::string_view text) { return value_of(transports, text); }
std::string_view to_string(BackupState state) { return text_of(backup_states, state); }
std::optional<BackupState> parse_backup_state(std::string_view text) { return value_of(backup_states, text); }
std::string_view to_string(ResultCode code) { return text_of(result_codes, code); }
std::optional<ResultCode> parse_result_code(std::string_view text) { return value_of(result_codes, text); }

std::string describe(const ZoneResult& result) {
  std::string text;
  const auto line = [&text](std::string_view name, std::string_view value) {
    if (!value.empty()) text.append(name).append("=").append(value).append("\n");
  };
  const auto time = [&line](std::string_view name, const std::optional<Timestamp>& value) {
    if (value) line(name, to_string(*value));
  };
  line("commandId", result.command_id.to_string());
  line("resultCode", to_string(result.code));
  line("reasonCode", result.reason_code);
  line("zone", result.zone.str());
  line("backupStoragePath", result.storage_path);
  line("byteCount", std::to_string(result.byte_count));
  time("copyStartTime", result.copy_start);
  time("copyEndTime", result.copy_end);
  time("verifyStartTime", result.verify_start);
  time("verifyEndTime", result.verify_end);
  line("verifyHash", result.verify_hash);
  line("message", result.message);
  return text;
}

}  // namespace backupctl
