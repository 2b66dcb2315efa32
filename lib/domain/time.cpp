#include "backupctl/time.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <limits>

namespace backupctl {
namespace {

using namespace std::chrono;

constexpr std::int64_t first_day = sys_days{year{1} / 1 / 1}.time_since_epoch().count();
constexpr std::int64_t last_day = sys_days{year{9999} / 12 / 31}.time_since_epoch().count();

// Reads exactly `digits` decimal digits at the front of `text` and removes them; -1 when they are not there.
int take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return -1;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text[0] != expected) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> take_date(std::string_view& text) {
  const int y = take_number(text, 4);
  if (y < 1 || !take(text, '-')) return {};
  const int m = take_number(text, 2);
  if (m < 1 || !take(text, '-')) return {};
  const int d = take_number(text, 2);
  const year_month_day date{year{y}, month{static_cast<unsigned>(m)}, day{static_cast<unsigned>(std::max(d, 0))}};
  if (!date.ok()) return {};
  return sys_days{date}.time_since_epoch().count();
}

// With at least so many digits.
void put_number(std::string& text, std::int64_t number, std::size_t digits) {
  if (number < 0) text += '-';
  number = std::abs(number);
  std::array<char, 20> written;
  auto at = written.size();
  for (; number > 0 || written.size() - at < digits; number /= 10) written[--at] = static_cast<char>('0' + number % 10);
  text.append(written.data() + at, written.size() - at);
}

void put_date(std::string& text, const year_month_day& date) {
  put_number(text, static_cast<int>(date.year()), 4);
  text += '-';
  put_number(text, static_cast<unsigned>(date.month()), 2);
  text += '-';
  put_number(text, static_cast<unsigned>(date.day()), 2);
}

Error malformed_time() { return {ErrorKind::invalid, "must be an RFC 3339 time such as 2026-11-24T02:25:00.123456Z"}; }

struct Unit {
  std::string_view name;
  std::int64_t microseconds;
};
constexpr std::array<Unit, 6> units{
    {{"d", 86'400'000'000}, {"h", 3'600'000'000}, {"m", 60'000'000}, {"s", 1'000'000}, {"ms", 1'000}, {"us", 1}}};

}  // namespace

std::string to_string(Timestamp time) {
  const auto day_part = floor<days>(time);
  const hh_mm_ss<microseconds> clock{time - day_part};
  std::string text;
  text.reserve(27);
  put_date(text, year_month_day{day_part});
  text += 'T';
  put_number(text, clock.hours().count(), 2);
  text += ':';
  put_number(text, clock.minutes().count(), 2);
  text += ':';
  put_number(text, clock.seconds().count(), 2);
  text += '.';
  put_number(text, clock.subseconds().count(), 6);
  text += 'Z';
  return text;
}

Result<Timestamp> parse_timestamp(std::string_view text) {
  const auto date = take_date(text);
  if (!date || (!take(text, 'T') && !take(text, 't'))) return malformed_time();
  const int hour = take_number(text, 2);
  if (hour < 0 || hour > 23 || !take(text, ':')) return malformed_time();
  const int minute = take_number(text, 2);
  if (minute < 0 || minute > 59 || !take(text, ':')) return malformed_time();
  const int second = take_number(text, 2);
  if (second < 0 || second > 59) return malformed_time();
  std::int64_t fraction = 0;
  if (take(text, '.')) {
    std::size_t digits = 0;
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), ++digits) {
      if (digits < 6) fraction = fraction * 10 + (text[0] - '0');
    }
    if (digits == 0 || digits > 9) return malformed_time();
    for (; digits < 6; ++digits) fraction *= 10;
  }
  std::int64_t offset_minutes = 0;
  if (!take(text, 'Z') && !take(text, 'z')) {
    const bool west = !text.empty() && text[0] == '-';
    if (!take(text, '+') && !take(text, '-')) return malformed_time();
    const int hours_off = take_number(text, 2);
    if (hours_off < 0 || hours_off > 23 || !take(text, ':')) return malformed_time();
    const int minutes_off = take_number(text, 2);
    if (minutes_off < 0 || minutes_off > 59) return malformed_time();
    offset_minutes = (west ? -1 : 1) * (hours_off * 60 + minutes_off);
  }
  if (!text.empty()) return malformed_time();
  const Timestamp time{days{*date} + hours{hour} + minutes{minute} + seconds{second} + microseconds{fraction} -
                       minutes{offset_minutes}};
  // An offset may lead out of the years that can be written with four digits.
  if (time < sys_days{days{first_day}} || time >= sys_days{days{last_day + 1}}) return malformed_time();
  return time;
}

Result<CivilDate> CivilDate::parse(std::string_view text) {
  if (text.size() == 10) {
    if (const auto date = take_date(text); date && text.empty()) return CivilDate{*date};
  }
  return Error{ErrorKind::invalid, "must be a date YYYY-MM-DD that exists in the calendar"};
}

CivilDate CivilDate::of(Timestamp time) { return from_days(floor<days>(time).time_since_epoch().count()); }

CivilDate CivilDate::from_days(std::int64_t days_since_1970) {
  return CivilDate{std::clamp(days_since_1970, first_day, last_day)};
}

std::string CivilDate::to_string() const {
  std::string text;
  put_date(text, year_month_day{sys_days{days{days_}}});
  return text;
}

std::optional<CivilDate> CivilDate::plus_days(std::int64_t days) const {
  if (days > last_day - days_ || days < first_day - days_) return {};
  return CivilDate{days_ + days};
}

Result<Duration> parse_duration(std::string_view text) {
  const Error malformed{ErrorKind::invalid, R"(must be a duration such as "250ms", "5s", "10m", "24h" or "400d")"};
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return malformed;
  const auto unit_name = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& unit : units) {
    if (unit.name != unit_name) continue;
    if (number > std::numeric_limits<std::int64_t>::max() / unit.microseconds) return malformed;
    return Duration{number * unit.microseconds};
  }
  return malformed;
}

std::string to_string(Duration duration) {
  const auto count = duration.count();
  if (count == 0) return "0s";
  for (const auto& unit : units) {
    if (count % unit.microseconds == 0) return std::to_string(count / unit.microseconds) + std::string(unit.name);
  }
  return std::to_string(count) + "us";
}

}  // namespace backupctl
