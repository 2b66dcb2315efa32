#include "fuzz/targets.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <variant>

#include "config/load.hpp"
#include "config/sections.hpp"
#include "filedrop/files.hpp"
#include "filedrop/line_reader.hpp"
#include "filedrop/names.hpp"
#include "filedrop/receipt.hpp"
#include "filedrop/request_line.hpp"
#include "http/client_message.hpp"
#include "http/controller_api_query.hpp"
#include "http/peer_answer.hpp"
#include "http/request_head.hpp"
#include "http/request_target.hpp"
#include "http/traceparent.hpp"
#include "wire/acts_json.hpp"
#include "wire/audit_json.hpp"
#include "wire/backup_job_json.hpp"
#include "wire/backup_request_json.hpp"
#include "wire/json.hpp"
#include "wire/manifest_json.hpp"
#include "wire/problem.hpp"
#include "wire/zone_command_json.hpp"
#include "wire/zone_result_json.hpp"

namespace backupctl::fuzz {
namespace {

void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

void require_said(const Error& error) {
  require(error.kind == ErrorKind::invalid, "what cannot be read is invalid");
  require(!error.detail.empty(), "an error says what is wrong");
}

// What is accepted can be written, and what is written is accepted and the same.
template <class Read, class Write>
void round_trip(std::string_view text, const Read& read, const Write& write) {
  const auto value = read(text);
  if (!value) return require_said(value.error());
  const auto written = write(*value);
  const auto again = read(std::string_view{written});
  require(again.has_value(), "what is written can be read");
  require(write(*again) == written, "what is read again is the same");
}

template <class Value>
auto text_with(void (*write)(wire::JsonWriter&, const Value&)) {
  return [write](const Value& value) { return wire::json_text(write, value); };
}

void http_head(std::string_view bytes) {
  const auto whole = http::scan_head(bytes, 0);
  require(whole.length <= bytes.size(), "a head lies within the bytes");
  // However the bytes come in, the head ends at the same place or is refused.
  const auto half = bytes.size() / 2;
  const auto first = http::scan_head(bytes.substr(0, half), 0);
  if (first.length == 0 && !first.refusal) {
    const auto rest = http::scan_head(bytes, half);
    require(rest.length == whole.length && rest.refusal.has_value() == whole.refusal.has_value(),
            "a head in two pieces is the head in one");
  }
  const auto parsed = http::parse_head(whole.length != 0 ? bytes.substr(0, whole.length) : bytes);
  if (const auto* refused = std::get_if<http::Refusal>(&parsed)) {
    require(refused->status >= 400 && refused->status < 600 && !refused->code.empty(), "a refusal says why");
    return;
  }
  const auto& head = std::get<http::RequestHead>(parsed);
  require(!head.chunked || head.content_length == 0, "a body has one length");
  require(head.request.headers.size() <= http::max_header_count, "headers are limited");
  for (const auto& [name, value] : head.request.headers) {
    require(!name.empty() && !has_control_character(name), "a header's name is a token");
    require(value.find_first_of(std::string_view{"\r\n\0", 3}) == std::string::npos, "a header's value is one line");
  }
  for (const auto& segment : head.request.segments)
    require(!has_control_character(segment), "a path has no control characters");
  for (const auto& parameter : head.request.query) {
    require(!has_control_character(parameter.name + parameter.value), "a query has no control characters");
    require(http::percent_decode(http::percent_encode(parameter.value)).value() == parameter.value,
            "a query's value can be written");
  }
  if (const auto trace = head.request.headers.find("traceparent")) {
    if (const auto read = http::parse_traceparent(*trace))
      require(http::parse_traceparent(read->to_header()).has_value(), "a trace can be passed on");
  }
}

void request_body(std::string_view bytes) {
  round_trip(bytes, wire::read_backup_request_body, text_with(wire::write_backup_request_body));
  if (const auto reason = wire::read_reason(bytes); !reason) require_said(reason.error());
  if (const auto order = wire::read_bulk_order(bytes); !order) require_said(order.error());
  if (const auto order = wire::read_reconcile_order(bytes); !order) require_said(order.error());
}

// The first line is the file's name, the others are its content.
void drop_file(std::string_view bytes) {
  const auto end = std::min(bytes.find('\n'), bytes.size());
  const auto name_text = bytes.substr(0, end);
  const auto content = bytes.substr(std::min(end + 1, bytes.size()));
  if (const auto entry = filedrop::parse_work_name(name_text))
    require(filedrop::part_name(entry->taken, entry->part) == name_text, "a name in work/ is made as it is read");
  auto name = filedrop::parse_file_name(name_text);
  if (name) require(name->file() == name_text, "a file's name is made as it is read");
  if (!name) name = filedrop::FileName{"a", filedrop::FileKind::jsonl};

  const filedrop::Descriptor file{::memfd_create("drop", MFD_CLOEXEC)};
  require(file.get() >= 0 && ::write(file.get(), content.data(), content.size()) == std::ssize(content), "a file");
  constexpr std::size_t longest = 200;
  filedrop::LineReader lines(file.get(), longest);
  const filedrop::Speaker speaker{OwnerName::parse("batch").value(), content.size() % 2 == 0};
  std::int64_t number = 0;
  while (true) {
    const auto got = lines.next();
    if (got.what == filedrop::LineReader::What::pause) continue;
    if (got.what == filedrop::LineReader::What::end) break;
    require(got.what != filedrop::LineReader::What::failed, "a file in memory can be read");
    require(got.number == ++number, "lines have their numbers");
    require(got.text.size() <= longest, "a line is limited");
    if (got.what == filedrop::LineReader::What::too_long) continue;
    const auto request = filedrop::read_request(got.text, got.number, *name, speaker);
    if (!request) require_said(request.error());
    if (request) require(request->key.has_value(), "every request of a file has a key");
    filedrop::parse_receipt_line(got.text);
  }
  require(number <= std::ranges::count(content, '\n') + 1, "a line ends at a line's end");
}

void zone_result(std::string_view bytes) {
  round_trip(bytes, wire::read_zone_result, text_with(wire::write_zone_result));
  const auto record = wire::read_result_record("0190a000-0000-7000-8000-000000000001", ZoneName::parse("files").value(),
                                               std::string(bytes), Timestamp{});
  require(record.body == bytes, "a result is kept as it came");
}

void job_answer(std::string_view bytes) {
  round_trip(bytes, wire::read_backup_job, [](const BackupJob& job) {
    return wire::json_text(wire::write_backup_job, job, std::optional<std::int64_t>{});
  });
}

void zone_answer(std::string_view bytes) {
  round_trip(bytes, wire::read_command_status, [](const StatusReply& reply) {
    return wire::json_text(wire::write_command_status, reply.state, std::optional<wire::CommandProgress>{},
                           std::string_view{reply.body});
  });
  round_trip(bytes, wire::read_create_backup, text_with(wire::write_create_backup));
  round_trip(bytes, wire::read_manifest_list, [](const ManifestList& list) {
    return wire::list_text(list.items, wire::write_manifest, list.next_cursor);
  });
  round_trip(bytes, wire::parse_problem, wire::problem_json);
  require(wire::raw_member(bytes, "result").size() <= bytes.size(), "a member lies within its object");
  http::problem_with_head(bytes);
  const auto shown = http::printable(bytes);
  require(shown.size() <= 310 && !has_control_character(shown), "what a peer says is short and printable");
}

void cursor(std::string_view bytes) {
  if (const auto last = http::read_cursor('r', bytes))
    require(http::read_cursor('r', http::cursor_text('r', *last)) == last, "a cursor is read as it was written");
  require(!http::read_cursor('b', http::cursor_text('r', {})), "a list's cursor is no other list's");
  if (const auto time = parse_timestamp(bytes))
    require(parse_timestamp(to_string(*time)).value() == *time, "a time is read as it was written");
  if (const auto date = CivilDate::parse(bytes))
    require(CivilDate::parse(date->to_string()).value() == *date, "a date is read as it was written");
  if (const auto key = IdempotencyKey::parse(bytes)) require(!has_control_character(key->str()), "a key is printable");
}

void configuration(std::string_view bytes) {
  config::Schema schema;
  config::HttpSection http;
  config::AuthSection auth;
  config::FileDropSection drop;
  config::LogSection log;
  config::ShutdownSection shutdown;
  config::declare_http(schema, http, auth);
  config::declare_auth(schema, auth);
  config::declare_filedrop(schema, drop);
  config::declare_log(schema, log);
  config::declare_shutdown(schema, shutdown);
  const auto loaded = config::load(schema, {.file = config::Sources::File{"fuzz.toml", std::string(bytes)}});
  for (const auto& problem : loaded.problems) require(!to_string(problem).empty(), "a problem says what is wrong");
  if (!loaded.problems.empty()) return;
  require(http.max_body >= 1 && http.read_timeout > Duration{}, "what is accepted is in range");
  for (const auto& token : auth.tokens) require(token.sha256.size() == 64 && !token.roles.empty(), "a token is whole");
}

void audit(std::string_view bytes) {
  round_trip(bytes, wire::read_audit_page, [](const wire::AuditPage& page) {
    return wire::list_text(page.items, wire::write_audit_record, page.next_cursor);
  });
  if (const auto page = wire::read_audit_page(bytes)) {
    AuditVerifier verifier;
    for (const auto& record : page->items) verifier.take(record);
    verifier.finish({}, {});
  }
  if (const auto heads = wire::read_audit_heads(bytes); !heads) require_said(heads.error());
  if (const auto head = parse_audit_head(bytes))
    require(parse_audit_head(to_string(*head)).value() == *head, "a head is read as it was written");
}

constexpr Target all[] = {{"http-head", http_head},     {"request-body", request_body},   {"drop-file", drop_file},
                          {"zone-result", zone_result}, {"job-answer", job_answer},       {"zone-answer", zone_answer},
                          {"cursor", cursor},           {"configuration", configuration}, {"audit", audit}};

}  // namespace

std::span<const Target> targets() { return all; }

const Target* find_target(std::string_view name) {
  const auto found = std::ranges::find(all, name, &Target::name);
  return found == std::end(all) ? nullptr : found;
}

}  // namespace backupctl::fuzz
