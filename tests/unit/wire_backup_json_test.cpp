#include "wire/backup_json.hpp"

#include <gtest/gtest.h>

#include "unit/wire_fixtures.hpp"

namespace backupctl::wire {
namespace {

using namespace testing;

TEST(BackupJson, ShowsEveryMember) {
  const Backup backup{.id = backup_id,
                      .request_id = request_id,
                      .job_id = job_id,
                      .zone = zone,
                      .data_as_of = as_of,
                      .storage_path = "ledger/2021-01-08.tar.zst",
                      .byte_count = 9'000'000'000'000,
                      .copy_start = second(1),
                      .copy_end = second(2),
                      .verify_start = second(3),
                      .verify_end = second(4),
                      .verify_hash = "sha256:abc",
                      .job_version = 3,
                      .days_to_keep = 3650,
                      .due_to_delete = CivilDate::parse("2031-01-06").value(),
                      .version_of_date = 2,
                      .newest_of_date = true};
  EXPECT_EQ(
      json_text(write_backup, backup),
      R"({"backupId":"0190a000-0000-7000-8000-000000000003","backupRequestId":"0190a000-0000-7000-8000-000000000001",)"
      R"("backupJobId":"0190a000-0000-7000-8000-000000000002","zone":"files","stateCode":"Stored",)"
      R"("dataAsOfDate":"2021-01-08","backupStoragePath":"ledger/2021-01-08.tar.zst","byteCount":9000000000000,)"
      R"("copyStartTime":"2026-11-24T02:25:01.123456Z","copyEndTime":"2026-11-24T02:25:02.123456Z",)"
      R"("verifyStartTime":"2026-11-24T02:25:03.123456Z","verifyEndTime":"2026-11-24T02:25:04.123456Z",)"
      R"("verifyHash":"sha256:abc","jobVersion":3,"daysToKeep":3650,"dueToDeleteDate":"2031-01-06",)"
      R"("versionOfDate":2,"newestOfDate":true,"holds":[]})");
}

TEST(BackupJson, LeavesOutTheDueDateOfWhatIsKeptForEver) {
  const Backup backup{.id = backup_id,
                      .request_id = request_id,
                      .job_id = job_id,
                      .zone = zone,
                      .data_as_of = as_of,
                      .storage_path = "x"};
  const auto text = json_text(write_backup, backup);
  for (const auto* name : {"dueToDeleteDate", "copyStartTime", "verifyEndTime", "verifyHash", "null"}) {
    EXPECT_EQ(text.find(name), std::string::npos) << text;
  }
}

TEST(List, WrapsItemsAndCursor) {
  const auto write_number = [](JsonWriter& out, int number) { out.value(number); };
  EXPECT_EQ(list_text(std::vector<int>{}, write_number), R"({"items":[]})");
  EXPECT_EQ(list_text(std::vector<int>{1, 2}, write_number, "c\""), R"({"items":[1,2],"nextCursor":"c\""})");
}

}  // namespace
}  // namespace backupctl::wire
