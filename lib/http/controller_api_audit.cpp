#include <charconv>

#include "http/controller_api_context.hpp"
#include "http/controller_api_query.hpp"
#include "wire/audit_json.hpp"

namespace backupctl::http {
namespace {

// Where the audit goes on, "writer:seq": what was written since can be asked for with the last entry one has.
struct AuditPosition {
  InstanceId writer;
  std::int64_t seq;

  static Result<AuditPosition> parse(std::string_view text) {
    constexpr std::size_t uuid_size = 36;
    const Error malformed{ErrorKind::invalid, "must be a writer and a seq: WRITER:SEQ"};
    if (text.size() < uuid_size + 2 || text[uuid_size] != ':') return malformed;
    const auto writer = InstanceId::parse(text.substr(0, uuid_size));
    std::int64_t seq = 0;
    const auto* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + uuid_size + 1, end, seq);
    if (!writer || parsed.ec != std::errc{} || parsed.ptr != end || seq < 0) return malformed;
    return AuditPosition{*writer, seq};
  }
};

void list_audit(const ControllerReads& reads, const Request& request, Respond respond) {
  QueryReader in(request);
  AuditQuery query;
  if (const auto after = in.read<AuditPosition>("after")) query.after = {{after->writer, after->seq}};
  const auto limit = in.limit();
  query.limit = limit + 1;
  if (auto refused = in.refusal()) return respond(*std::move(refused));
  auto answer = [limit, respond = std::move(respond)](Result<std::vector<AuditRecord>> rows) {
    if (!rows) return respond(store_problem(rows.error()));
    std::optional<std::string> next;
    if (static_cast<std::int64_t>(rows->size()) > limit) {
      rows->pop_back();
      next = rows->back().entry.writer.to_string() + ":" + std::to_string(rows->back().seq);
    }
    respond(json_response(200, wire::list_text(*rows, wire::write_audit_record, next)));
  };
  reads.repository().list_audit(std::move(query), reads.back<Result<std::vector<AuditRecord>>>(std::move(answer)));
}

void list_heads(const ControllerReads& reads, const Request&, Respond respond) {
  auto answer = [respond = std::move(respond)](const Result<std::vector<AuditHead>>& heads) {
    if (!heads) return respond(store_problem(heads.error()));
    respond(json_response(200, wire::list_text(*heads, wire::write_audit_head)));
  };
  reads.repository().audit_heads(reads.back<Result<std::vector<AuditHead>>>(std::move(answer)));
}

}  // namespace

void add_audit_reads(Router& router, const ControllerReads& reads) {
  router.add("GET", "/api/audit", {Role::auditor},
             [&reads](const Request& request, Respond respond) { list_audit(reads, request, std::move(respond)); },
             {"after", "limit"});
  router.add("GET", "/api/audit/heads", {Role::auditor},
             [&reads](const Request& request, Respond respond) { list_heads(reads, request, std::move(respond)); });
}

}  // namespace backupctl::http
