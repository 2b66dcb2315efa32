#include <gmock/gmock.h>
#include <unistd.h>

#include <limits>
#include <sstream>
#include <thread>
#include <vector>

#include "config/json_logger.hpp"

namespace backupctl::config {
namespace {

using ::testing::HasSubstr;

const Timestamp moment = *parse_timestamp("2026-11-24T02:25:00.123456Z");

class FixedClock final : public Clock {
 public:
  Timestamp now() override { return moment; }
  Duration monotonic() override { return {}; }
};

std::string json_of(std::string value) { return json_line(moment, LogLevel::info, "m", {{"v", std::move(value)}}); }

TEST(ConfigLogger, OneObjectALineWithEveryKindOfField) {
  EXPECT_EQ(
      json_line(moment, LogLevel::warning, "zone is slow",
                {{"zone", "files"}, {"count", std::int64_t{3}}, {"seconds", 0.5}, {"open", true}}),
      "{\"time\":\"2026-11-24T02:25:00.123456Z\",\"level\":\"warning\",\"msg\":\"zone is slow\",\"zone\":\"files\","
      "\"count\":3,\"seconds\":0.5,\"open\":true}\n");
}

TEST(ConfigLogger, NothingInAValueCanEndTheLineOrTheString) {
  EXPECT_THAT(json_of("a\r\n{\"level\":\"error\"}\t\\"), HasSubstr(R"("v":"a\r\n{\"level\":\"error\"}\t\\")"));
  EXPECT_THAT(json_of(std::string("\0\x1b[31m\x7f", 7)), HasSubstr(R"("v":"\u0000\u001b[31m\u007f")"));
  EXPECT_THAT(json_of("\xC2\x9B"
                      "31m"),
              HasSubstr(R"("v":"\u009b31m")"));
}

TEST(ConfigLogger, BytesThatAreNoUtf8AreReplaced) {
  EXPECT_THAT(json_of("a\xff"
                      "b"),
              HasSubstr("\"v\":\"a\xEF\xBF\xBD"
                        "b\""));
  EXPECT_THAT(json_of("\xE2\x82"), HasSubstr("\"v\":\"\xEF\xBF\xBD\xEF\xBF\xBD\""));
  EXPECT_THAT(json_of("\xED\xA0\x80"), HasSubstr("\"v\":\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""));
  EXPECT_THAT(json_of("\xC3\xA9\xF0\x9F\x98\x80"), HasSubstr("\"v\":\"\xC3\xA9\xF0\x9F\x98\x80\""));
}

TEST(ConfigLogger, NumbersThatJsonLacksAreNull) {
  EXPECT_THAT(json_line(moment, LogLevel::info, "m", {{"v", std::numeric_limits<double>::quiet_NaN()}}),
              HasSubstr("\"v\":null"));
}

TEST(ConfigLogger, TextQuotesWhatDoesNotReadWellBare) {
  EXPECT_EQ(text_line(moment, LogLevel::error, "failed",
                      {{"address", "127.0.0.1:80"}, {"detail", "a b\n=\""}, {"empty", ""}, {"n", std::int64_t{-1}}}),
            "2026-11-24T02:25:00.123456Z error failed address=127.0.0.1:80 detail=\"a b\\n=\\\"\" empty=\"\" n=-1\n");
}

TEST(ConfigLogger, WritesWholeLinesFromManyThreadsAndLeavesOutWhatIsBelowTheLevel) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  std::string text;
  std::thread reader([&] {
    char buffer[4096];
    for (ssize_t count; (count = ::read(pipe_ends[0], buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<std::size_t>(count));
    }
  });
  {
    FixedClock clock;
    JsonLogger logger{clock, LogLevel::info, LogFormat::json, pipe_ends[1]};
    std::vector<std::thread> writers;
    for (int i = 0; i < 4; ++i) {
      writers.emplace_back([&logger] {
        const std::string large(6000, 'x');  // more than a pipe takes at once
        for (int k = 0; k < 50; ++k) {
          logger.write(LogLevel::debug, "hidden", {});
          logger.write(LogLevel::info, "shown", {{"v", large}});
        }
      });
    }
    for (auto& writer : writers) writer.join();
  }
  ::close(pipe_ends[1]);
  reader.join();
  ::close(pipe_ends[0]);
  const auto expected = json_line(moment, LogLevel::info, "shown", {{"v", std::string(6000, 'x')}});
  std::istringstream lines(text);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) EXPECT_EQ(line + '\n', expected);
  EXPECT_EQ(count, 200);
}

}  // namespace
}  // namespace backupctl::config
