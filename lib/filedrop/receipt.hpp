// The lines that are written for a submitter: receipts, later states, the end.
//
// Thread rule: plain values and pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backupctl/backup_request.hpp"
#include "filedrop/names.hpp"

namespace backupctl::filedrop {

// {"line":1,"backupRequestId":"…","stateCode":"Received"}\n
std::string receipt_line(std::int64_t line, RequestId id, RequestState state);
// {"line":2,"problem":{…}}\n
std::string receipt_line(std::int64_t line, const Error& problem);

// What a receipt line of ours says; `id` is absent for a problem. Nothing when it is none.
struct ReceiptLine {
  std::int64_t line = 0;
  std::optional<RequestId> id{};
  RequestState state = RequestState::received;
};
std::optional<ReceiptLine> parse_receipt_line(std::string_view text);

// The states that `row` came through after `seen`, as its history tells, a line each, in order:
// {"line":1,"backupRequestId":"…","stateCode":"Sent","time":"…"}\n, the last with stateReason and backupId where there
// is one.
std::string status_lines(std::int64_t line, RequestState seen, const BackupRequest& row,
                         const std::vector<HistoryEntry>& history);
// The same of a request that came no further than its check, for the row alone tells that; nothing when it came further
// or was not checked.
std::optional<std::string> checked_line(std::int64_t line, const BackupRequest& row);
// The request is not in the store any more.
std::string status_line_gone(std::int64_t line, RequestId id);

// What became of a whole file.
struct Tally {
  std::map<RequestState, std::int64_t> ended{};
  std::int64_t problems = 0;  // lines that made no request, or whose request is gone
};
// One word for a scheduler: the worst of Failed, NotAllowed, Invalid (a problem), Cancelled, Succeeded.
std::string_view outcome_of(const Tally& tally);
std::string end_document(const Taken& taken, const Tally& tally, Timestamp now);

std::string problem_document(const Error& error);

}  // namespace backupctl::filedrop
