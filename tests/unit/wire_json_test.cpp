#include "wire/json.hpp"

#include <gtest/gtest.h>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <string>

namespace backupctl::wire {
namespace {

using namespace std::string_view_literals;

std::string code_of(const Result<boost::json::value>& parsed) { return parsed ? "accepted" : parsed.error().code; }

TEST(StrictJson, AcceptsOrdinaryDocuments) {
  for (const auto text :
       {R"({})"sv, R"([])"sv, R"("x")"sv, "0"sv, "-1.5e3"sv, "true"sv, "null"sv, " {\"a\" : [1, 2] } \r\n\t"sv,
        R"({"a":{"a":1},"b":{"a":1}})"sv, R"("\uD83D\uDE00\/\b\f\n\r\t\\\"")"sv, "\"\xC3\xA9\xF0\x9F\x98\x80\""sv}) {
    EXPECT_TRUE(parse_strict(text).has_value()) << text;
  }
  const auto parsed = parse_strict(R"({"text":"\uD83D\uDE00","number":-9223372036854775808})").value();
  EXPECT_EQ(parsed.at("text").as_string(), "\xF0\x9F\x98\x80");
  EXPECT_EQ(parsed.at("number").as_int64(), std::numeric_limits<std::int64_t>::min());
}

TEST(StrictJson, RefusesWhatIsNoJson) {
  for (const auto text : {""sv,           " "sv,        "{"sv,       "}"sv,       "{]"sv,        "[1,]"sv,
                          "{\"a\":1,}"sv, "{a:1}"sv,    "{'a':1}"sv, "nul"sv,     "nulL"sv,      "NaN"sv,
                          "Infinity"sv,   "-"sv,        "+1"sv,      "01"sv,      "1."sv,        ".5"sv,
                          "1e"sv,         "0x10"sv,     "\"a"sv,     "\"\\x\""sv, "\"\\u12\""sv, "\"a\nb\""sv,
                          "{\"a\" 1}"sv,  "{\"a\":}"sv, "[1 2]"sv,   "// c\n1"sv, "/* c */1"sv,  "<html></html>"sv}) {
    EXPECT_EQ(code_of(parse_strict(text)), "malformed-json") << text;
  }
}

TEST(StrictJson, RefusesDuplicateMembersAndNamesThem) {
  struct Row {
    std::string_view text, pointer;
  };
  for (const auto& row :
       {Row{R"({"a":1,"a":2})", "/a"}, Row{R"({"a":1,"\u0061":2})", "/a"},
        Row{R"({"x":[0,{"b":{"c~/":1,"d":2,"c~\/":3}}]})", "/x/1/b/c~0~1"}, Row{R"([[],{"":1,"":1}])", "/1/"},
        Row{R"({"\u00e9":1,"é":1})", "/é"}, Row{R"({"a":{"x":1,"x":2},"a":3})", "/a/x"},
        Row{R"({"a":[1,2,{"q":null,"q":true}]})", "/a/2/q"}}) {
    const auto parsed = parse_strict(row.text);
    ASSERT_EQ(code_of(parsed), "malformed-json") << row.text;
    ASSERT_EQ(parsed.error().faults.size(), 1u) << row.text;
    EXPECT_EQ(parsed.error().faults[0].pointer, row.pointer);
  }
  EXPECT_NE(parse_strict(R"({"a":1,"a":2})").error().detail.find("byte 9"), std::string::npos)
      << parse_strict(R"({"a":1,"a":2})").error().detail;
}

TEST(StrictJson, FindsADuplicateAmongManyMembers) {
  std::string text = "{";
  for (int i = 0; i < 5000; ++i) text += "\"m" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  EXPECT_TRUE(parse_strict(text + "\"m5000\":0}").has_value());
  const auto parsed = parse_strict(text + "\"m17\":0}");
  ASSERT_EQ(code_of(parsed), "malformed-json");
  EXPECT_EQ(parsed.error().faults.at(0).pointer, "/m17");
}

TEST(StrictJson, RefusesBadTextInValuesAndNames) {
  for (const auto inside :
       {"\xFF"sv, "\xC0\xAF"sv, "\xC3"sv, "\xED\xA0\x80"sv, "\xF4\x90\x80\x80"sv, "\\u0000"sv, "a\\u0000b"sv,
        "\\uD800"sv, "\\uD800x"sv, "\\uD800\\u0041"sv, "\\uDC00"sv, "\\uD800\\uD800"sv, "\0"sv, "\x1F"sv}) {
    const std::string quoted = '"' + std::string(inside) + '"';
    EXPECT_EQ(code_of(parse_strict(quoted)), "malformed-json") << quoted;
    EXPECT_EQ(code_of(parse_strict("{" + quoted + ":1}")), "malformed-json") << quoted;
    const auto in_long_text = '"' + std::string(5000, 'x') + std::string(inside) + std::string(5000, 'x') + '"';
    EXPECT_EQ(code_of(parse_strict(in_long_text)), "malformed-json") << quoted;
  }
}

TEST(StrictJson, RefusesNumbersThatOverflow) {
  for (const auto text : {"1e400"sv, "-1e400"sv, "[1,1e99999999999]"sv, "123456789e400"sv}) {
    EXPECT_EQ(code_of(parse_strict(text)), "malformed-json") << text;
  }
  EXPECT_EQ(code_of(parse_strict("1" + std::string(400, '0'))), "malformed-json");
  EXPECT_TRUE(parse_strict("1e308").has_value());
  EXPECT_TRUE(parse_strict("1e-400").has_value());
}

TEST(StrictJson, RefusesDepthBeyondTheLimit) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse_strict(nested(32)).has_value());
  EXPECT_EQ(code_of(parse_strict(nested(33))), "malformed-json");
  EXPECT_EQ(code_of(parse_strict(std::string(1'000'000, '['))), "malformed-json");
  EXPECT_EQ(code_of(parse_strict(R"({"a":{"b":1}})", {.max_depth = 1})), "malformed-json");
}

TEST(StrictJson, RefusesSizeBomAndTrailingBytes) {
  EXPECT_TRUE(parse_strict("[1,2]", {.max_bytes = 5}).has_value());
  EXPECT_EQ(code_of(parse_strict("[1,2] ", {.max_bytes = 5})), "malformed-json");
  EXPECT_EQ(code_of(parse_strict("\xEF\xBB\xBF{}")), "malformed-json");
  EXPECT_EQ(code_of(parse_strict("\xFE\xFF{}")), "malformed-json");
  for (const auto text : {"{}x"sv, "{}{}"sv, "1 2"sv, "{} \0"sv, "null,"sv}) {
    EXPECT_EQ(code_of(parse_strict(text)), "malformed-json") << text;
  }
}

TEST(StrictJson, NamesTheByteOffset) {
  struct Row {
    std::string_view text, place;
  };
  for (const auto& row : {Row{R"({"a":tru})", "byte 5"}, Row{R"({"a":1} x)", "byte 8"}, Row{R"({"a":)", "byte 5"},
                          Row{"[1,\"\xFF\"]", "byte 4"}}) {
    const auto parsed = parse_strict(row.text);
    ASSERT_FALSE(parsed) << row.text;
    EXPECT_NE(parsed.error().detail.find(row.place), std::string::npos) << parsed.error().detail;
  }
}

TEST(StrictJson, UsesTheGivenStorage) {
  std::array<unsigned char, 4096> buffer;
  boost::json::monotonic_resource memory(buffer.data(), buffer.size());
  const auto parsed = parse_strict(R"({"a":["some text that is too long to be kept inline"]})", {}, &memory).value();
  const auto* text = parsed.at("a").at(0).as_string().data();
  EXPECT_GE(reinterpret_cast<const unsigned char*>(text), buffer.data());
  EXPECT_LT(reinterpret_cast<const unsigned char*>(text), buffer.data() + buffer.size());
}

}  // namespace
}  // namespace backupctl::wire
