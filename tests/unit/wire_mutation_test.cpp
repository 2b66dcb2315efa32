// Random damage to good documents: whatever comes in, a reader answers a value or an error, and what it accepts it can
// write again. The seed is fixed, so a failure repeats.
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "wire/backup_job_json.hpp"
#include "wire/backup_request_json.hpp"
#include "wire/json.hpp"
#include "wire/manifest_json.hpp"
#include "wire/problem.hpp"
#include "wire/zone_command_json.hpp"
#include "wire/zone_result_json.hpp"

namespace backupctl::wire {
namespace {

constexpr int rounds_per_document = 4000;

class Damage {
 public:
  std::string apply(std::string text) {
    for (auto edits = below(4) + 1; edits > 0; --edits) edit(text);
    return text;
  }

 private:
  // Not std::uniform_int_distribution: its numbers differ between standard libraries.
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }

  void edit(std::string& text) {
    static const std::vector<std::string> pieces{
        "\"",    "\\",      "{",       "}",    "[",        "]",    ",",   ":",        "null", "-1",
        "1e999", "\\u0000", "\\ud800", "\xFF", "\xC3\xA9", "true", "0.5", "\"a\":1,", " ",    "9223372036854775808"};
    const auto at = below(text.size() + 1);
    switch (below(6)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(random_());
        break;
      case 1:
        text.insert(at, 1, static_cast<char>(random_()));
        break;
      case 2:
        text.erase(at, below(8));
        break;
      case 3:
        text.insert(at, pieces[below(pieces.size())]);
        break;
      case 4:
        text.insert(at, text.substr(below(text.size() + 1), below(60)));
        break;
      default:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
    }
  }

  std::mt19937_64 random_{20261124};
};

// False when the text was refused; fails when it was refused without a word, or accepted and not written back.
using Check = std::function<bool(const std::string&)>;

template <class Read, class Write>
Check round_trip(Read read, Write write) {
  return [=](const std::string& text) {
    const auto value = read(text);
    if (!value) {
      EXPECT_EQ(value.error().kind, ErrorKind::invalid) << text;
      EXPECT_FALSE(value.error().code.empty()) << text;
      EXPECT_FALSE(value.error().detail.empty()) << text;
      EXPECT_TRUE(value.error().code == "malformed-json" || !value.error().faults.empty()) << text;
      return false;
    }
    const auto written = write(*value);
    const auto again = read(written);
    EXPECT_TRUE(again.has_value()) << text << "\n" << written;
    if (!again) return true;
    EXPECT_EQ(write(*again), written) << text;
    return true;
  };
}

template <class Value>
auto text_with(void (*write)(JsonWriter&, const Value&)) {
  return [write](const Value& value) { return json_text(write, value); };
}

void run(const std::string& document, const Check& check) {
  ASSERT_TRUE(check(document)) << document;
  Damage damage;
  int accepted = 0;
  for (int i = 0; i < rounds_per_document; ++i) {
    const auto text = damage.apply(document);
    accepted += check(text) ? 1 : 0;
    // The text scanner must stay within bounds on everything, though it promises sense only for good JSON.
    EXPECT_LE(raw_member(text, "result").size(), text.size());
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(accepted, 0) << "all damage was fatal: the edits are too coarse to test anything";
  EXPECT_LT(accepted, rounds_per_document);
}

const std::string an_id = "0190a000-0000-7000-8000-000000000001";
const std::string result =
    R"({"apiVersion":"2026-11-01","commandId":")" + an_id +
    R"(","commandType":"CreateBackup","resultCode":"Succeeded","zone":"files","backupStoragePath":"a","byteCount":1,)"
    R"("copyEndTime":"2026-11-24T02:25:02Z","verifyHash":"sha256:0","message":"\ud83d\ude00","itemErrors":[{"path":"p","detail":"d"}]})";

TEST(Mutation, BackupRequestBody) {
  run(R"({"apiVersion":"2026-11-01","backupJobId":")" + an_id +
          R"(","backupSourcePath":"/data/x","dataAsOfDate":"2021-01-08"})",
      round_trip(read_backup_request_body, text_with(write_backup_request_body)));
}

TEST(Mutation, ZoneCommand) {
  run(R"({"apiVersion":"2026-11-01","commandType":"CreateBackup","backupRequestId":")" + an_id +
          R"(","backupJobId":")" + an_id +
          R"(","backupSourcePath":"postgresql://host/db","storagePath":"s","dataAsOfDate":"2021-01-08"})",
      round_trip(read_create_backup, text_with(write_create_backup)));
}

TEST(Mutation, ZoneResult) { run(result, round_trip(read_zone_result, text_with(write_zone_result))); }

TEST(Mutation, CommandStatus) {
  run(R"({"stateCode":"Finished","progress":{"phase":"copying","entries":1},"result":)" + result + "}",
      round_trip(read_command_status, [](const StatusReply& reply) {
        return json_text(write_command_status, reply.state, std::optional<CommandProgress>{},
                         std::string_view{reply.body});
      }));
}

TEST(Mutation, Manifests) {
  const auto manifest =
      R"({"backupRequestId":")" + an_id + R"(","backupJobId":")" + an_id +
      R"(","dataAsOfDate":"2021-01-08","backupSourcePath":"/d","backupStoragePath":"s","byteCount":1,)"
      R"("verifyHash":"sha256:0","copyEndTime":"2026-11-24T02:25:02Z","zone":"files"})";
  run(R"({"items":[)" + manifest + "," + manifest + R"(],"nextCursor":"c"})",
      round_trip(read_manifest_list,
                 [](const ManifestList& list) { return list_text(list.items, write_manifest, list.next_cursor); }));
}

TEST(Mutation, BackupJob) {
  run(R"({"backupJobId":")" + an_id +
          R"(","version":3,"name":"n","approvalStateCode":"Approved","zone":"files","storagePath":"s","daysToKeep":3650,)"
          R"("inForceFrom":"2021-01-01","allowedRequesters":["a"],"backupSourceRoots":["/d"],"notify":["x"]})",
      round_trip(read_backup_job,
                 [](const BackupJob& job) { return json_text(write_backup_job, job, std::optional<std::int64_t>{}); }));
}

TEST(Mutation, Problem) {
  run(R"({"type":"about:blank","title":"t","status":422,"detail":"d","code":"c","errors":[{"pointer":"/a","detail":"d"}]})",
      round_trip(parse_problem, problem_json));
}

}  // namespace
}  // namespace backupctl::wire
