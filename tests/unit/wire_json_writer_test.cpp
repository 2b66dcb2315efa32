#include "wire/json_writer.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "wire/json.hpp"

namespace backupctl::wire {
namespace {

using namespace std::string_view_literals;

std::string quoted(std::string_view text) {
  std::string out;
  JsonWriter(out).value(text);
  return out;
}

TEST(JsonWriter, NestsAndPlacesCommas) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("none").begin_array().end_array().key("empty").begin_object().end_object();
  json.key("list").begin_array().value(1).value("two").begin_object().member("a", true).member("b", false).end_object();
  json.begin_array().value(3).end_array().value(4).end_array().member("last", -5).end_object();
  EXPECT_EQ(out, R"({"none":[],"empty":{},"list":[1,"two",{"a":true,"b":false},[3],4],"last":-5})");
}

TEST(JsonWriter, WritesEveryTypeOfValue) {
  std::string out;
  JsonWriter json(out);
  json.begin_object()
      .member("id", RequestId::parse("0190A000-0000-7000-8000-00000000000F").value())
      .member("time", parse_timestamp("2026-11-24T02:25:00.123456Z").value())
      .member("date", CivilDate::parse("2021-01-08").value())
      .member("zone", ZoneName::parse("files").value())
      .member("least", std::numeric_limits<std::int64_t>::min())
      .member("half", 0.5)
      .member("infinite", std::numeric_limits<double>::infinity())
      .key("raw")
      .raw("[1]")
      .end_object();
  EXPECT_EQ(out,
            R"({"id":"0190a000-0000-7000-8000-00000000000f","time":"2026-11-24T02:25:00.123456Z","date":"2021-01-08",)"
            R"("zone":"files","least":-9223372036854775808,"half":0.5,"infinite":null,"raw":[1]})");
}

TEST(JsonWriter, LeavesAbsentMembersOut) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("a", std::optional<Timestamp>{}).member("b", std::optional<std::string>{"x"});
  json.member("c", std::optional<std::int64_t>{}).end_object();
  EXPECT_EQ(out, R"({"b":"x"})");
}

TEST(JsonWriter, EscapesWhatMustBeEscaped) {
  EXPECT_EQ(quoted("a\"b\\c\n\r\t\b\x01\x1F\x7F/"), "\"a\\\"b\\\\c\\n\\r\\t\\u0008\\u0001\\u001f\x7F/\"");
  EXPECT_EQ(quoted("\0"sv), R"("\u0000")");
  EXPECT_EQ(quoted("h\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80!"), "\"h\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80!\"");
}

TEST(JsonWriter, ReplacesInvalidUtf8) {
  const auto replacement = "\xEF\xBF\xBD"sv;
  EXPECT_EQ(quoted("a\xFFz"), "\"a" + std::string(replacement) + "z\"");
  for (const auto text :
       {"\x80"sv, "\xC3"sv, "\xE2\x82"sv, "\xED\xA0\x80"sv, "\xC0\xAF"sv, "\xF8\x88\x80\x80\x80"sv, "\xC3(x"sv}) {
    const auto json = quoted(text);
    EXPECT_TRUE(parse_strict(json).has_value()) << json;
    EXPECT_NE(json.find(replacement), std::string::npos);
  }
}

TEST(JsonWriter, AppendsToWhatIsThere) {
  std::string out = "x";
  JsonWriter(out).begin_array().end_array();
  EXPECT_EQ(out, "x[]");
}

}  // namespace
}  // namespace backupctl::wire
