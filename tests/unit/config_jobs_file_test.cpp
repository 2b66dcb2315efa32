#include "config/jobs_file.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace backupctl::config {
namespace {

constexpr const char* ledger = R"([[job]]
backupJobId = "01900000-0000-7000-8000-000000000001"
zone = "files"
storagePath = "ledger"
daysToKeep = 3650
inForceFrom = "2021-01-01"
allowedRequesters = ["batch-night"]
backupSourceRoots = ["/data/ledger"]
)";

class ConfigJobsFile : public ::testing::Test {
 protected:
  ConfigJobsFile() {
    std::string pattern = ::testing::TempDir() + "/jobs-file-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ / "jobs.toml";
  }
  ~ConfigJobsFile() override { std::filesystem::remove_all(folder_); }

  // Each version in a new file put in its place, as editors do: a clock tick is not waited for.
  void write(const std::string& text) {
    const auto next = folder_ / ("next-" + std::to_string(++versions_));
    std::ofstream(next) << text;
    std::filesystem::rename(next, path_);
  }
  Result<std::optional<BackupJob>> fetch(JobsFile& jobs) {
    Result<std::optional<BackupJob>> answer = Error{};
    jobs.fetch(ledger_id_, {RequestId{boost::uuids::uuid{}}}, [&answer](auto value) { answer = std::move(value); });
    return answer;
  }

  const JobId ledger_id_ = JobId::parse("01900000-0000-7000-8000-000000000001").value();
  std::filesystem::path folder_;
  std::filesystem::path path_;
  int versions_ = 0;
};

TEST_F(ConfigJobsFile, ReadsApprovedJobs) {
  write(ledger);
  const auto read = read_jobs_file(path_);
  ASSERT_TRUE(read.problems.empty()) << to_string(read.problems.front());
  ASSERT_EQ(read.jobs.size(), 1U);
  const auto& job = read.jobs.front();
  EXPECT_EQ(job.id, ledger_id_);
  EXPECT_EQ(job.version, 1);
  EXPECT_EQ(job.approval, ApprovalState::approved);
  EXPECT_EQ(job.zone.str(), "files");
  EXPECT_EQ(job.in_force_from, CivilDate::parse("2021-01-01").value());
  EXPECT_FALSE(job.in_force_to);
  EXPECT_EQ(job.source_roots, std::vector<std::string>{"/data/ledger"});
}

TEST_F(ConfigJobsFile, NamesEveryProblemWithItsLine) {
  write(std::string(ledger) + R"([[job]]
backupJobId = "01900000-0000-7000-8000-000000000001"
zone = "Files"
storagePath = "ledger"
daysToKeep = -1
inForceTo = "2021-02-30"
allowedRequesters = ["batch-night"]
backupSourceRoots = ["/data/ledger"]
approvalStateCode = "Draft"
owner = "ann"
)");
  const auto read = read_jobs_file(path_);
  std::vector<std::string> keys;
  for (const auto& problem : read.problems) {
    keys.push_back(problem.key);
    EXPECT_TRUE(problem.where.starts_with(path_.string() + ":")) << to_string(problem);
  }
  for (const std::string key : {"zone", "daysToKeep", "inForceTo", "approvalStateCode", "owner", "backupJobId"}) {
    EXPECT_NE(std::find(keys.begin(), keys.end(), "job[1]." + key), keys.end()) << key;
  }
}

TEST_F(ConfigJobsFile, IsReadAgainWhenItChanges) {
  JobsFile jobs(path_);
  EXPECT_EQ(fetch(jobs).error().kind, ErrorKind::unavailable);  // not there yet
  write(ledger);
  EXPECT_TRUE(fetch(jobs).value());
  write("");
  EXPECT_FALSE(fetch(jobs).value());  // read, and the job is not in it
  write("job = 1");
  EXPECT_EQ(fetch(jobs).error().kind, ErrorKind::unavailable);  // not readable is not "no such job"
  write(ledger);
  EXPECT_TRUE(fetch(jobs).value());
}

TEST_F(ConfigJobsFile, AFolderIsNoJobsFile) {
  const auto read = read_jobs_file(folder_);
  ASSERT_EQ(read.problems.size(), 1U);
  EXPECT_NE(read.problems.front().detail.find("cannot be read"), std::string::npos);
}

}  // namespace
}  // namespace backupctl::config
