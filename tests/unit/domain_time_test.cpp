#include <gtest/gtest.h>

#include "backupctl/time.hpp"

namespace backupctl {
namespace {

using namespace std::chrono_literals;

std::string round_trip(std::string_view text) {
  const auto time = parse_timestamp(text);
  return time ? to_string(*time) : "invalid";
}

TEST(Timestamp, IsWrittenWithSixDigitsWhateverWasRead) {
  EXPECT_EQ(round_trip("2026-11-24T02:25:00.123456Z"), "2026-11-24T02:25:00.123456Z");
  EXPECT_EQ(round_trip("2026-11-24T02:25:00Z"), "2026-11-24T02:25:00.000000Z");
  EXPECT_EQ(round_trip("2026-11-24t02:25:00.5z"), "2026-11-24T02:25:00.500000Z");
  EXPECT_EQ(round_trip("2026-11-24T02:25:00.123456789Z"), "2026-11-24T02:25:00.123456Z");
  EXPECT_EQ(round_trip("1969-12-31T23:59:59.999999Z"), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(round_trip("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00.000000Z");
  EXPECT_EQ(round_trip("9999-12-31T23:59:59.999999Z"), "9999-12-31T23:59:59.999999Z");
}

TEST(Timestamp, OffsetsLeadToUtc) {
  EXPECT_EQ(round_trip("2026-01-01T00:30:00+01:00"), "2025-12-31T23:30:00.000000Z");
  EXPECT_EQ(round_trip("2024-02-28T23:30:00-00:45"), "2024-02-29T00:15:00.000000Z");
  EXPECT_EQ(round_trip("0001-01-01T00:00:00+00:01"), "invalid");
  EXPECT_EQ(round_trip("9999-12-31T23:59:59-00:01"), "invalid");
}

TEST(Timestamp, NothingElseIsOne) {
  for (const auto* text :
       {"", "2026-11-24", "2026-11-24T02:25:00", "2026-11-24T02:25Z", "2026-11-24T24:00:00Z", "2026-11-24T02:60:00Z",
        "2026-11-24T02:25:61Z", "2026-11-24T02:25:00.Z", "2026-11-24T02:25:00.1234567890Z", "2026-02-29T00:00:00Z",
        "2026-11-24T02:25:00+1:00", "2026-11-24T02:25:00+24:00", "2026-11-24T02:25:00Zx", " 2026-11-24T02:25:00Z",
        "2026-11-24T02:25:00 Z", "0000-01-01T00:00:00Z", "-026-11-24T02:25:00Z", "2026-11-24T+2:25:00Z"}) {
    EXPECT_EQ(round_trip(text), "invalid") << text;
  }
}

TEST(CivilDate, OnlyDaysOfTheCalendar) {
  for (const auto* text : {"2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"}) {
    const auto date = CivilDate::parse(text);
    ASSERT_TRUE(date) << text;
    EXPECT_EQ(date->to_string(), text);
  }
  for (const auto* text : {"2023-02-29", "1900-02-29", "2024-13-01", "2024-00-01", "2024-04-31", "2024-04-00",
                           "0000-01-01", "2024-4-1", "24-04-01", "2024-04-01 ", "2024/04/01", "10000-01-01", ""}) {
    EXPECT_FALSE(CivilDate::parse(text)) << text;
  }
}

TEST(CivilDate, SumsFollowTheCalendar) {
  const auto date = CivilDate::parse("2024-02-28").value();
  EXPECT_EQ(date.plus_days(1)->to_string(), "2024-02-29");
  EXPECT_EQ(date.plus_days(2)->to_string(), "2024-03-01");
  EXPECT_EQ(date.plus_days(0), date);
  EXPECT_EQ(CivilDate::parse("2021-01-08").value().plus_days(3650)->to_string(), "2031-01-06");
}

TEST(CivilDate, WhatLeavesTheCalendarIsNoDate) {
  const auto last = CivilDate::parse("9999-12-31").value();
  EXPECT_TRUE(last.plus_days(0));
  EXPECT_FALSE(last.plus_days(1));
  EXPECT_FALSE(last.plus_days(std::int64_t{1} << 31));
  const auto date = CivilDate::parse("2021-01-08").value();
  EXPECT_FALSE(date.plus_days(std::numeric_limits<std::int64_t>::max()));
  EXPECT_FALSE(date.plus_days(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(CivilDate::from_days(std::numeric_limits<std::int64_t>::max()), last);
}

TEST(CivilDate, IsTheUtcDayOfATime) {
  EXPECT_EQ(CivilDate::of(parse_timestamp("2026-11-24T23:59:59.999999Z").value()).to_string(), "2026-11-24");
  EXPECT_EQ(CivilDate::of(parse_timestamp("1969-12-31T23:59:59.999999Z").value()).to_string(), "1969-12-31");
}

TEST(DurationText, OneNumberAndOneUnit) {
  EXPECT_EQ(parse_duration("250ms").value(), 250ms);
  EXPECT_EQ(parse_duration("5s").value(), 5s);
  EXPECT_EQ(parse_duration("10m").value(), 10min);
  EXPECT_EQ(parse_duration("24h").value(), 24h);
  EXPECT_EQ(parse_duration("400d").value(), 9600h);
  EXPECT_EQ(parse_duration("0s").value(), 0s);
  for (const auto* text :
       {"", "5", "s", "-5s", "+5s", "5 s", "1.5s", "5x", "5sm", "1h30m", "300000000000d", "99999999999999999999s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(DurationText, IsWrittenInTheLargestUnitThatLosesNothing) {
  EXPECT_EQ(to_string(Duration{24h}), "1d");
  EXPECT_EQ(to_string(Duration{90s}), "90s");
  EXPECT_EQ(to_string(Duration{1500ms}), "1500ms");
  EXPECT_EQ(to_string(Duration{7us}), "7us");
  EXPECT_EQ(to_string(Duration{0}), "0s");
}

}  // namespace
}  // namespace backupctl
