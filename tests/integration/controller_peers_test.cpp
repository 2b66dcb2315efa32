// What callers and status see while peers are down, slow or speak nonsense, and that all goes on by itself; pausing and
// cancelling.
#include <gtest/gtest.h>

#include "integration/support/controller_process.hpp"

namespace backupctl::testing {
namespace {

class ControllerPeers : public ::testing::Test {
 protected:
  void start() {
    controller_.check_time_out("300ms");
    controller_.add_zone(zone_);
    ASSERT_TRUE(controller_.start()) << controller_.process().log();
  }
  std::string post(const std::string& key) {
    return id_of(controller_.http().post("/api/backup-requests", request_body(), with_key(key)));
  }
  // What status says of a dependency; null when it does not know it.
  boost::json::value dependency(const std::string& name) {
    const auto answer = controller_.http().get("/api/status");
    if (answer.status != 200) return nullptr;
    for (const auto& one : answer.json.at("dependencies").as_array())
      if (HttpAnswer::text_of(one, "name") == name) return one;
    return nullptr;
  }
  bool breaker_becomes(const std::string& name, const std::string& state) {
    return eventually([&] { return HttpAnswer::text_of(dependency(name), "breaker") == state; });
  }

  FakeJobs jobs_;
  FakeZone zone_;
  ControllerProcess controller_{jobs_.url()};
};

TEST_F(ControllerPeers, ABadJobServiceDelaysAndLosesNothing) {
  start();
  for (const auto mood : {Mood::broken, Mood::garbage, Mood::html, Mood::html_404, Mood::silent, Mood::unauthorized}) {
    jobs_.server().set(mood);
    const auto key = "mood-" + std::to_string(static_cast<int>(mood));
    const auto answer = controller_.http().post("/api/backup-requests", request_body(), with_key(key));
    EXPECT_EQ(answer.status, 503) << key << answer.text;
    EXPECT_EQ(answer["code"], "job-service-unavailable");
    ASSERT_FALSE(id_of(answer).empty());
    EXPECT_FALSE(controller_.request(id_of(answer))["lastError"].empty());
    EXPECT_TRUE(breaker_becomes("jobs", "open")) << key;
    EXPECT_FALSE(HttpAnswer::text_of(dependency("jobs"), "lastError").empty());
    jobs_.server().set(Mood::well);
    EXPECT_EQ(controller_.wait_for(id_of(answer), "Succeeded")["stateCode"], "Succeeded") << key;
  }
  EXPECT_TRUE(breaker_becomes("jobs", "closed"));
}

TEST_F(ControllerPeers, AJobServiceThatIsDownIsWaitedFor) {
  start();
  jobs_.server().go_down();
  const auto id = post("night");
  ASSERT_FALSE(id.empty());
  EXPECT_EQ(controller_.request(id)["stateCode"], "Received");
  jobs_.server().come_back();
  EXPECT_EQ(controller_.wait_for(id, "Succeeded")["stateCode"], "Succeeded");
}

TEST_F(ControllerPeers, ABadZoneDelaysAndLosesNothing) {
  start();
  for (const auto mood : {Mood::broken, Mood::garbage, Mood::html, Mood::html_404, Mood::silent, Mood::unauthorized}) {
    zone_.server().set(mood);
    const auto key = "mood-" + std::to_string(static_cast<int>(mood));
    const auto answer = controller_.http().post("/api/backup-requests", request_body(), with_key(key));
    EXPECT_EQ(answer.status, 202) << key << answer.text;
    EXPECT_TRUE(breaker_becomes("zone:files", "open")) << key;
    EXPECT_EQ(controller_.request(id_of(answer))["stateCode"], "Allowed") << key;
    zone_.server().set(Mood::well);
    EXPECT_EQ(controller_.wait_for(id_of(answer), "Succeeded")["stateCode"], "Succeeded") << key;
  }
  zone_.server().go_down();
  const auto id = post("down");
  EXPECT_TRUE(breaker_becomes("zone:files", "open"));
  EXPECT_FALSE(controller_.request(id)["lastError"].empty());
  zone_.server().come_back();
  EXPECT_EQ(controller_.wait_for(id, "Succeeded")["stateCode"], "Succeeded");
  for (const auto& [command, runs] : zone_.runs()) EXPECT_EQ(runs, 1) << command;
}

TEST_F(ControllerPeers, ABadZoneDoesNotSlowAnother) {
  FakeZone tapes("tapes");
  controller_.add_zone(tapes);
  auto job = ledger_job();
  job.id = JobId::parse("01900000-0000-7000-8000-0000000000bb").value();
  job.zone = ZoneName::parse("tapes").value();
  jobs_.put(job);
  start();
  zone_.server().set(Mood::silent);
  std::vector<std::string> stuck;
  for (int i = 0; i < 10; ++i) stuck.push_back(post("stuck-" + std::to_string(i)));
  for (int i = 0; i < 10; ++i) {
    const auto answer =
        controller_.http().post("/api/backup-requests", request_body("/data/ledger/x", job.id.to_string()));
    EXPECT_EQ(controller_.wait_for(id_of(answer), "Succeeded")["stateCode"], "Succeeded");
  }
  for (const auto& id : stuck) EXPECT_EQ(controller_.request(id)["stateCode"], "Allowed");
  zone_.server().set(Mood::well);
  for (const auto& id : stuck) EXPECT_EQ(controller_.wait_for(id, "Succeeded")["stateCode"], "Succeeded");
}

TEST_F(ControllerPeers, AJobOfAnUnknownZoneWaitsAndIsShown) {
  auto job = ledger_job();
  job.zone = ZoneName::parse("elsewhere").value();
  jobs_.put(job);
  start();
  const auto answer = controller_.http().post("/api/backup-requests", request_body());
  EXPECT_EQ(answer.status, 202) << answer.text;
  const auto shown = controller_.request(id_of(answer));
  EXPECT_EQ(shown["stateCode"], "Allowed");
  EXPECT_NE(shown["lastError"].find("elsewhere"), std::string::npos);
  bool listed = false;
  for (const auto& zone : controller_.items("/api/zones"))
    listed = listed || HttpAnswer::text_of(zone, "name") == "elsewhere";
  EXPECT_TRUE(listed);
}

TEST_F(ControllerPeers, ARefusalForGoodFails) {
  zone_.set(Work::refuse);
  start();
  const auto id = post("night");
  const auto failed = controller_.wait_for(id, "Failed");
  EXPECT_EQ(failed["stateReason"], "refused-by-zone");
  EXPECT_EQ(controller_.history(id), "Received Allowed Sent Failed");
}

TEST_F(ControllerPeers, APausedZoneGetsNothingUntilItIsResumed) {
  start();
  const auto paused = controller_.http().post("/api/zones/files/pause");
  EXPECT_EQ(paused.status, 200) << paused.text;
  const auto id = post("night");
  EXPECT_EQ(controller_.request(id)["stateCode"], "Allowed");
  const auto zones = controller_.items("/api/zones");
  ASSERT_EQ(zones.size(), 1U);
  EXPECT_TRUE(zones[0].at("paused").as_bool());
  EXPECT_EQ(zones[0].at("waiting").as_int64(), 1);
  // The pause outlives the process.
  controller_.kill();
  ASSERT_TRUE(controller_.start());
  EXPECT_TRUE(controller_.items("/api/zones").at(0).at("paused").as_bool());
  EXPECT_FALSE(zone_.knows(id));
  EXPECT_EQ(controller_.http().post("/api/zones/files/resume").status, 200);
  EXPECT_EQ(controller_.wait_for(id, "Succeeded")["stateCode"], "Succeeded");
  EXPECT_EQ(controller_.http().post("/api/zones/nowhere/pause").status, 404);
}

class ControllerCancel : public ControllerPeers {
 protected:
  HttpAnswer cancel(const std::string& id) { return controller_.http().post("/api/backup-requests/" + id + "/cancel"); }
};

TEST_F(ControllerCancel, EndsAReceivedRequestAtOnce) {
  start();
  jobs_.server().set(Mood::broken);
  const auto id = post("night");
  const auto answer = cancel(id);
  EXPECT_EQ(answer.status, 202) << answer.text;
  EXPECT_EQ(answer["stateCode"], "Cancelled");
  EXPECT_EQ(answer["stateReason"], "cancelled-on-request");
  EXPECT_EQ(cancel(id)["code"], "terminal");
}

TEST_F(ControllerCancel, EndsAnAllowedRequestThatWasNeverSentAtOnce) {
  start();
  controller_.http().post("/api/zones/files/pause");
  const auto id = post("night");
  EXPECT_EQ(cancel(id)["stateCode"], "Cancelled");
  controller_.http().post("/api/zones/files/resume");
  const auto later = post("later");
  controller_.wait_for(later, "Succeeded");
  EXPECT_FALSE(zone_.knows(id));
}

TEST_F(ControllerCancel, TellsTheZoneOfASentRequestAndWaitsForItsWord) {
  zone_.set(Work::keep_on);
  start();
  const auto id = post("night");
  controller_.wait_for(id, "Sent");
  EXPECT_EQ(cancel(id).status, 202);
  EXPECT_EQ(controller_.wait_for(id, "Cancelled")["stateCode"], "Cancelled");
  EXPECT_EQ(controller_.history(id), "Received Allowed Sent Cancelled");
  const auto again = cancel(id);
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again["code"], "terminal");
}

TEST_F(ControllerCancel, OfASendThatMayHaveArrivedIsSettledByTheZone) {
  start();
  zone_.server().set(Mood::silent);
  const auto id = post("night");
  EXPECT_EQ(cancel(id).status, 202);
  EXPECT_EQ(controller_.request(id)["stateCode"], "Allowed");
  zone_.server().set(Mood::well);
  EXPECT_EQ(controller_.wait_for(id, "Cancelled")["stateCode"], "Cancelled");
}

TEST_F(ControllerCancel, OfSucceededFailedNotAllowedAndUnknownIsRefused) {
  start();
  const auto id = post("night");
  controller_.wait_for(id, "Succeeded");
  EXPECT_EQ(cancel(id)["code"], "terminal");
  const auto refused = controller_.http().post("/api/backup-requests", request_body("/etc"));
  EXPECT_EQ(cancel(id_of(refused))["code"], "terminal");
  EXPECT_EQ(cancel("01900000-0000-7000-8000-000000000000").status, 404);
  EXPECT_EQ(cancel("no-id").status, 404);
}

}  // namespace
}  // namespace backupctl::testing
