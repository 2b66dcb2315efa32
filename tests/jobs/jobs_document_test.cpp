#include "jobs/job_document.hpp"

#include <gmock/gmock.h>

#include "jobs_sample.hpp"

namespace backupctl::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string good =
    R"({"name":"ledger","zone":"files","storagePath":"a/b","daysToKeep":2147483648,"inForceFrom":"2021-01-01",)"
    R"("inForceTo":"2021-01-01","allowedRequesters":["batch"],"backupSourceRoots":["/data","sqlite:///x.db"],)"
    R"("minimumBackups":1,"expectedEvery":"month-end","notify":["ledger@example.org"],"description":"two\nlines"})";

std::vector<std::string> pointers(const Result<BackupJob>& job) {
  std::vector<std::string> found;
  if (!job) {
    for (const auto& fault : job.error().faults) found.push_back(fault.pointer);
  }
  return found;
}

TEST(JobsDocument, ReadsEveryMember) {
  const auto job = read_job_document(good, {});
  ASSERT_TRUE(job) << job.error().detail;
  EXPECT_EQ(job->days_to_keep, 2147483648);
  EXPECT_EQ(job->in_force_from, job->in_force_to);
  EXPECT_THAT(job->source_roots, ElementsAre("/data", "sqlite:///x.db"));
  EXPECT_EQ(job->expected_every, "month-end");
  EXPECT_EQ(job->description, "two\nlines");
}

TEST(JobsDocument, NamesEveryFault) {
  const auto job = read_job_document(
      R"({"name":"","zone":"Files","storagePath":"/abs","daysToKeep":2147483649,"inForceFrom":"2021-02-30",)"
      R"("allowedRequesters":[],"backupSourceRoots":["data","/ok","/a/../b"],"minimumBackups":-1,"expectedEvery":"0d",)"
      R"("notify":["nobody"],"colour":"red"})",
      {});
  EXPECT_THAT(pointers(job),
              ::testing::UnorderedElementsAre("/name", "/zone", "/storagePath", "/daysToKeep", "/inForceFrom",
                                              "/allowedRequesters", "/backupSourceRoots/0", "/backupSourceRoots/2",
                                              "/minimumBackups", "/expectedEvery", "/notify/0", "/colour"));
}

TEST(JobsDocument, MissingMembersAndDatesOutOfOrder) {
  EXPECT_THAT(pointers(read_job_document("{}", {})),
              ::testing::UnorderedElementsAre("/name", "/zone", "/storagePath", "/daysToKeep", "/allowedRequesters",
                                              "/backupSourceRoots"));
  auto text = good;
  text.replace(text.find("\"inForceTo\":\"2021-01-01\""), 24, "\"inForceTo\":\"2020-12-31\"");
  EXPECT_THAT(pointers(read_job_document(text, {})), ElementsAre("/inForceTo"));
  EXPECT_EQ(read_job_document("{\"name\":", {}).error().code, "malformed-json");
}

TEST(JobsDocument, AnAnswerOfOursCanBeSentBackAsAChangeButNotAsANewJob) {
  auto document = *read_job_document(good, {});
  document.id = sample_id();
  document.owner_id = "alice";
  const auto text = job_json({document, "alice", "alice"}, 4);
  const auto read = read_job_document(text, sample_id());
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(*read, document);
  EXPECT_THAT(pointers(read_job_document(text, sample_id(2))), ElementsAre("/backupJobId"));
  EXPECT_THAT(pointers(read_job_document(text, {})),
              ::testing::UnorderedElementsAre("/backupJobId", "/version", "/approvalStateCode", "/pendingVersion"));
}

TEST(JobsDocument, ExpectedEvery) {
  for (const auto* text : {"1d", "7d", "366d", "weekdays", "week", "month-end", "month"}) {
    EXPECT_TRUE(parse_expected_every(text)) << text;
  }
  for (const auto* text : {"", "d", "0d", "01d", "367d", "-1d", "1", "1 d", "1dd", "1h", "daily", "Week"}) {
    EXPECT_FALSE(parse_expected_every(text)) << text;
  }
}

TEST(JobsDocument, StoragePathsAndAddresses) {
  const auto fault_with = [](const std::string& member, const std::string& value) {
    const auto document =
        R"({"name":"n","zone":"z","daysToKeep":1,"allowedRequesters":["b"],"backupSourceRoots":["/d"],)" +
        (member == "storagePath" ? "" : std::string(R"("storagePath":"s",)")) + '"' + member + "\":" + value + "}";
    return pointers(read_job_document(document, {}));
  };
  for (const auto* bad : {R"("")", R"("/a")", R"("a/")", R"("..")", R"("a/../b")", R"("a//b")", R"("a\nb")", "1"}) {
    EXPECT_THAT(fault_with("storagePath", bad), ElementsAre("/storagePath")) << bad;
  }
  EXPECT_THAT(fault_with("storagePath", R"("a/b c/ü")"), IsEmpty());
  for (const auto* bad : {R"([""])", R"(["a"])", R"(["@b"])", R"(["a@"])", R"(["a@b@c"])", R"(["a b@c"])",
                          R"(["<a@b>"])", R"(["a@.b"])", R"(["a@b."])", R"(["a@b\r\nBcc: x"])"}) {
    EXPECT_THAT(fault_with("notify", bad), ElementsAre("/notify/0")) << bad;
  }
}

TEST(JobsDocument, ActionOrders) {
  const auto order = read_action_order(R"({"version":3,"comment":"fine"})");
  ASSERT_TRUE(order);
  EXPECT_EQ(order->version, 3);
  EXPECT_EQ(order->comment, "fine");
  EXPECT_TRUE(read_action_order(R"({"version":1})"));
  for (const auto* bad : {"{}", R"({"version":0})", R"({"version":"1"})", R"({"version":1,"x":1})", "[]",
                          R"({"version":1,"comment":5})"}) {
    EXPECT_FALSE(read_action_order(bad)) << bad;
  }
}

TEST(JobsDocument, HistorySaysWhoDidWhatWhenAndWhy) {
  const std::vector<HistoryEntry> entries{
      {*parse_timestamp("2026-11-24T02:25:00.5Z"), "bob", Action::deny, 2, ApprovalState::denied, "too \"short\""}};
  EXPECT_EQ(history_json(entries),
            R"({"items":[{"time":"2026-11-24T02:25:00.500000Z","actor":"bob","action":"deny","version":2,)"
            R"("approvalStateCode":"Denied","comment":"too \"short\""}]})");
}

}  // namespace
}  // namespace backupctl::jobs
