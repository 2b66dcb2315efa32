// Values and documents that the tests of several codecs share.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "backupctl/ids.hpp"
#include "backupctl/names.hpp"
#include "backupctl/time.hpp"

namespace backupctl::wire::testing {

inline const RequestId request_id = RequestId::parse("0190a000-0000-7000-8000-000000000001").value();
inline const JobId job_id = JobId::parse("0190a000-0000-7000-8000-000000000002").value();
inline const BackupId backup_id = BackupId::parse("0190a000-0000-7000-8000-000000000003").value();
inline const ZoneName zone = ZoneName::parse("files").value();
inline const SourcePath source = SourcePath::parse("/data/ledger/2021-01-08").value();
inline const CivilDate as_of = CivilDate::parse("2021-01-08").value();

// 02:25:00 and so many seconds, on a fixed day.
inline Timestamp second(int seconds) {
  return parse_timestamp("2026-11-24T02:25:00.123456Z").value() + std::chrono::seconds(seconds);
}

// `text` with the first `what` replaced: one golden document gives all the faulty ones.
inline std::string with(std::string text, std::string_view what, std::string_view instead) {
  const auto at = text.find(what);
  if (at == std::string::npos) throw std::logic_error("not in the document: " + std::string(what));
  return text.replace(at, what.size(), instead);
}

}  // namespace backupctl::wire::testing
