// What is read from dropped files and written for their submitters, without a folder.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "filedrop/files.hpp"
#include "filedrop/line_reader.hpp"
#include "filedrop/names.hpp"
#include "unit/support/filedrop_ground.hpp"

namespace backupctl::filedrop::test {
namespace {

using What = LineReader::What;

class Lines : public ::testing::Test {
 protected:
  LineReader& read(const std::string& content, std::size_t longest = 100) {
    file_ = Descriptor{::open(dir_.write("lines", content).c_str(), O_RDONLY | O_CLOEXEC)};
    return reader_.emplace(file_.get(), longest);
  }
  // "1:text 2:text", a long one as "3!".
  static std::string all(LineReader& reader) {
    std::string text;
    while (true) {
      const auto got = reader.next();
      if (got.what == What::end) return text;
      EXPECT_NE(got.what, What::failed);
      if (got.what == What::pause) continue;
      text += (text.empty() ? "" : " ") + std::to_string(got.number);
      text += got.what == What::line ? ":" + std::string(got.text) : "!";
    }
  }

  backupctl::testing::TempDir dir_;
  Descriptor file_;
  std::optional<LineReader> reader_;
};

TEST_F(Lines, EndInAnyOfTheUsualWays) {
  EXPECT_EQ(all(read("")), "");
  EXPECT_EQ(all(read("a\nb\n")), "1:a 2:b");
  EXPECT_EQ(all(read("a\r\nb")), "1:a 2:b");
  EXPECT_EQ(all(read("\xEF\xBB\xBF"
                     "a\n\nb\r\n")),
            "1:a 2: 3:b");
  EXPECT_EQ(all(read("\n")), "1:");
  EXPECT_EQ(all(read("a\rb\n")), "1:a\rb");
}

TEST_F(Lines, AreLimitedInLengthAndTheNextOneIsReadAllTheSame) {
  const std::string fits(100, 'x');
  EXPECT_EQ(all(read(fits + "\n" + fits + "x\nc\n")), "1:" + fits + " 2! 3:c");
  EXPECT_EQ(all(read("\xEF\xBB\xBF" + fits + "\r\nb")), "1:" + fits + " 2:b");
  EXPECT_EQ(all(read(std::string(3'000'000, 'x') + "\nb")), "1! 2:b");
  EXPECT_EQ(all(read(std::string(3'000'000, 'x'))), "1!");
  EXPECT_EQ(all(read("a\nb\n" + fits + fits)), "1:a 2:b 3!");
  EXPECT_EQ(all(read("a\n" + std::string(256 * 1024 - 3, 'x') + "\nb")), "1:a 2! 3:b");
}

TEST_F(Lines, BeforeATooLongOneAreNotReadAgain) {
  // The long line begins in the first chunk of the file and ends in the second.
  std::string content, expected;
  for (int number = 1; number <= 50'000; ++number) {
    content += "line\n";
    expected += std::to_string(number) + ":line ";
  }
  EXPECT_EQ(all(read(content + std::string(20'000, 'x') + "\nlast")), expected + "50001! 50002:last");
}

TEST_F(Lines, OfTenGigabytesAreSkippedWithoutReadingTheirHoles) {
  const auto path = dir_.write("huge", "");
  ASSERT_EQ(::truncate(path.c_str(), 10LL << 30), 0);
  const Descriptor end{::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC)};
  ASSERT_EQ(::write(end.get(), "\nlast", 5), 5);
  file_ = Descriptor{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  EXPECT_EQ(all(reader_.emplace(file_.get(), std::size_t{65536})), "1! 2:last");
}

TEST(FileNames, SayWhatAFileIs) {
  EXPECT_EQ(parse_file_name("a.jsonl"), (FileName{"a", FileKind::jsonl}));
  EXPECT_EQ(parse_file_name("a.b.json"), (FileName{"a.b", FileKind::json}));
  EXPECT_EQ(parse_file_name("\xFF.cancel"), (FileName{"\xFF", FileKind::cancel}));
  for (const auto* other : {".json", "a.jsonl.ready", "a.tmp", "a.JSON", "json", ""})
    EXPECT_EQ(parse_file_name(other), std::nullopt) << other;

  const Taken taken{FileId::parse("01900000-0000-7000-8000-000000000001").value(), {"a-b", FileKind::jsonl}};
  for (const auto part : {Part::file, Part::lines_tmp, Part::lines, Part::plain, Part::with_id, Part::end_tmp}) {
    const auto entry = parse_work_name(part_name(taken, part));
    ASSERT_TRUE(entry) << part_name(taken, part);
    EXPECT_EQ(entry->taken, taken);
    EXPECT_EQ(entry->part, part);
  }
  for (const auto* other : {".lock-0", "x", "01900000-0000-7000-8000-000000000001-", "a.jsonl",
                            "01900000-0000-7000-8000-00000000000A-a.jsonl"})
    EXPECT_FALSE(parse_work_name(other)) << other;
}

const Speaker ann{OwnerName::parse("ann").value(), false};
const Speaker batch{OwnerName::parse("batch").value(), true};
const FileName file{"a", FileKind::jsonl};

TEST(RequestLine, SpeaksForTheOwnerUnlessTheOwnerIsTrusted) {
  const auto text = request_json("/data/x", R"(,"requesterId":"bob","idempotencyKey":"k-1")");
  const auto own = read_request(text, 1, file, ann).value();
  EXPECT_EQ(own.requester.str(), "ann");
  EXPECT_EQ(own.key->str(), "k-1");
  EXPECT_EQ(own.transport, TransportKind::file_drop);
  EXPECT_TRUE(own.respond_async);
  EXPECT_EQ(read_request(text, 1, file, batch).value().requester.str(), "bob");
  EXPECT_EQ(read_request(request_json(), 1, file, batch).value().requester.str(), "batch");
}

TEST(RequestLine, IsStrict) {
  for (const auto& [text, code] : std::initializer_list<std::pair<std::string, std::string>>{
           {"", "malformed-json"},
           {request_json() + request_json(), "malformed-json"},
           {"[]", "invalid-request"},
           {request_json("/data/../x"), "invalid-request"},
           {request_json("/data/x", R"(,"more":1)"), "invalid-request"},
           {request_json("/data/x", R"(,"idempotencyKey":"")"), "invalid-request"},
           {request_json("/data/x", R"(,"dataAsOfDate":"2021-01-09")"), "malformed-json"}}) {
    const auto read = read_request(text, 1, file, ann);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, code) << text;
  }
}

TEST(RequestLine, HasAKeyOfItsFileItsNumberAndItsText) {
  const auto key = key_of_line(file, 1, "text");
  EXPECT_EQ(key, key_of_line(file, 1, " text\r"));
  EXPECT_NE(key, key_of_line(file, 2, "text"));
  EXPECT_NE(key, key_of_line(file, 1, "other"));
  EXPECT_NE(key, key_of_line({"b", FileKind::jsonl}, 1, "text"));
  EXPECT_NE(key, key_of_line({"a", FileKind::json}, 1, "text"));
  EXPECT_EQ(key.str(), "filedrop:1c6faf94-fff4-5001-84c1-da266d8195a6") << "keys must outlive versions";
}

BackupRequest row(RequestState state) {
  BackupRequest made{{.id = RequestId::parse("01900000-0000-7000-8000-000000000001").value(),
                      .job_id = JobId::parse("01900000-0000-7000-8000-0000000000aa").value(),
                      .source = SourcePath::parse("/data/x").value(),
                      .data_as_of = CivilDate::parse("2021-01-08").value(),
                      .requester = ann.owner}};
  made.progress.state = state;
  return made;
}

TEST(Receipt, IsWrittenAndReadBack) {
  const auto id = row(RequestState::received).order.id;
  const auto good = receipt_line(7, id, RequestState::received);
  EXPECT_EQ(good, R"({"line":7,"backupRequestId":"01900000-0000-7000-8000-000000000001","stateCode":"Received"})"
                  "\n");
  const auto read = parse_receipt_line(good).value();
  EXPECT_EQ(read.line, 7);
  EXPECT_EQ(read.id, id);
  EXPECT_EQ(read.state, RequestState::received);
  const auto bad = parse_receipt_line(receipt_line(8, Error{ErrorKind::invalid, "x", false, "invalid-request", {}}));
  EXPECT_EQ(bad.value().line, 8);
  EXPECT_FALSE(bad->id);
  EXPECT_FALSE(parse_receipt_line(status_line_gone(9, id)).value().state != RequestState::received);
  for (const auto* other : {"", "{}", R"({"line":0,"problem":{}})", R"({"line":1,"backupRequestId":"01900000-)"})
    EXPECT_FALSE(parse_receipt_line(other)) << other;
}

std::string states_in(const std::string& text) {
  std::string states;
  for (std::size_t at = text.find("stateCode"); at != std::string::npos; at = text.find("stateCode", at + 1)) {
    const auto begin = at + 12;
    states += (states.empty() ? "" : " ") + text.substr(begin, text.find('"', begin) - begin);
  }
  return states;
}

TEST(StatusLines, TellEveryStateThatWasPassed) {
  using S = RequestState;
  const auto request = row(S::succeeded);
  // "Allowed" twice: an operator has hurried it.
  const std::vector<HistoryEntry> history{{S::received}, {S::allowed}, {S::allowed},
                                          {S::sent},     {S::failed},  {S::succeeded}};
  EXPECT_EQ(states_in(status_lines(1, S::received, request, history)), "Allowed Sent Failed Succeeded");
  EXPECT_EQ(states_in(status_lines(1, S::allowed, request, history)), "Sent Failed Succeeded");
  EXPECT_EQ(states_in(status_lines(1, S::failed, request, history)), "Succeeded");
  EXPECT_EQ(status_lines(1, S::succeeded, request, history), "");
}

TEST(StatusLines, TellWhatCameOfIt) {
  auto request = row(RequestState::failed);
  request.progress.reason = "source-missing";
  const Timestamp time{std::chrono::seconds(1'790'000'000)};
  EXPECT_EQ(status_lines(7, RequestState::received, request,
                         {{RequestState::received}, {RequestState::sent, time}, {RequestState::failed, time}}),
            R"({"line":7,"backupRequestId":"01900000-0000-7000-8000-000000000001","stateCode":"Sent",)"
            R"("time":"2026-09-21T14:13:20.000000Z"})"
            "\n"
            R"({"line":7,"backupRequestId":"01900000-0000-7000-8000-000000000001","stateCode":"Failed",)"
            R"("time":"2026-09-21T14:13:20.000000Z","stateReason":"source-missing"})"
            "\n");
}

TEST(Outcome, IsTheWorstOfAll) {
  Tally tally;
  EXPECT_EQ(outcome_of(tally), "Succeeded");
  tally.ended[RequestState::succeeded] = 5;
  EXPECT_EQ(outcome_of(tally), "Succeeded");
  tally.ended[RequestState::cancelled] = 1;
  EXPECT_EQ(outcome_of(tally), "Cancelled");
  tally.problems = 1;
  EXPECT_EQ(outcome_of(tally), "Invalid");
  tally.ended[RequestState::not_allowed] = 1;
  EXPECT_EQ(outcome_of(tally), "NotAllowed");
  tally.ended[RequestState::failed] = 1;
  EXPECT_EQ(outcome_of(tally), "Failed");
}

}  // namespace
}  // namespace backupctl::filedrop::test
