// The real controller on a store that is full, read-only, damaged, somebody else's, or gone.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "crash/faulty_disk.hpp"
#include "crash/small_disk.hpp"
#include "integration/support/controller_process.hpp"

namespace backupctl::testing {
namespace {

constexpr const char* requests = "/api/backup-requests";

std::string url_of(const std::filesystem::path& store) { return "sqlite://" + store.string(); }

class StoreTrouble : public ::testing::Test {
 protected:
  // Posts under a key; remembers what was acknowledged.
  int post(ControllerProcess& controller, const std::string& key) {
    const auto answer = controller.http().post(requests, request_body(), with_key(key));
    if (answer.status == 202 || answer.status == 200) acknowledged_[key] = id_of(answer);
    return answer.status;
  }
  // Each acknowledged request is there under its id, has succeeded, and has one backup.
  void expect_all_ended(ControllerProcess& controller) {
    for (const auto& [key, id] : acknowledged_) {
      const auto last = controller.wait_for(id, "Succeeded");
      ASSERT_EQ(last["stateCode"], "Succeeded") << key << last.text << "\n" << controller.process().log();
      EXPECT_EQ(controller.items("/api/backups?backupRequestId=" + id).size(), 1U) << key;
    }
    for (const auto& [command, runs] : zone_.runs()) EXPECT_EQ(runs, 1) << command;
  }
  static int readiness(ControllerProcess& controller) { return controller.http().get("/readyz").status; }

  FakeJobs jobs_;
  FakeZone zone_;
  std::map<std::string, std::string> acknowledged_;
};

TEST_F(StoreTrouble, AFullDiskPromisesNothingAndIsUsedAgainByItself) {
  const SmallDisk disk("12m");  // the log alone takes four
  if (!disk.problem().empty()) GTEST_SKIP() << disk.problem();
  ControllerProcess controller(jobs_.url());
  controller.use_store(url_of(disk.path() / "controller.db"));
  controller.add_zone(zone_);
  ASSERT_TRUE(controller.start()) << controller.process().log();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(post(controller, "before " + std::to_string(i)), 202);

  disk.fill();
  std::set<std::string> refused;
  for (int i = 0; i < 1000 && refused.size() < 20; ++i) {
    const auto key = "full " + std::to_string(i);
    const int status = post(controller, key);
    if (status == 503) {
      refused.insert(key);
    } else {
      EXPECT_EQ(status, 202) << "either durable, or refused";
    }
  }
  ASSERT_GE(refused.size(), 20U) << "the disk was never full";
  EXPECT_TRUE(eventually([&] { return readiness(controller) == 503; }));
  for (const auto& [key, id] : acknowledged_) EXPECT_EQ(controller.request(id).status, 200) << "reads go on: " << key;
  EXPECT_EQ(controller.http().put("/api/zone-results/01900000-0000-7000-8000-000000000001", "x").status, 503);

  disk.make_room();
  EXPECT_TRUE(eventually([&] { return readiness(controller) == 200; })) << controller.process().log();
  for (const auto& key : refused) EXPECT_EQ(post(controller, key), 202) << key;
  expect_all_ended(controller);
  EXPECT_EQ(controller.items(std::string(requests) + "?limit=1000").size(), acknowledged_.size());
  EXPECT_EQ(controller.stop(), 0) << controller.process().log();
}

TEST_F(StoreTrouble, AProcessKilledOnAFullDiskHasKeptWhatItAcknowledged) {
  const SmallDisk disk("12m");  // the log alone takes four
  if (!disk.problem().empty()) GTEST_SKIP() << disk.problem();
  ControllerProcess controller(jobs_.url());
  controller.use_store(url_of(disk.path() / "controller.db"));
  controller.add_zone(zone_);
  ASSERT_TRUE(controller.start());
  disk.fill();
  for (int i = 0; i < 1000 && post(controller, std::to_string(i)) == 202; ++i) continue;
  controller.kill();
  disk.make_room();
  ASSERT_TRUE(controller.start()) << controller.process().log();
  expect_all_ended(controller);
}

TEST_F(StoreTrouble, AReadOnlyDiskIsSaidAtTheStart) {
  const SmallDisk disk("12m");  // the log alone takes four
  if (!disk.problem().empty()) GTEST_SKIP() << disk.problem();
  ControllerProcess controller(jobs_.url());
  controller.use_store(url_of(disk.path() / "controller.db"));
  ASSERT_TRUE(controller.start());
  EXPECT_EQ(controller.stop(), 0);
  ASSERT_TRUE(disk.make_read_only());
  const auto before = read_image(disk.path());
  EXPECT_FALSE(controller.start());
  EXPECT_EQ(controller.process().wait(), 1);
  EXPECT_NE(controller.process().log().find("Read-only file system"), std::string::npos) << controller.process().log();
  EXPECT_EQ(read_image(disk.path()), before);
}

TEST_F(StoreTrouble, AStoreThatVanishesWhileItIsUsedIsMissedNotReplaced) {
  ControllerProcess controller(jobs_.url());
  controller.add_zone(zone_);
  ASSERT_TRUE(controller.start());
  EXPECT_EQ(post(controller, "before"), 202);
  const auto store = controller.folder() / "controller.db";
  const auto away = controller.folder() / "away.db";
  std::filesystem::rename(store, away);
  EXPECT_EQ(post(controller, "meanwhile"), 503);
  EXPECT_TRUE(eventually([&] { return readiness(controller) == 503; }));
  EXPECT_EQ(controller.http().get(requests).status, 503) << "what is read may not be what is kept";
  EXPECT_FALSE(std::filesystem::exists(store));
  std::filesystem::rename(away, store);
  EXPECT_TRUE(eventually([&] { return readiness(controller) == 200; })) << controller.process().log();
  EXPECT_EQ(post(controller, "meanwhile"), 202);
  expect_all_ended(controller);
}

// What lies where the store should be, and how its refusal is told.
struct Refusal {
  const char* name;
  const char* code;
  std::function<void(const std::filesystem::path& store)> spoil;  // a sound store, stopped
};

void overwrite(const std::filesystem::path& file, std::size_t offset, std::size_t length) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(static_cast<std::streamoff>(offset));
  stream << std::string(length, '\x55');
}

const Refusal refusals[] = {
    {"Vanished", "store-vanished", [](const auto& store) { std::filesystem::remove(store); }},
    {"Empty", "store-empty", [](const auto& store) { std::filesystem::resize_file(store, 0); }},
    {"Text", "store-foreign", [](const auto& store) { std::ofstream(store) << std::string(9000, 'x'); }},
    {"AnotherPrograms", "store-foreign", [](const auto& store) { overwrite(store, 68, 4); }},
    {"DamagedSchema", "store-corrupt", [](const auto& store) { overwrite(store, 100, 3900); }},
    {"CutShort", "store-corrupt", [](const auto& store) { std::filesystem::resize_file(store, 3 * 4096); }},
    {"Folder", "store-is-a-folder",
     [](const auto& store) {
       std::filesystem::remove(store);
       std::filesystem::create_directory(store);
     }},
};

class RefusedStore : public ::testing::TestWithParam<Refusal> {};

TEST_P(RefusedStore, IsToldByItsNameAndLeftAsItIs) {
  FakeJobs jobs;
  FakeZone zone;
  ControllerProcess controller(jobs.url());
  controller.add_zone(zone);
  ASSERT_TRUE(controller.start());
  controller.http().post(requests, request_body());
  ASSERT_EQ(controller.stop(), 0);
  const auto store = controller.folder() / "controller.db";
  GetParam().spoil(store);
  const auto files = [&] {
    auto image = read_image(controller.folder());
    image.erase("log");
    return image;
  };
  const auto before = files();
  EXPECT_FALSE(controller.start());
  EXPECT_EQ(controller.process().wait(), 1);
  EXPECT_NE(controller.process().log().find(std::string("\"") + GetParam().code + "\""), std::string::npos)
      << controller.process().log();
  EXPECT_EQ(files(), before);
  EXPECT_EQ(std::filesystem::exists(store),
            before.contains("controller.db") || std::string(GetParam().name) == "Folder");
}

INSTANTIATE_TEST_SUITE_P(Store, RefusedStore, ::testing::ValuesIn(refusals),
                         [](const auto& refusal) { return std::string(refusal.param.name); });

// Yesterday's copy is put back: the zone has run commands that it does not know.
TEST_F(StoreTrouble, YesterdaysStoreParksWhatItDoesNotKnowAndGoesOn) {
  ControllerProcess controller(jobs_.url());
  controller.add_zone(zone_);
  ASSERT_TRUE(controller.start());
  EXPECT_EQ(post(controller, "monday"), 202);
  expect_all_ended(controller);
  const auto copy = controller.folder() / "copy.db";
  Process backup(
      {.program = BACKUPCTL_PROGRAM,
       .arguments = {"store", "backup", "--from", url_of(controller.folder() / "controller.db"), "--to", copy.string()},
       .log = controller.folder() / "backup.log"});
  ASSERT_EQ(backup.wait(), 0) << backup.log();

  // Tuesday, and then the disk is lost.
  zone_.set(Work::keep_on);
  const auto tuesday = id_of(controller.http().post(requests, request_body(), with_key("tuesday")));
  EXPECT_EQ(controller.wait_for(tuesday, "Sent")["stateCode"], "Sent");
  controller.kill();
  const auto restored = controller.folder() / "restored";
  std::filesystem::create_directory(restored);
  std::filesystem::copy_file(copy, restored / "controller.db");
  controller.use_store(url_of(restored / "controller.db"));
  ASSERT_TRUE(controller.start()) << controller.process().log();

  expect_all_ended(controller);
  EXPECT_EQ(controller.request(tuesday).status, 404);
  zone_.finish(success_of(tuesday));
  EXPECT_TRUE(eventually([&] { return controller.items("/api/parked-results").size() == 1; }));
  const auto parked = controller.items("/api/parked-results");
  ASSERT_EQ(parked.size(), 1U);
  EXPECT_EQ(HttpAnswer::text_of(parked[0], "reasonCode"), "unknown-command");
  EXPECT_EQ(HttpAnswer::text_of(parked[0], "commandId"), tuesday);
  zone_.set(Work::succeed);
  EXPECT_EQ(post(controller, "wednesday"), 202);
  expect_all_ended(controller);
}

}  // namespace
}  // namespace backupctl::testing
