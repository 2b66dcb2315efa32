#include "wire/object_reader.hpp"

#include <gtest/gtest.h>

#include "backupctl/ids.hpp"
#include "backupctl/names.hpp"
#include "wire/json.hpp"

namespace backupctl::wire {
namespace {

using Faults = std::vector<Fault>;

Result<int> parse_color(std::string_view text) {
  if (text == "red") return 1;
  return Error{ErrorKind::invalid, "must be red"};
}

TEST(ObjectReader, ReadsEveryTypeOfMember) {
  const auto document = parse_strict(R"({"id":"0190a000-0000-7000-8000-000000000001","date":"2021-01-08","flag":true,
    "time":"2026-11-24T02:25:00.5Z","count":-3,"text":"","zones":["a","b"],"color":"red","more":{"n":7},
    "list":[{"n":1},{"n":2}]})")
                            .value();
  ObjectReader in(document);
  const auto id = in.required<JobId>("id");
  const auto date = in.required<CivilDate>("date");
  const auto flag = in.required<bool>("flag");
  const auto time = in.optional<Timestamp>("time");
  const auto count = in.required<std::int64_t>("count");
  const auto text = in.required<std::string>("text");
  const auto zones = in.required_array<ZoneName>("zones");
  const auto color = in.required("color", parse_color);
  const auto absent = in.optional<ZoneName>("absent");
  const auto absent_list = in.optional_array<std::string>("absentList");
  std::vector<std::int64_t> numbers;
  const ObjectReader::ReadObject read_number = [&](ObjectReader& item) {
    numbers.push_back(item.required_integer("n").value_or(-1));
  };
  EXPECT_TRUE(in.required_object("more", read_number));
  EXPECT_TRUE(in.required_objects("list", read_number));
  EXPECT_FALSE(in.optional_objects("absentObjects", read_number));
  ASSERT_TRUE(in.finish().has_value());
  EXPECT_EQ(id->to_string(), "0190a000-0000-7000-8000-000000000001");
  EXPECT_EQ(date->to_string(), "2021-01-08");
  EXPECT_EQ(to_string(*time), "2026-11-24T02:25:00.500000Z");
  EXPECT_EQ(flag, true);
  EXPECT_EQ(count, -3);
  EXPECT_EQ(text, "");
  EXPECT_EQ(zones->size(), 2u);
  EXPECT_EQ(color, 1);
  EXPECT_FALSE(absent || absent_list);
  EXPECT_EQ(numbers, (std::vector<std::int64_t>{7, 1, 2}));
}

TEST(ObjectReader, CollectsEveryFaultWithItsPointer) {
  const auto document =
      parse_strict(
          R"({"id":"nope","flag":1,"count":1.5,"small":0,"big":18446744073709551615,"text":null,"zones":["a","B",3],
    "color":"blue","more":{"n":"x","odd":1},"list":[{"n":1},7,{"a/b":1}],"un~known":{},"notArray":{},"notObject":[]})")
          .value();
  ObjectReader in(document);
  EXPECT_FALSE(in.required<JobId>("id"));
  EXPECT_FALSE(in.required<CivilDate>("date"));
  EXPECT_FALSE(in.required<bool>("flag"));
  EXPECT_FALSE(in.required<std::int64_t>("count"));
  EXPECT_FALSE(in.optional_integer("small", {1, 10}));
  EXPECT_FALSE(in.optional_integer("big", {1, 10}));
  EXPECT_FALSE(in.optional<std::string>("text"));
  EXPECT_FALSE(in.required_array<ZoneName>("zones"));
  EXPECT_FALSE(in.required("color", parse_color));
  const ObjectReader::ReadObject read_number = [](ObjectReader& item) { item.required_integer("n"); };
  EXPECT_TRUE(in.required_object("more", read_number));
  EXPECT_TRUE(in.required_objects("list", read_number));
  EXPECT_FALSE(in.required_objects("notArray", read_number));
  EXPECT_FALSE(in.required_object("notObject", read_number));
  in.fault("date", "is too late");
  const auto done = in.finish();
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().kind, ErrorKind::invalid);
  EXPECT_EQ(done.error().code, "invalid-request");
  EXPECT_EQ(done.error().detail, "/id must be a UUID (8-4-4-4-12 hexadecimal digits), and 18 more.");
  EXPECT_EQ(done.error().faults,
            (Faults{{"/id", "must be a UUID (8-4-4-4-12 hexadecimal digits)"},
                    {"/date", "is required"},
                    {"/flag", "must be true or false, not a number"},
                    {"/count", "must be a whole number from -9223372036854775808 to 9223372036854775807"},
                    {"/small", "must be a whole number from 1 to 10"},
                    {"/big", "must be a whole number from 1 to 10"},
                    {"/text", "must be a string, not null"},
                    {"/zones/1", "must be 1 to 63 characters a-z 0-9 - _ and begin with a letter or a digit"},
                    {"/zones/2", "must be a string, not a number"},
                    {"/color", "must be red"},
                    {"/more/n", "must be a whole number, not a string"},
                    {"/more/odd", "is not a known member"},
                    {"/list/1", "must be an object, not a number"},
                    {"/list/2/n", "is required"},
                    {"/list/2/a~1b", "is not a known member"},
                    {"/notArray", "must be an array, not an object"},
                    {"/notObject", "must be an object, not an array"},
                    {"/date", "is too late"},
                    {"/un~0known", "is not a known member"}}));
}

TEST(ObjectReader, IgnoresUnknownMembersOfPeersAtEveryDepth) {
  const auto document = parse_strict(R"({"a":{"x":1},"b":1})").value();
  ObjectReader in(document, UnknownMembers::ignore);
  in.required_object("a", [](ObjectReader&) {});
  EXPECT_TRUE(in.finish().has_value());
}

TEST(ObjectReader, RefusesADocumentThatIsNoObject) {
  const auto document = parse_strict("[1]").value();
  ObjectReader in(document);
  EXPECT_FALSE(in.required<std::string>("a"));
  const auto done = in.finish();
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().faults, (Faults{{"", "must be an object, not an array"}}));
  EXPECT_EQ(done.error().detail, "the document must be an object, not an array.");
}

}  // namespace
}  // namespace backupctl::wire
