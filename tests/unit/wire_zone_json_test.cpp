#include <gtest/gtest.h>

#include "unit/wire_fixtures.hpp"
#include "wire/json.hpp"
#include "wire/manifest_json.hpp"
#include "wire/zone_command_json.hpp"
#include "wire/zone_result_json.hpp"

namespace backupctl::wire {
namespace {

using namespace testing;
using namespace std::string_view_literals;

const std::string golden_command =
    R"({"apiVersion":"2026-11-01","commandType":"CreateBackup","backupRequestId":"0190a000-0000-7000-8000-000000000001",)"
    R"("backupJobId":"0190a000-0000-7000-8000-000000000002","backupSourcePath":"/data/ledger/2021-01-08",)"
    R"("storagePath":"ledger","dataAsOfDate":"2021-01-08"})";

const std::string golden_result =
    R"({"apiVersion":"2026-11-01","commandId":"0190a000-0000-7000-8000-000000000001","commandType":"CreateBackup",)"
    R"("resultCode":"Succeeded","reasonCode":"with-warnings","zone":"files","backupStoragePath":"ledger/a.tar.zst",)"
    R"("byteCount":123,"copyStartTime":"2026-11-24T02:25:01.123456Z","copyEndTime":"2026-11-24T02:25:02.123456Z",)"
    R"("verifyStartTime":"2026-11-24T02:25:03.123456Z","verifyEndTime":"2026-11-24T02:25:04.123456Z",)"
    R"("verifyHash":"sha256:abc","message":"one\ntwo","itemErrors":[{"path":"/a\u0001","detail":"gone"}]})";

const std::string golden_manifest =
    R"({"backupRequestId":"0190a000-0000-7000-8000-000000000001","backupJobId":"0190a000-0000-7000-8000-000000000002",)"
    R"("dataAsOfDate":"2021-01-08","backupSourcePath":"/data/ledger/2021-01-08","backupStoragePath":"ledger/a.tar.zst",)"
    R"("byteCount":123,"verifyHash":"sha256:abc","copyEndTime":"2026-11-24T02:25:02.123456Z","zone":"files"})";

ZoneResult full_result() {
  return {.command_id = request_id,
          .code = ResultCode::succeeded,
          .reason_code = "with-warnings",
          .zone = zone,
          .storage_path = "ledger/a.tar.zst",
          .byte_count = 123,
          .copy_start = second(1),
          .copy_end = second(2),
          .verify_start = second(3),
          .verify_end = second(4),
          .verify_hash = "sha256:abc",
          .message = "one\ntwo",
          .item_errors = {{"/a\x01", "gone"}}};
}

template <class T>
std::vector<std::string> pointers_of(const Result<T>& read) {
  std::vector<std::string> pointers;
  if (read) return {"accepted"};
  EXPECT_EQ(read.error().code, "invalid-request");
  for (const auto& fault : read.error().faults) pointers.push_back(fault.pointer);
  return pointers;
}
using Pointers = std::vector<std::string>;

TEST(ZoneCommand, IsReadAndWritten) {
  const auto command = read_create_backup(golden_command).value();
  EXPECT_EQ(command.id, request_id);
  EXPECT_EQ(command.job_id, job_id);
  EXPECT_EQ(command.source, source);
  EXPECT_EQ(command.storage_path, "ledger");
  EXPECT_EQ(command.data_as_of, as_of);
  EXPECT_EQ(json_text(write_create_backup, command), golden_command);
}

TEST(ZoneCommand, NamesEveryBadMember) {
  EXPECT_EQ(pointers_of(read_create_backup(R"({"apiVersion":"2026-11-01","commandType":"CreateBackup"})")),
            (Pointers{"/backupRequestId", "/backupJobId", "/backupSourcePath", "/storagePath", "/dataAsOfDate"}));
  EXPECT_EQ(pointers_of(read_create_backup(with(golden_command, "}", R"(,"extra":1})"))), Pointers{"/extra"});
  EXPECT_EQ(pointers_of(read_create_backup(with(golden_command, "CreateBackup", "EraseAll"))),
            Pointers{"/commandType"});
  EXPECT_EQ(pointers_of(read_create_backup(with(golden_command, "\"ledger\"", "\"\""))), Pointers{"/storagePath"});
  EXPECT_EQ(pointers_of(read_create_backup(with(golden_command, "\"ledger\"", "\"a\\nb\""))), Pointers{"/storagePath"});
  EXPECT_EQ(pointers_of(read_create_backup(with(golden_command, "\"ledger\"", '"' + std::string(4097, 'x') + '"'))),
            Pointers{"/storagePath"});
  EXPECT_EQ(read_create_backup(with(golden_command, "2026-11-01", "2027-11-01")).error().code,
            "unsupported-api-version");
}

TEST(ZoneResultJson, IsReadAndWritten) {
  EXPECT_EQ(read_zone_result(golden_result).value(), full_result());
  EXPECT_EQ(json_text(write_zone_result, full_result()), golden_result);
}

TEST(ZoneResultJson, IsShortWhenItFailed) {
  const ZoneResult failed{
      .command_id = request_id, .code = ResultCode::failed, .reason_code = "source-missing", .zone = zone};
  const auto text = json_text(write_zone_result, failed);
  EXPECT_EQ(
      text,
      R"({"apiVersion":"2026-11-01","commandId":"0190a000-0000-7000-8000-000000000001","commandType":"CreateBackup",)"
      R"("resultCode":"Failed","reasonCode":"source-missing","zone":"files"})");
  EXPECT_EQ(read_zone_result(text).value(), failed);
}

TEST(ZoneResultJson, AnEmptyBackupStillHasAByteCount) {
  auto result = full_result();
  result.byte_count = 0;
  const auto text = json_text(write_zone_result, result);
  EXPECT_NE(text.find(R"("byteCount":0)"), std::string::npos);
  EXPECT_EQ(read_zone_result(text).value(), result);
}

TEST(ZoneResultJson, NamesEveryBadMember) {
  const auto pointers = [](std::string_view what, std::string_view instead) {
    return pointers_of(read_zone_result(with(golden_result, what, instead)));
  };
  EXPECT_EQ(pointers_of(read_zone_result(R"({"apiVersion":"2026-11-01"})")),
            (Pointers{"/commandId", "/commandType", "/resultCode", "/zone"}));
  EXPECT_EQ(
      pointers_of(read_zone_result(
          R"({"apiVersion":"2026-11-01","commandId":"0190a000-0000-7000-8000-000000000001","commandType":"CreateBackup","resultCode":"Succeeded","zone":"files"})")),
      (Pointers{"/backupStoragePath", "/byteCount"}));
  EXPECT_EQ(pointers("0190a000", "0190A00"), Pointers{"/commandId"});
  EXPECT_EQ(pointers("CreateBackup", "DeleteBackup"), Pointers{"/commandType"});
  EXPECT_EQ(pointers("Succeeded", "succeeded"), Pointers{"/resultCode"});
  EXPECT_EQ(pointers("files", "Files"), Pointers{"/zone"});
  EXPECT_EQ(pointers("ledger/a", "\\u0007"), Pointers{"/backupStoragePath"});
  EXPECT_EQ(pointers("123,", "-1,"), Pointers{"/byteCount"});
  EXPECT_EQ(pointers("123,", "1.5,"), Pointers{"/byteCount"});
  EXPECT_EQ(pointers("123,", "9223372036854775808,"), Pointers{"/byteCount"});
  EXPECT_EQ(pointers("123,", "\"123\","), Pointers{"/byteCount"});
  EXPECT_EQ(pointers("2026-11-24T02:25:01.123456Z", "2026-11-24 02:25:01"), Pointers{"/copyStartTime"});
  EXPECT_EQ(pointers("2026-11-24T02:25:01.123456Z", "0001-01-01T00:00:00+00:01"), Pointers{"/copyStartTime"});
  EXPECT_EQ(pointers("2026-11-24T02:25:01.123456Z", "9999-12-31T23:59:59-00:01"), Pointers{"/copyStartTime"});
  EXPECT_EQ(pointers("2026-11-24T02:25:02.123456Z", ""), Pointers{"/copyEndTime"});
  EXPECT_EQ(pointers("\"2026-11-24T02:25:03.123456Z\"", "null"), Pointers{"/verifyStartTime"});
  EXPECT_EQ(pointers("2026-11-24T02:25:04.123456Z", "24:00"), Pointers{"/verifyEndTime"});
  EXPECT_EQ(pointers("sha256:abc", ""), Pointers{"/verifyHash"});
  EXPECT_EQ(pointers("with-warnings", "a\\tb"), Pointers{"/reasonCode"});
  EXPECT_EQ(pointers("\"one\\ntwo\"", "{}"), Pointers{"/message"});
  EXPECT_EQ(pointers("\"gone\"", "1"), Pointers{"/itemErrors/0/detail"});
  EXPECT_EQ(pointers("[{", "[7,{"), Pointers{"/itemErrors/0"});
  EXPECT_EQ(pointers("\"CreateBackup\",", "\"CreateBackup\",\"fromTheFuture\":[{}],"), Pointers{"accepted"});
  EXPECT_EQ(read_zone_result(with(golden_result, "2026-11-01", "2027-11-01")).error().code, "unsupported-api-version");
  EXPECT_EQ(read_zone_result("Succeeded").error().code, "malformed-json");
}

TEST(ParkedResultJson, ShowsTheBodyAsTextWhateverItIs) {
  const ParkedResult parked{.id = ParkedResultId::parse("0190a000-0000-7000-8000-000000000009").value(),
                            .command_id = request_id,
                            .zone = zone,
                            .reason_code = "unreadable",
                            .received = second(7),
                            .body = "{\"half\": \xFF"};
  EXPECT_EQ(
      json_text(write_parked_result, parked),
      R"({"parkedResultId":"0190a000-0000-7000-8000-000000000009","commandId":"0190a000-0000-7000-8000-000000000001",)"
      R"("zone":"files","reasonCode":"unreadable","receivedTime":"2026-11-24T02:25:07.123456Z","body":"{\"half\": )"
      "\xEF\xBF\xBD\"}");
}

TEST(CommandStatus, IsWrittenAndReadWhileTheCommandRuns) {
  EXPECT_EQ(json_text(write_command_status, CommandState::accepted, std::optional<CommandProgress>{}, ""sv),
            R"({"stateCode":"Accepted"})");
  const std::optional<CommandProgress> progress{
      {.phase = "copying", .entries = 1, .bytes = 2, .total_entries = 3, .total_bytes = 4}};
  const auto text = json_text(write_command_status, CommandState::running, progress, ""sv);
  EXPECT_EQ(
      text,
      R"({"stateCode":"Running","progress":{"phase":"copying","entries":1,"bytes":2,"totalEntries":3,"totalBytes":4}})");
  const auto reply = read_command_status(text).value();
  EXPECT_EQ(reply.state, CommandState::running);
  EXPECT_FALSE(reply.result);
  EXPECT_EQ(read_command_status(R"({"stateCode":"Accepted","more":1})").value().state, CommandState::accepted);
}

TEST(CommandStatus, CarriesTheResultByteForByte) {
  const auto text = json_text(write_command_status, CommandState::finished, std::optional<CommandProgress>{},
                              std::string_view{golden_result});
  const auto reply = read_command_status(text).value();
  EXPECT_EQ(reply.state, CommandState::finished);
  EXPECT_EQ(reply.body, golden_result);
  EXPECT_EQ(reply.result, full_result());
}

TEST(CommandStatus, KeepsAResultThatCannotBeRead) {
  const auto reply = read_command_status(R"( { "stateCode" : "Finished" , "result" : [1, "]}"] } )").value();
  EXPECT_EQ(reply.state, CommandState::finished);
  EXPECT_FALSE(reply.result);
  EXPECT_EQ(reply.body, R"([1, "]}"])");
  EXPECT_FALSE(reply.detail.empty());
}

TEST(CommandStatus, NamesBadMembers) {
  EXPECT_EQ(pointers_of(read_command_status("{}")), Pointers{"/stateCode"});
  EXPECT_EQ(pointers_of(read_command_status(R"({"stateCode":"Paused"})")), Pointers{"/stateCode"});
  EXPECT_EQ(pointers_of(read_command_status(R"({"stateCode":"Finished"})")), Pointers{"/result"});
  EXPECT_EQ(read_command_status("<html>").error().code, "malformed-json");
}

TEST(RawMember, FindsTheMemberAsItStands) {
  struct Row {
    std::string_view object, expected;
  };
  for (const auto& row :
       {Row{R"({"r":1})", "1"}, Row{R"({"r":-1.5e3 })", "-1.5e3"}, Row{R"({"a":{"r":0},"r":true})", "true"},
        Row{R"({"a":"\"r\":9,","r":"x\"}"})", R"("x\"}")"}, Row{R"({"a":[{"r":1},2],"r":{"r":[]}})", R"({"r":[]})"},
        Row{R"({"\u0072":null})", "null"}, Row{R"({"a\\":1,"r":2})", "2"}, Row{"{}", ""}, Row{R"({"a":"r"})", ""},
        Row{" { \"a\" : 1 ,\n\"r\"\t: [ 1 ] } ", "[ 1 ]"}}) {
    ASSERT_TRUE(parse_strict(row.object).has_value()) << row.object;
    EXPECT_EQ(raw_member(row.object, "r"), row.expected) << row.object;
  }
}

TEST(ManifestJson, IsReadAndWritten) {
  const auto manifest = read_manifest(golden_manifest).value();
  EXPECT_EQ(manifest,
            (Manifest{request_id, job_id, as_of, source, "ledger/a.tar.zst", 123, "sha256:abc", second(2), zone}));
  EXPECT_EQ(json_text(write_manifest, manifest), golden_manifest);
}

TEST(ManifestJson, IsReadInLists) {
  const auto manifest = read_manifest(golden_manifest).value();
  const ManifestList list{{manifest, manifest}, "more"};
  EXPECT_EQ(read_manifest_list(list_text(list.items, write_manifest, list.next_cursor)).value(), list);
  EXPECT_EQ(read_manifest_list(R"({"items":[]})").value(), ManifestList{});
  EXPECT_EQ(pointers_of(read_manifest_list(R"({"items":[)" + golden_manifest + "," +
                                           with(golden_manifest, "123", "null") + "]}")),
            Pointers{"/items/1/byteCount"});
}

TEST(ManifestJson, NamesEveryBadMember) {
  EXPECT_EQ(pointers_of(read_manifest("{}")),
            (Pointers{"/backupRequestId", "/backupJobId", "/dataAsOfDate", "/backupSourcePath", "/backupStoragePath",
                      "/byteCount", "/verifyHash", "/copyEndTime", "/zone"}));
}

}  // namespace
}  // namespace backupctl::wire
