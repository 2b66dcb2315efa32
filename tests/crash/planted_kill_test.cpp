// The kill harness on trial: it finds each fault that is planted, in what it is told and in what the real controller is
// given to work with.
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "crash/kill_record.hpp"

namespace backupctl::testing {
namespace {

namespace fs = std::filesystem;

// Three requests, all well.
KillRecord sound() {
  KillRecord record;
  record.callers = 1;
  for (const std::string id : {"a", "b", "c"}) {
    record.acknowledged["key-" + id] = id;
    record.states[id] = "Succeeded";
    record.backups[id] = 1;
    record.runs[id] = 1;
  }
  return record;
}

struct Doctored {
  std::string found;
  std::function<void(KillRecord&)> doctor;
};

TEST(PlantedKill, ASoundRecordHasNoProblems) {
  EXPECT_EQ(problems(sound()), std::vector<std::string>{});
  auto unanswered = sound();
  unanswered.acknowledged.erase("key-c");
  EXPECT_EQ(problems(unanswered), std::vector<std::string>{}) << "whoever asked was gone before the answer";
}

TEST(PlantedKill, EachDoctoredRecordIsFound) {
  const std::vector<Doctored> all{
      {"acknowledged and lost: key-d d", [](auto& r) { r.acknowledged["key-d"] = "d"; }},
      {"acknowledged and Failed: key-a a",
       [](auto& r) {
         r.states["a"] = "Failed";
         r.backups.erase("a");
       }},
      {"stuck: b", [](auto& r) { r.open.push_back("b"); }},
      {"one key, two requests: key-a: a and b", [](auto& r) { r.contradictions.push_back("key-a: a and b"); }},
      {"Succeeded with 2 backups: a", [](auto& r) { r.backups["a"] = 2; }},
      {"Succeeded with 0 backups: a", [](auto& r) { r.backups.erase("a"); }},
      {"Cancelled with 1 backups: d",
       [](auto& r) {
         r.states["d"] = "Cancelled";
         r.backups["d"] = 1;
       }},
      {"a backup of no request: d", [](auto& r) { r.backups["d"] = 1; }},
      {"run 2 times: c", [](auto& r) { r.runs["c"] = 2; }},
      {"the zone has a command of no request: d", [](auto& r) { r.runs["d"] = 1; }},
      {"more requests than keys: 5 and 3",
       [](auto& r) {
         for (const std::string id : {"d", "e"}) r.states[id] = "Cancelled";
       }},
  };
  for (const auto& [found, doctor] : all) {
    auto record = sound();
    doctor(record);
    EXPECT_EQ(problems(record), std::vector<std::string>{found});
  }
}

class PlantedKillOfAController : public ::testing::Test {
 protected:
  FakeJobs jobs_;
  FakeZone zone_;
  ControllerProcess controller_{jobs_.url()};
  std::map<std::string, std::string> acknowledged_;

  PlantedKillOfAController() { controller_.add_zone(zone_, "resultDue = \"1s\"\nmaxInFlight = 64"); }
  void ask(int times) {
    for (int n = 0; n < times; ++n) {
      const auto key = "night-" + std::to_string(n);
      const auto answer = controller_.http().post("/api/backup-requests", request_body(), with_key(key));
      if (answer.status == 202 || answer.status == 200) acknowledged_[key] = id_of(answer);
    }
  }
  std::vector<std::string> found() {
    return problems(record_of(controller_, zone_, acknowledged_, {}, 1, std::chrono::seconds{20}));
  }
};

// As if it had answered before the commit: what it acknowledged is not in the store when it comes back.
TEST_F(PlantedKillOfAController, AnswersThatAreAheadOfTheStoreAreFound) {
  ASSERT_TRUE(controller_.start());
  ASSERT_EQ(controller_.stop(), 0);  // the tables are in the file now, and no log is left
  ASSERT_TRUE(controller_.start());
  ask(3);
  ASSERT_EQ(acknowledged_.size(), 3u);
  EXPECT_EQ(found(), std::vector<std::string>{}) << "nothing is planted yet";
  controller_.kill();
  ASSERT_TRUE(fs::remove(controller_.folder() / "controller.db-wal"));
  ASSERT_TRUE(controller_.start());
  const auto problems = found();
  ASSERT_FALSE(problems.empty());
  EXPECT_EQ(problems.front(), "acknowledged and lost: night-0 " + acknowledged_["night-0"]);
}

// A zone that does not keep the rule by which a repeated command runs once.
TEST_F(PlantedKillOfAController, AZoneThatForgetsWhatItHasRunIsFound) {
  zone_.forget_what_ran();
  ASSERT_TRUE(controller_.start("call-zone-send:after"));
  controller_.http().post("/api/backup-requests", request_body(), with_key("night-0"));
  ASSERT_TRUE(controller_.process().wait());
  ASSERT_TRUE(controller_.start());
  ask(1);
  ASSERT_EQ(acknowledged_.size(), 1u);
  EXPECT_EQ(found(), std::vector<std::string>{"run 2 times: " + acknowledged_["night-0"]});
}

}  // namespace
}  // namespace backupctl::testing
