#include "wire/backup_job_json.hpp"

#include "wire/read_document.hpp"

namespace backupctl::wire {
namespace {

constexpr std::string_view approval_states = "Draft, Submitted, Approved, Denied, Suspended, Retired";

void write_texts(JsonWriter& out, std::string_view name, const std::vector<std::string>& texts) {
  out.key(name).begin_array();
  for (const auto& text : texts) out.value(text);
  out.end_array();
}

std::optional<BackupJob> read_job(ObjectReader& in) {
  const auto id = in.required<JobId>("backupJobId");
  const auto version = in.required_integer("version", {1});
  auto name = in.optional<std::string>("name");
  auto description = in.optional<std::string>("description");
  auto owner_id = in.optional<std::string>("ownerId");
  const auto approval = in.required("approvalStateCode", one_of(parse_approval_state, approval_states));
  auto zone = in.required<ZoneName>("zone");
  auto storage_path = in.required("storagePath", parse_line);
  const auto days_to_keep = in.required_integer("daysToKeep");
  const auto in_force_from = in.optional<CivilDate>("inForceFrom");
  const auto in_force_to = in.optional<CivilDate>("inForceTo");
  auto allowed_requesters = in.optional_array<std::string>("allowedRequesters");
  auto source_roots = in.optional_array<std::string>("backupSourceRoots");
  const auto minimum_backups = in.optional_integer("minimumBackups");
  auto expected_every = in.optional<std::string>("expectedEvery");
  auto notify = in.optional_array<std::string>("notify");
  if (!id || !version || !approval || !zone || !storage_path || !days_to_keep) return {};
  using Texts = std::vector<std::string>;
  return BackupJob{.id = *id,
                   .version = *version,
                   .name = std::move(name).value_or(""),
                   .description = std::move(description).value_or(""),
                   .owner_id = std::move(owner_id).value_or(""),
                   .approval = *approval,
                   .zone = *std::move(zone),
                   .storage_path = *std::move(storage_path),
                   .days_to_keep = *days_to_keep,
                   .in_force_from = in_force_from,
                   .in_force_to = in_force_to,
                   .allowed_requesters = std::move(allowed_requesters).value_or(Texts{}),
                   .source_roots = std::move(source_roots).value_or(Texts{}),
                   .minimum_backups = minimum_backups.value_or(0),
                   .expected_every = std::move(expected_every).value_or(""),
                   .notify = std::move(notify).value_or(Texts{})};
}

}  // namespace

Result<BackupJob> read_backup_job(std::string_view text) {
  return read_document(text, UnknownMembers::ignore, read_job);
}

void write_backup_job(JsonWriter& out, const BackupJob& job, const std::optional<std::int64_t>& pending_version) {
  out.begin_object()
      .member("backupJobId", job.id)
      .member("version", job.version)
      .member("name", job.name)
      .member_if_filled("description", job.description)
      .member_if_filled("ownerId", job.owner_id)
      .member("approvalStateCode", to_string(job.approval))
      .member("zone", job.zone)
      .member("storagePath", job.storage_path)
      .member("daysToKeep", job.days_to_keep)
      .member("inForceFrom", job.in_force_from)
      .member("inForceTo", job.in_force_to);
  write_texts(out, "allowedRequesters", job.allowed_requesters);
  write_texts(out, "backupSourceRoots", job.source_roots);
  if (job.minimum_backups != 0) out.member("minimumBackups", job.minimum_backups);
  out.member_if_filled("expectedEvery", job.expected_every);
  if (!job.notify.empty()) write_texts(out, "notify", job.notify);
  out.member("pendingVersion", pending_version).end_object();
}

}  // namespace backupctl::wire
