#include "wire/manifest_json.hpp"

#include "wire/read_document.hpp"

namespace backupctl::wire {
namespace {

std::optional<Manifest> read_manifest_members(ObjectReader& in) {
  const auto request_id = in.required<RequestId>("backupRequestId");
  const auto job_id = in.required<JobId>("backupJobId");
  const auto data_as_of = in.required<CivilDate>("dataAsOfDate");
  auto source = in.required<SourcePath>("backupSourcePath");
  auto storage_path = in.required("backupStoragePath", parse_line);
  const auto byte_count = in.required_integer("byteCount");
  auto verify_hash = in.required("verifyHash", parse_line);
  const auto copy_end = in.required<Timestamp>("copyEndTime");
  auto zone = in.required<ZoneName>("zone");
  if (!request_id || !job_id || !data_as_of || !source || !storage_path || !byte_count || !verify_hash || !copy_end ||
      !zone) {
    return {};
  }
  return Manifest{*request_id,
                  *job_id,
                  *data_as_of,
                  *std::move(source),
                  *std::move(storage_path),
                  *byte_count,
                  *std::move(verify_hash),
                  *copy_end,
                  *std::move(zone)};
}

}  // namespace

Result<Manifest> read_manifest(std::string_view text) {
  return read_document(text, UnknownMembers::ignore, read_manifest_members);
}

Result<ManifestList> read_manifest_list(std::string_view text) {
  return read_document(text, UnknownMembers::ignore, [](ObjectReader& in) -> std::optional<ManifestList> {
    ManifestList list;
    in.required_objects("items", [&](ObjectReader& item) {
      if (auto manifest = read_manifest_members(item)) list.items.push_back(*std::move(manifest));
    });
    list.next_cursor = in.optional<std::string>("nextCursor");
    return list;
  });
}

void write_manifest(JsonWriter& out, const Manifest& manifest) {
  out.begin_object()
      .member("backupRequestId", manifest.backup_request_id)
      .member("backupJobId", manifest.job_id)
      .member("dataAsOfDate", manifest.data_as_of)
      .member("backupSourcePath", manifest.source)
      .member("backupStoragePath", manifest.storage_path)
      .member("byteCount", manifest.byte_count)
      .member("verifyHash", manifest.verify_hash)
      .member("copyEndTime", manifest.copy_end)
      .member("zone", manifest.zone)
      .end_object();
}

}  // namespace backupctl::wire
