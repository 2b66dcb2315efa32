// examples/batch/submit.sh: what a scheduler's job sees, also when it or the controller is killed in between.
#include <gtest/gtest.h>

#include "filedrop/drop_process.hpp"

namespace backupctl::testing {
namespace {

class SubmitScript : public ::testing::Test {
 protected:
  SubmitScript() { shop_.add_zone(zone_); }

  std::string file(const std::string& name, const std::string& content) { return shop_.folder().write(name, content); }
  std::unique_ptr<Process> begin(std::vector<std::string> arguments, const std::string& timeout = "60") {
    arguments.insert(arguments.begin(), BACKUPCTL_SUBMIT_SCRIPT);
    return std::make_unique<Process>(
        Launch{.program = "/bin/sh",
               .arguments = std::move(arguments),
               .environment = {{"BACKUPCTL_DROP", shop_.drop().string()}, {"BACKUPCTL_TIMEOUT", timeout}},
               .log = shop_.folder().path() / "submit.log"});
  }
  std::optional<int> run(std::vector<std::string> arguments, const std::string& timeout = "60") {
    return begin(std::move(arguments), timeout)->wait();
  }

  FakeJobs jobs_;
  FakeZone zone_;
  Shop shop_{jobs_.url()};
  DropProcess drop_{shop_};
};

TEST_F(SubmitScript, EndsAsItsRequestsDo) {
  ASSERT_TRUE(drop_.start());
  const auto good = file("good.jsonl", request_line("/data/ledger/1") + "\n" + request_line("/data/ledger/2") + "\n");
  EXPECT_EQ(run({good, "--wait"}), 0);
  EXPECT_EQ(run({good, "--wait"}), 0) << "the same again: nothing new";
  EXPECT_EQ(all_items(drop_.http(), "/api/backup-requests").size(), 2U);
  EXPECT_EQ(run({file("invalid.json", "{}"), "--wait"}), 2);
  EXPECT_EQ(run({file("refused.json", request_line("/etc")), "--wait"}), 3);
  zone_.set(Work::fail);
  EXPECT_EQ(run({file("failed.json", request_line("/data/ledger/f")), "--wait"}), 4);
  EXPECT_EQ(run({file("dropped.json", request_line("/data/ledger/d"))}), 0);
  zone_.set(Work::keep_on);
  EXPECT_EQ(run({file("slow.json", request_line("/data/ledger/s")), "--wait"}, "0"), 6);
  const auto slow = begin({shop_.folder().path() / "slow.json", "--wait"});
  ASSERT_TRUE(eventually([&] {
    for (const auto& name : shop_.names("outbox"))
      if (name.starts_with("slow-") && name.ends_with(".receipt.jsonl")) {
        shop_.put(name.substr(0, name.find('.')) + ".cancel", "");
        return true;
      }
    return false;
  }));
  EXPECT_EQ(slow->wait(), 5);
}

TEST_F(SubmitScript, SaysWhatIsWrongWithItsUse) {
  EXPECT_EQ(run({}), 2);
  EXPECT_EQ(run({"no.txt"}), 2);
  EXPECT_EQ(run({"/nowhere.json"}), 2);
  EXPECT_EQ(run({file("a.json", "{}"), "--later"}), 2);
}

TEST_F(SubmitScript, KilledInBetweenAndRunAgainAsksOnce) {
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += request_line("/data/ledger/" + std::to_string(i)) + "\n";
  const auto path = file("night.jsonl", lines);
  for (int kill = 0; kill < 6; ++kill) {
    ASSERT_TRUE(drop_.start()) << drop_.process().log();
    const auto script = begin({path, "--wait"});
    eventually([] { return false; }, std::chrono::milliseconds{10 + 25 * kill});
    script->kill();
    drop_.kill();
  }
  ASSERT_TRUE(drop_.start());
  EXPECT_EQ(run({path, "--wait"}), 0);
  EXPECT_EQ(all_items(drop_.http(), "/api/backup-requests").size(), 100U);
  EXPECT_EQ(all_items(drop_.http(), "/api/backups").size(), 100U);
}

}  // namespace
}  // namespace backupctl::testing
