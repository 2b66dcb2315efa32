#include <gtest/gtest.h>

#include <chrono>

#include "backupctl/ids.hpp"
#include "backupctl/names.hpp"

namespace backupctl {
namespace {

using namespace std::chrono_literals;

class OddRandom final : public Random {
 public:
  std::uint64_t next() override { return state_ = state_ * 6364136223846793005u + 1442695040888963407u; }

 private:
  std::uint64_t state_ = 1;
};

TEST(Uuid, IsReadInEitherCaseAndWrittenInLower) {
  const auto id = RequestId::parse("01900000-ABCD-7000-8000-00000000000f");
  ASSERT_TRUE(id);
  EXPECT_EQ(id->to_string(), "01900000-abcd-7000-8000-00000000000f");
  for (const auto* text : {"", "01900000abcd700080000000000000f", "01900000-abcd-7000-8000-00000000000g",
                           "01900000-abcd-7000-8000-00000000000f ", "{01900000-abcd-7000-8000-00000000000f}",
                           "01900000_abcd-7000-8000-00000000000f", "01900000-abcd-7000-8000-0000000000-f"}) {
    EXPECT_FALSE(RequestId::parse(text)) << text;
  }
}

TEST(IdSource, IdsAreVersion7AndCarryTheMillisecond) {
  OddRandom random;
  IdSource ids(random);
  const auto text = to_string(ids.next(Timestamp{1'790'000'000'123ms}));
  EXPECT_EQ(text.substr(0, 13), "01a0c450-6c7b");
  EXPECT_EQ(text[14], '7');
  EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos);
}

TEST(IdSource, IdsRiseWithinAMillisecondAndWhenTheClockStepsBack) {
  OddRandom random;
  IdSource ids(random);
  const Timestamp start{1'790'000'000'000ms};
  auto last = ids.next(start);
  for (int i = 0; i < 20'000; ++i) {
    // More than the counter holds in one millisecond, then back by an hour, then slowly on.
    const auto now = i < 10'000 ? start : start - 1h + i * 1ms;
    const auto next = ids.next(now);
    ASSERT_LT(last, next) << i;
    last = next;
  }
}

TEST(Utf8, OnlyWhatRfc3629Allows) {
  for (const auto* text : {"", "a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_valid_utf8(text)) << text;
  }
  for (const auto* text : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
                           "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xC3", "\xE2\x82", "a\xFF"}) {
    EXPECT_FALSE(is_valid_utf8(text));
  }
}

TEST(ZoneName, SmallLettersDigitsAndDashes) {
  for (const auto& text : {std::string("files"), std::string("0-a_b"), std::string(63, 'a')}) {
    EXPECT_TRUE(ZoneName::parse(text)) << text;
  }
  for (const auto& text : {std::string(), std::string("Files"), std::string("-a"), std::string("_a"),
                           std::string("a b"), std::string("a/b"), std::string("a\n"), std::string(64, 'a')}) {
    EXPECT_FALSE(ZoneName::parse(text)) << text;
  }
}

TEST(OwnerName, HasNoControlCharactersAndABound) {
  EXPECT_TRUE(OwnerName::parse("batch-night"));
  EXPECT_TRUE(OwnerName::parse("J\xC3\xBCrgen"));
  EXPECT_TRUE(OwnerName::parse(std::string(255, 'x')));
  EXPECT_FALSE(OwnerName::parse(std::string(256, 'x')));
  EXPECT_FALSE(OwnerName::parse(""));
  EXPECT_FALSE(OwnerName::parse("a\r\nb"));
  EXPECT_FALSE(OwnerName::parse(std::string_view("a\0b", 3)));
  EXPECT_FALSE(OwnerName::parse("a\x7F"));
  EXPECT_FALSE(OwnerName::parse("\xFF"));
}

TEST(IdempotencyKey, IsPrintableAscii) {
  EXPECT_TRUE(IdempotencyKey::parse(" ~"));
  EXPECT_TRUE(IdempotencyKey::parse(std::string(255, 'k')));
  EXPECT_FALSE(IdempotencyKey::parse(std::string(256, 'k')));
  EXPECT_FALSE(IdempotencyKey::parse(""));
  EXPECT_FALSE(IdempotencyKey::parse("a\tb"));
  EXPECT_FALSE(IdempotencyKey::parse("\xC3\xA9"));
}

TEST(SourcePath, IsAbsoluteAndReadsOnlyOneWay) {
  for (const auto* text : {"/", "/data/x", "/data/x/", "/data/..x/x..", "/data/a b", "postgresql://host/db",
                           "sqlite:///file.db", "s3+v2://bucket", "/d\xC3\xA4ta"}) {
    EXPECT_TRUE(SourcePath::parse(text)) << text;
  }
  for (const auto& text : {std::string(),
                           std::string("data"),
                           std::string("./x"),
                           std::string("/data/.."),
                           std::string("/data/../etc"),
                           std::string("/data/./x"),
                           std::string("/.."),
                           std::string("//data"),
                           std::string("/data//x"),
                           std::string("/data//"),
                           std::string("://x"),
                           std::string("Http://x/y"),
                           std::string("a b://x"),
                           std::string("http://"),
                           std::string("http:///"),
                           std::string("http://host/../x"),
                           std::string("http://host//x"),
                           std::string("sqlite:////etc/x"),
                           std::string("/a\nb"),
                           std::string("/a\0b", 4),
                           std::string("/\xC0\xAE"),
                           "/" + std::string(4096, 'x')}) {
    EXPECT_FALSE(SourcePath::parse(text)) << text;
  }
  EXPECT_TRUE(SourcePath::parse("/" + std::string(4095, 'x')));
}

TEST(IsBeneath, ComparesWholeComponents) {
  EXPECT_TRUE(is_beneath("/data/a", "/data/a"));
  EXPECT_TRUE(is_beneath("/data/a/b", "/data/a"));
  EXPECT_TRUE(is_beneath("/data/a/b", "/data/a/"));
  EXPECT_TRUE(is_beneath("/data", "/"));
  EXPECT_TRUE(is_beneath("postgresql://h/db", "postgresql://h"));
  EXPECT_FALSE(is_beneath("/data/ab", "/data/a"));
  EXPECT_FALSE(is_beneath("/data", "/data/a"));
  EXPECT_FALSE(is_beneath("/data", ""));
  EXPECT_FALSE(is_beneath("postgresql://h/db", "/"));
}

}  // namespace
}  // namespace backupctl
