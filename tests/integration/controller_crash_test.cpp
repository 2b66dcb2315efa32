// The process dies at each named place, and its successor brings every request to exactly one end.
#include <gtest/gtest.h>

#include "backupctl/fault_points.hpp"
#include "backupctl/soci/store.hpp"
#include "integration/support/controller_process.hpp"

namespace backupctl::testing {
namespace {

constexpr const char* requests_path = "/api/backup-requests";

// Brings about every step there is. Each call may find the process dead.
class Scenario {
 public:
  explicit Scenario(ControllerProcess& controller, FakeJobs& jobs, FakeZone& zone)
      : controller_(controller), jobs_(jobs), zone_(zone) {}

  void run() {
    submit("ordinary", request_body());
    submit("refused", request_body("/etc"));
    controller_.http().put("/api/zone-results/01900000-0000-7000-8000-000000000001", "unreadable");

    zone_.set(Work::fail);
    settle(submit("failing", request_body()));
    zone_.set(Work::keep_on);
    const auto cancelled = submit("cancelled", request_body());
    wait_until(cancelled, "Sent");
    controller_.http().post(requests_path + std::string("/") + cancelled + "/cancel");
    settle(cancelled);
    // A zone that works on a command beyond the time its result was due is asked how it stands.
    const auto overdue = submit("overdue", request_body());
    wait_until(overdue, "Sent");
    eventually([&] {
      const auto answer = controller_.request(overdue);
      return answer.status != 200 || answer["stateCode"] != "Sent" || !answer["lastError"].empty();
    });
    zone_.set(Work::succeed);
    if (!overdue.empty()) zone_.finish(success_of(overdue));
    settle(overdue);
    // The same success twice: the second is dropped.
    if (!overdue.empty()) controller_.http().put("/api/zone-results/" + overdue, text_of(success_of(overdue)));

    jobs_.server().set(Mood::broken);
    submit("late", request_body());
    jobs_.server().set(Mood::well);
    controller_.http().post("/api/zones/files/pause");
    submit("paused", request_body());
    controller_.http().post("/api/zones/files/resume");
    dismiss_what_is_parked();
    controller_.http().post("/api/backup-requests/cancel", R"({"stateCode":"Received","zone":"nowhere"})");
  }

  // The keys of all requests that were promised to be kept, with what they asked for.
  std::vector<std::pair<std::string, std::string>> all{};

 private:
  std::string submit(const std::string& key, const std::string& body) {
    all.emplace_back(key, body);
    return id_of(controller_.http().post(requests_path, body, with_key(key)));
  }
  void wait_until(const std::string& id, const std::string& state) {
    if (id.empty()) return;
    eventually([&] {
      const auto answer = controller_.request(id);
      return answer.status != 200 || answer["stateCode"] == state || is_end(answer["stateCode"]);
    });
  }
  void settle(const std::string& id) { wait_until(id, "Succeeded"); }
  void dismiss_what_is_parked() {
    eventually([&] {
      const auto answer = controller_.http().get("/api/parked-results");
      return answer.status != 200 || !answer.json.at("items").as_array().empty();
    });
    for (const auto& parked : controller_.items("/api/parked-results"))
      controller_.http().post("/api/parked-results/" + HttpAnswer::text_of(parked, "parkedResultId") + "/dismiss");
  }

 public:
  static bool is_end(const std::string& state) {
    return state == "Succeeded" || state == "Failed" || state == "Cancelled" || state == "NotAllowed";
  }

 private:
  ControllerProcess& controller_;
  FakeJobs& jobs_;
  FakeZone& zone_;
};

// As a controller leaves one that dies once it has kept it: the first round of the next reads it.
void leave_a_result(const ControllerProcess& controller) {
  const auto store = soci::open_blocking("sqlite://" + (controller.folder() / "controller.db").string()).value();
  const KeepResult kept{{.command_id = RequestId::parse("01900000-0000-7000-8000-000000000002").value(),
                         .zone = ZoneName::parse("files").value(),
                         .body = "unreadable",
                         .received = SystemClock{}.now(),
                         .problem = "not JSON"}};
  ASSERT_EQ(store->apply({kept}).at(0).status, OutcomeStatus::applied);
}

class ControllerCrash : public ::testing::TestWithParam<std::string> {};

TEST_P(ControllerCrash, EveryRequestEndsExactlyOnce) {
  FakeJobs jobs;
  FakeZone zone;
  ControllerProcess controller(jobs.url());
  controller.add_zone(zone, "resultDue = \"100ms\"");
  FakeServer told([](const http::Request&) { return http::Response{.status = 204}; });
  controller.configure("[notify]\nwebhook = \"" + told.url() + "/notices\"\nevents = [\"Failed\", \"parked\"]");
  ASSERT_NO_FATAL_FAILURE(leave_a_result(controller));
  const bool listened = controller.start(GetParam());
  Scenario scenario(controller, jobs, zone);
  if (listened) scenario.run();
  // Places that only a round reaches, sooner or later: it comes by itself.
  EXPECT_EQ(controller.process().wait(), 137) << GetParam() << " was not reached\n" << controller.process().log();

  jobs.server().set(Mood::well);
  zone.set(Work::succeed);
  ASSERT_TRUE(controller.start()) << controller.process().log();
  controller.http().post("/api/zones/files/resume");
  if (scenario.all.empty()) scenario.all.emplace_back("ordinary", request_body());
  for (const auto& [key, body] : scenario.all) {
    // Asked once more with the key, as a caller does who got no answer.
    const auto answer = controller.http().post(requests_path, body, with_key(key));
    ASSERT_TRUE(answer.status == 200 || answer.status == 202 || answer.status == 403) << key << answer.text;
    HttpAnswer last;
    EXPECT_TRUE(eventually([&] {
      last = controller.request(id_of(answer));
      if (last["stateCode"] == "Sent" && key == "cancelled")
        controller.http().post(requests_path + std::string("/") + id_of(answer) + "/cancel");
      return Scenario::is_end(last["stateCode"]);
    })) << key
        << last.text;
    const auto history = controller.history(id_of(answer));
    EXPECT_EQ(history.find(last["stateCode"]), history.rfind(last["stateCode"])) << key << ": " << history;
    EXPECT_EQ(history.find("Received"), history.rfind("Received")) << key << ": " << history;
    EXPECT_EQ(history.find("Sent"), history.rfind("Sent")) << key << ": " << history;
    const auto backups = controller.items("/api/backups?backupRequestId=" + id_of(answer));
    EXPECT_EQ(backups.size(), last["stateCode"] == "Succeeded" ? 1U : 0U) << key << last.text;
  }
  EXPECT_EQ(controller.items(requests_path).size(), scenario.all.size());
  for (const auto& [command, runs] : zone.runs()) EXPECT_LE(runs, 1) << command;
  const auto status = controller.http().get("/api/status").json;
  EXPECT_EQ(status.at("rowsWithoutNextStep").as_int64(), 0);
  EXPECT_EQ(controller.stop(), 0) << controller.process().log();
}

std::vector<std::string> all_faults() {
  std::vector<std::string> faults;
  for (const auto step : fault_steps)
    for (const auto* side : {":before", ":after"}) faults.push_back(std::string(step) + side);
  return faults;
}

std::string name_of(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name)
    if (c == '-' || c == ':') c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Faults, ControllerCrash, ::testing::ValuesIn(all_faults()), name_of);

}  // namespace
}  // namespace backupctl::testing
