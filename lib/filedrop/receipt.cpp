#include "filedrop/receipt.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "wire/json_writer.hpp"
#include "wire/problem.hpp"

namespace backupctl::filedrop {
namespace {

constexpr std::string_view line_begin = "{\"line\":";
constexpr std::string_view id_begin = ",\"backupRequestId\":\"";
constexpr std::string_view state_begin = "\",\"stateCode\":\"";
constexpr std::size_t request_id_length = 36;

void write_problem(wire::JsonWriter& out, const Error& error) { out.raw(problem_document(error)); }

int status_of(const Error& error) {
  if (error.code == "malformed-json") return 400;
  if (error.code == "line-too-long" || error.code == "too-many-lines") return 413;
  return error.kind == ErrorKind::not_allowed ? 403 : error.kind == ErrorKind::internal ? 500 : 422;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

void status_line(std::string& text, std::int64_t line, const BackupRequest& row, const HistoryEntry& entry) {
  wire::JsonWriter out(text);
  out.begin_object()
      .member("line", line)
      .member("backupRequestId", row.order.id)
      .member("stateCode", to_string(entry.state))
      .member("time", entry.time);
  if (entry.state == row.progress.state) {
    out.member_if_filled("stateReason", row.progress.reason).member("backupId", row.progress.backup_id);
  }
  out.end_object();
  text += '\n';
}

}  // namespace

std::string problem_document(const Error& error) {
  const int status = status_of(error);
  const char* title = status == 400   ? "Bad request"
                      : status == 413 ? "Too large"
                      : status == 403 ? "Not allowed"
                      : status == 500 ? "Internal error"
                                      : "Invalid request";
  return wire::problem_json({.status = status,
                             .code = error.code.empty() ? "invalid-request" : error.code,
                             .title = title,
                             .detail = error.detail,
                             .backup_request_id = {},
                             .errors = error.faults});
}

std::string receipt_line(std::int64_t line, RequestId id, RequestState state) {
  std::string text;
  wire::JsonWriter(text)
      .begin_object()
      .member("line", line)
      .member("backupRequestId", id)
      .member("stateCode", to_string(state))
      .end_object();
  return text += '\n';
}

std::string receipt_line(std::int64_t line, const Error& problem) {
  std::string text;
  wire::JsonWriter out(text);
  out.begin_object().member("line", line).key("problem");
  write_problem(out, problem);
  out.end_object();
  return text += '\n';
}

std::optional<ReceiptLine> parse_receipt_line(std::string_view text) {
  ReceiptLine read;
  if (!take(text, line_begin)) return {};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read.line);
  if (error != std::errc{} || read.line < 1) return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!take(text, id_begin)) return text.starts_with(",\"problem\":") ? std::optional(read) : std::nullopt;
  const auto id = RequestId::parse(text.substr(0, request_id_length));
  if (!id || text.size() < request_id_length) return {};
  read.id = *id;
  text.remove_prefix(request_id_length);
  if (!take(text, state_begin)) return text.starts_with("\",\"problem\":") ? std::optional(read) : std::nullopt;
  const auto state = parse_request_state(text.substr(0, text.find('"')));
  if (!state) return {};
  read.state = *state;
  return read;
}

std::string status_lines(std::int64_t line, RequestState seen, const BackupRequest& row,
                         const std::vector<HistoryEntry>& history) {
  const auto told =
      std::find_if(history.rbegin(), history.rend(), [seen](const auto& one) { return one.state == seen; });
  std::string text;
  auto before = seen;
  for (auto entry = told.base(); entry != history.end(); ++entry) {
    // Some entries tell what was done to a request that stayed as it was.
    if (entry->state != std::exchange(before, entry->state)) status_line(text, line, row, *entry);
  }
  return text;
}

std::optional<std::string> checked_line(std::int64_t line, const BackupRequest& row) {
  const auto& p = row.progress;
  if (!p.checked || (p.state != RequestState::allowed && p.state != RequestState::not_allowed)) return {};
  std::string text;
  status_line(text, line, row, {p.state, *p.checked, {}});
  return text;
}

std::string status_line_gone(std::int64_t line, RequestId id) {
  std::string text;
  wire::JsonWriter out(text);
  out.begin_object().member("line", line).member("backupRequestId", id).key("problem");
  write_problem(out,
                {ErrorKind::not_found, "the store does not have this request any more", false, "request-gone", {}});
  out.end_object();
  return text += '\n';
}

std::string_view outcome_of(const Tally& tally) {
  const auto any = [&tally](RequestState state) {
    const auto found = tally.ended.find(state);
    return found != tally.ended.end() && found->second > 0;
  };
  if (any(RequestState::failed)) return to_string(RequestState::failed);
  if (any(RequestState::not_allowed)) return to_string(RequestState::not_allowed);
  if (tally.problems > 0) return "Invalid";
  if (any(RequestState::cancelled)) return to_string(RequestState::cancelled);
  return to_string(RequestState::succeeded);
}

std::string end_document(const Taken& taken, const Tally& tally, Timestamp now) {
  std::int64_t requests = 0;
  for (const auto& [state, count] : tally.ended) requests += count;
  const auto count_of = [&tally](RequestState state) {
    const auto found = tally.ended.find(state);
    return found == tally.ended.end() ? std::int64_t{0} : found->second;
  };
  std::string text;
  wire::JsonWriter out(text);
  out.begin_object()
      .member("outcome", outcome_of(tally))
      .member("file", taken.name.file())
      .member("fileId", taken.id)
      .member("lines", requests + tally.problems)
      .member("problems", tally.problems)
      .key("counts")
      .begin_object();
  for (const auto state :
       {RequestState::succeeded, RequestState::failed, RequestState::not_allowed, RequestState::cancelled}) {
    out.member(to_string(state), count_of(state));
  }
  out.end_object().member("endTime", now).end_object();
  return text += '\n';
}

}  // namespace backupctl::filedrop
