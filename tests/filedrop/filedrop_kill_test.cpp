// The real program dies at each named step, and at any moment under load with two of it on one folder: each line is
// exactly one request all the same, receipts are whole, and the ends are right. BACKUPCTL_KILLS=N for more kills.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "backupctl/filedrop/file_drop.hpp"
#include "filedrop/drop_process.hpp"

namespace backupctl::testing {
namespace {

constexpr const char* slow_job_id = "01900000-0000-7000-8000-0000000000bb";

BackupJob slow_job() {
  auto job = ledger_job();
  job.id = JobId::parse(slow_job_id).value();
  job.zone = ZoneName::parse("slow").value();
  return job;
}

// What a scheduler may rely on, once everything has ended.
void check_file(const Shop& shop, HttpProbe& http, const std::string& name, std::size_t lines,
                std::map<std::string, std::string>& source_of) {
  const auto receipt = json_lines(shop.outbox(name + ".receipt.jsonl"));
  EXPECT_EQ(receipt.size(), lines) << name;
  std::map<std::string, std::string> last;
  // The receipt tells a later state than Received when it was written by the successor of one that was killed.
  const auto tell = [&last](const auto& line) {
    last[HttpAnswer::text_of(line, "backupRequestId")] = HttpAnswer::text_of(line, "stateCode");
  };
  for (const auto& line : receipt) tell(line);
  for (const auto& line : json_lines(shop.outbox(name + ".status.jsonl"))) tell(line);
  std::map<std::string, std::int64_t> counts;
  std::int64_t problems = 0;
  std::set<std::string> ids;
  for (const auto& line : receipt) {
    const auto id = HttpAnswer::text_of(line, "backupRequestId");
    if (id.empty()) {
      ++problems;
      continue;
    }
    EXPECT_TRUE(ids.insert(id).second) << "two lines, one request: " << id;
    const auto request = http.get("/api/backup-requests/" + id);
    source_of[id] = request["backupSourcePath"];
    EXPECT_EQ(last[id], request["stateCode"]) << name << request.text;
    ++counts[request["stateCode"]];
  }
  const auto end = boost::json::parse(shop.outbox(name + ".end.json"));
  EXPECT_EQ(end.at("problems").as_int64(), problems);
  for (const auto* state : {"Succeeded", "Failed", "NotAllowed", "Cancelled"}) {
    EXPECT_EQ(end.at("counts").at(state).as_int64(), counts[state]) << name << " " << state;
  }
}

class FileDropCrash : public ::testing::TestWithParam<std::string> {};

TEST_P(FileDropCrash, EachLineIsOneRequest) {
  FakeJobs jobs;
  jobs.put(slow_job());
  FakeZone zone, slow("slow", Work::keep_on);
  Shop shop(jobs.url());
  shop.add_zone(zone);
  shop.add_zone(slow);
  DropProcess drop(shop);
  // Where its check is quick, a request is written as Received alone nowhere.
  if (GetParam().starts_with("write-received")) jobs.server().set(Mood::broken);
  const bool is_up = drop.start(GetParam());
  if (!is_up) fs::create_directories(shop.in("inbox"));
  shop.put("bad.json", "no request");
  shop.put("a.jsonl", request_line("/data/ledger/1") + "\nno request\n" + request_line("/etc") + "\n" +
                          request_line("/data/ledger/2"));
  shop.put("b.json", request_line("/data/ledger/b", slow_job_id));
  const auto is_gone = [&] { return drop.process().exited(); };
  eventually([&] { return is_gone() || fs::exists(shop.in("outbox") / "b.receipt.jsonl"); });
  shop.put("b.cancel", "");
  eventually([&] { return is_gone(); });
  EXPECT_EQ(drop.process().wait(), 137) << GetParam() << " was not reached\n" << drop.process().log();

  jobs.server().set(Mood::well);
  // Whoever was down did not see that these were renamed in: the marks spare us the time until they have settled.
  for (const auto& name : shop.names("inbox")) std::ofstream(shop.in("inbox") / (name + ".ready"));
  ASSERT_TRUE(drop.start()) << drop.process().log();
  const auto is_over = [&] {
    for (const auto* name : {"a", "b", "bad"})
      if (!fs::exists(shop.in("outbox") / (std::string(name) + ".end.json"))) return false;
    return shop.is_empty();
  };
  ASSERT_TRUE(eventually(is_over)) << drop.process().log();
  std::map<std::string, std::string> source_of;
  check_file(shop, drop.http(), "a", 4, source_of);
  check_file(shop, drop.http(), "b", 1, source_of);
  EXPECT_EQ(source_of.size(), 4U);
  EXPECT_EQ(all_items(drop.http(), "/api/backup-requests").size(), 4U);
  EXPECT_TRUE(shop.outbox("a.end.json").starts_with(R"({"outcome":"NotAllowed")")) << shop.outbox("a.end.json");
  EXPECT_TRUE(shop.outbox("b.end.json").starts_with(R"({"outcome":"Cancelled")")) << shop.outbox("b.end.json");
  EXPECT_EQ(shop.names("done").size(), 3U);
  EXPECT_EQ(shop.names("rejected").size(), 2U);
  for (const auto& [id, runs] : zone.runs()) EXPECT_EQ(runs, 1) << id;
  EXPECT_EQ(drop.stop(), 0) << drop.process().log();
}

std::vector<std::string> all_faults() {
  std::vector<std::string> faults;
  for (const auto step : filedrop::file_drop_fault_steps)
    for (const auto* side : {":before", ":after"}) faults.push_back(std::string(step) + side);
  for (const auto* step : {"write-received:after", "write-received:before:2", "write-allowed:before",
                           "write-allowed:after", "write-not-allowed:after", "answer:before", "write-succeeded:after"})
    faults.emplace_back(step);
  return faults;
}
std::string name_of(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name)
    if (c == '-' || c == ':') c = '_';
  return name;
}
INSTANTIATE_TEST_SUITE_P(Steps, FileDropCrash, ::testing::ValuesIn(all_faults()), name_of);

TEST(FileDropKill, TwoOnOneFolderKilledAtAnyMomentLoseAndRepeatNothing) {
  const char* wanted = std::getenv("BACKUPCTL_KILLS");
  const int kills = wanted ? std::atoi(wanted) : 20;
  constexpr int lines_a_file = 60;
  FakeJobs jobs;
  FakeZone zone;
  Shop shop(jobs.url());
  shop.add_zone(zone, "resultDue = \"1s\"\nmaxInFlight = 64");
  DropProcess hosts[] = {DropProcess(shop, "one"), DropProcess(shop, "two")};
  for (auto& host : hosts) ASSERT_TRUE(host.start()) << host.process().log();

  std::mt19937 random(20'261'124);  // the moments still differ: the processes do
  int files = 0;
  const auto put_one = [&] {
    const auto name = "f" + std::to_string(files++);
    std::string lines;
    for (int i = 0; i < lines_a_file; ++i)
      lines += request_line("/data/ledger/" + name + "/" + std::to_string(i)) + "\n";
    shop.put(name + ".jsonl", lines + "no request\n");
  };
  for (int kill = 0; kill < kills; ++kill) {
    put_one();
    const std::chrono::milliseconds moment{std::uniform_int_distribution<int>(5, 150)(random)};
    eventually([] { return false; }, moment);
    auto& host = hosts[random() % 2];
    host.kill();
    ASSERT_TRUE(host.start()) << "did not start after kill " << kill << ": " << host.process().log();
  }
  const auto is_over = [&] {
    for (int file = 0; file < files; ++file)
      if (!fs::exists(shop.in("outbox") / ("f" + std::to_string(file) + ".end.json"))) return false;
    return shop.is_empty();
  };
  ASSERT_TRUE(eventually(is_over, std::chrono::minutes{2})) << hosts[0].process().log() << hosts[1].process().log();

  std::map<std::string, std::string> source_of;
  for (int file = 0; file < files; ++file) {
    check_file(shop, hosts[0].http(), "f" + std::to_string(file), lines_a_file + 1, source_of);
  }
  std::set<std::string> sources;
  for (const auto& [id, source] : source_of) sources.insert(source);
  EXPECT_EQ(source_of.size(), static_cast<std::size_t>(files * lines_a_file));
  EXPECT_EQ(sources.size(), source_of.size()) << "each line its own";
  EXPECT_EQ(all_items(hosts[0].http(), "/api/backup-requests").size(), source_of.size()) << "and no request more";
  for (const auto& [id, runs] : zone.runs()) EXPECT_EQ(runs, 1) << id;
  std::printf("%d kills, %d files, %zu requests\n", kills, files, source_of.size());
}

}  // namespace
}  // namespace backupctl::testing
