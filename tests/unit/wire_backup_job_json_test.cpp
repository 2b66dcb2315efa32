#include "wire/backup_job_json.hpp"

#include <gtest/gtest.h>

#include "unit/wire_fixtures.hpp"

namespace backupctl::wire {
namespace {

using namespace testing;

const std::string golden_job =
    R"({"backupJobId":"0190a000-0000-7000-8000-000000000002","version":3,"name":"ledger","description":"The\nledger",)"
    R"("ownerId":"olga","approvalStateCode":"Approved","zone":"files","storagePath":"ledger","daysToKeep":3650,)"
    R"("inForceFrom":"2021-01-01","inForceTo":"2031-12-31","allowedRequesters":["batch-night"],)"
    R"("backupSourceRoots":["/data/ledger"],"minimumBackups":1,"expectedEvery":"1d","notify":["ledger@example.org"]})";

BackupJob full_job() {
  return {.id = job_id,
          .version = 3,
          .name = "ledger",
          .description = "The\nledger",
          .owner_id = "olga",
          .approval = ApprovalState::approved,
          .zone = zone,
          .storage_path = "ledger",
          .days_to_keep = 3650,
          .in_force_from = CivilDate::parse("2021-01-01").value(),
          .in_force_to = CivilDate::parse("2031-12-31").value(),
          .allowed_requesters = {"batch-night"},
          .source_roots = {"/data/ledger"},
          .minimum_backups = 1,
          .expected_every = "1d",
          .notify = {"ledger@example.org"}};
}

TEST(BackupJobJson, IsReadAndWritten) {
  EXPECT_EQ(read_backup_job(golden_job).value(), full_job());
  EXPECT_EQ(json_text(write_backup_job, full_job(), std::optional<std::int64_t>{}), golden_job);
}

TEST(BackupJobJson, ShowsAPendingVersion) {
  const auto text = json_text(write_backup_job, full_job(), std::optional<std::int64_t>{4});
  EXPECT_EQ(text, with(golden_job, "\"]}", "\"],\"pendingVersion\":4}"));
  EXPECT_EQ(read_backup_job(text).value(), full_job());
}

TEST(BackupJobJson, OptionalMembersMayBeAbsent) {
  const auto read = read_backup_job(
      R"({"backupJobId":"0190a000-0000-7000-8000-000000000002","version":1,"approvalStateCode":"Draft","zone":"files","storagePath":"x","daysToKeep":0})");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, (BackupJob{.id = job_id, .name = "", .zone = zone, .storage_path = "x"}));
}

TEST(BackupJobJson, NamesEveryBadMember) {
  struct Row {
    std::string_view what, instead;
    std::string pointer;
  };
  for (const auto& row :
       {Row{"0190a000-", "-", "/backupJobId"}, Row{":3,", ":0,", "/version"}, Row{"\"ledger\",", "{},", "/name"},
        Row{"\"The\\nledger\"", "[]", "/description"}, Row{"\"olga\"", "1", "/ownerId"},
        Row{"Approved", "approved", "/approvalStateCode"}, Row{"\"files\"", "\"a b\"", "/zone"},
        Row{"\"storagePath\":\"ledger\"", "\"storagePath\":\"\"", "/storagePath"}, Row{"3650", "-1", "/daysToKeep"},
        Row{"3650", "1e3", "/daysToKeep"}, Row{"2021-01-01", "2021-13-01", "/inForceFrom"},
        Row{"\"2031-12-31\"", "null", "/inForceTo"}, Row{"[\"batch-night\"]", "\"batch-night\"", "/allowedRequesters"},
        Row{"[\"batch-night\"]", "[\"a\",2]", "/allowedRequesters/1"},
        Row{"[\"/data/ledger\"]", "[null]", "/backupSourceRoots/0"}, Row{":1,", ":true,", "/minimumBackups"},
        Row{"\"1d\"", "1", "/expectedEvery"}, Row{"[\"ledger@example.org\"]", "{}", "/notify"}}) {
    const auto read = read_backup_job(with(golden_job, row.what, row.instead));
    ASSERT_FALSE(read.has_value()) << row.pointer;
    ASSERT_EQ(read.error().faults.size(), 1u) << row.pointer;
    EXPECT_EQ(read.error().faults[0].pointer, row.pointer);
  }
  const auto read = read_backup_job("{}");
  EXPECT_EQ(read.error().faults.size(), 6u);
}

TEST(BackupJobJson, KeepsLargeNumbersOfDays) {
  EXPECT_EQ(read_backup_job(with(golden_job, "3650", "2147483648")).value().days_to_keep, 2147483648);
}

}  // namespace
}  // namespace backupctl::wire
