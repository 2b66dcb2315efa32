// A result store of its own: zones leave results while every controller is down.
#include <gtest/gtest.h>

#include "backupctl/serial_executor.hpp"
#include "backupctl/soci/result_store.hpp"
#include "integration/support/controller_process.hpp"

namespace backupctl::testing {
namespace {

TEST(ControllerResultStore, ResultsLeftWhileTheControllerIsDownAreRecorded) {
  TempDir folder;
  const auto url = "sqlite://" + (folder.path() / "results.db").string();
  FakeJobs jobs;
  FakeZone zone{"files", Work::keep_on};
  ControllerProcess controller{jobs.url()};
  controller.add_zone(zone);
  controller.configure("[results]\nurl = \"" + url + "\"");
  ASSERT_TRUE(controller.start()) << controller.process().log();
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(id_of(controller.http().post("/api/backup-requests", request_body())));
    ASSERT_EQ(controller.wait_for(ids.back(), "Sent")["stateCode"], "Sent");
  }
  controller.kill();

  const auto results = soci::open_results(url).value();
  const auto leave = [&](const std::string& command, const std::string& body) {
    EXPECT_TRUE(results->put({0, command, "files", body, SystemClock{}.now()}));
  };
  for (const auto& id : ids) leave(id, text_of(success_of(id)));
  leave(ids[0], text_of(success_of(ids[0])));
  leave("no id", "{no result");

  ASSERT_TRUE(controller.start()) << controller.process().log();
  for (const auto& id : ids) EXPECT_EQ(controller.wait_for(id, "Succeeded")["stateCode"], "Succeeded");
  EXPECT_TRUE(eventually([&] { return controller.items("/api/parked-results").size() == 1; }));
  EXPECT_TRUE(eventually([&] { return results->oldest(10).value().empty(); }));
  EXPECT_EQ(controller.items("/api/backups").size(), 3U);
}

}  // namespace
}  // namespace backupctl::testing
