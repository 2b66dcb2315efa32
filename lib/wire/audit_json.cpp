#include "wire/audit_json.hpp"

#include "wire/read_document.hpp"

namespace backupctl::wire {

void write_audit_record(JsonWriter& out, const AuditRecord& record) {
  const auto& entry = record.entry;
  out.begin_object()
      .member("writer", entry.writer)
      .member("seq", record.seq)
      .member("time", entry.time)
      .member("actor", entry.actor)
      .member("action", entry.action)
      .member("object", entry.object)
      .member("detail", entry.detail)
      .member("previousHash", record.previous_hash)
      .member("hash", record.hash)
      .end_object();
}

void write_audit_head(JsonWriter& out, const AuditHead& head) {
  out.begin_object().member("writer", head.writer).member("seq", head.seq).member("hash", head.hash).end_object();
}

Result<AuditPage> read_audit_page(std::string_view text) {
  return read_document(text, UnknownMembers::ignore, [](ObjectReader& in) -> std::optional<AuditPage> {
    AuditPage page;
    in.required_objects("items", [&](ObjectReader& item) {
      const auto writer = item.required<InstanceId>("writer");
      const auto seq = item.required_integer("seq");
      const auto time = item.required<Timestamp>("time");
      auto actor = item.required<std::string>("actor");
      auto action = item.required<std::string>("action");
      auto object = item.required<std::string>("object");
      auto detail = item.required<std::string>("detail");
      auto previous = item.required<std::string>("previousHash");
      auto hash = item.required<std::string>("hash");
      if (!writer || !seq || !time || !actor || !action || !object || !detail || !previous || !hash) return;
      page.items.push_back(
          {{*writer, *time, *std::move(actor), *std::move(action), *std::move(object), *std::move(detail)},
           *seq,
           *std::move(previous),
           *std::move(hash)});
    });
    page.next_cursor = in.optional<std::string>("nextCursor");
    return page;
  });
}

Result<std::vector<AuditHead>> read_audit_heads(std::string_view text) {
  return read_document(text, UnknownMembers::ignore, [](ObjectReader& in) -> std::optional<std::vector<AuditHead>> {
    std::vector<AuditHead> heads;
    in.required_objects("items", [&](ObjectReader& item) {
      const auto writer = item.required<InstanceId>("writer");
      const auto seq = item.required_integer("seq", {1});
      auto hash = item.required<std::string>("hash");
      if (writer && seq && hash) heads.push_back({*writer, *seq, *std::move(hash)});
    });
    return heads;
  });
}

}  // namespace backupctl::wire
