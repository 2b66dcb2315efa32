// Points in time and civil dates, as they stand in JSON, in the store and in logs.
//
// A Timestamp is UTC with microseconds and is written as RFC 3339 with exactly six fraction digits and "Z".
// A CivilDate is a proleptic Gregorian date without a time zone, 0001-01-01 to 9999-12-31; sums are calendar sums.
// Thread rule: plain values.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "backupctl/result.hpp"

namespace backupctl {

using Duration = std::chrono::microseconds;
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

std::string to_string(Timestamp time);                     // 2026-11-24T02:25:00.123456Z
Result<Timestamp> parse_timestamp(std::string_view text);  // RFC 3339, any offset, 0 to 9 fraction digits; else invalid

class CivilDate {
 public:
  static Result<CivilDate> parse(std::string_view text);     // exactly YYYY-MM-DD and a day that exists; else invalid
  static CivilDate of(Timestamp time);                       // the UTC day that contains `time`
  static CivilDate from_days(std::int64_t days_since_1970);  // clamped to the range above

  std::string to_string() const;
  std::int64_t days_since_1970() const { return days_; }
  // Nothing when the sum leaves the range: a due date beyond year 9999 means "keep for ever", never "already due".
  std::optional<CivilDate> plus_days(std::int64_t days) const;

  friend auto operator<=>(CivilDate, CivilDate) = default;

 private:
  explicit CivilDate(std::int64_t days) : days_(days) {}
  std::int64_t days_;
};

// "250ms" "5s" "10m" "24h" "400d": a whole number and one unit, greater or equal 0; else invalid.
Result<Duration> parse_duration(std::string_view text);
std::string to_string(Duration duration);  // in the largest unit that loses nothing

}  // namespace backupctl
