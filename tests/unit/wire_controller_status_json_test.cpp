#include "wire/controller_status_json.hpp"

#include <gtest/gtest.h>

#include "unit/wire_fixtures.hpp"

namespace backupctl::wire {
namespace {

using namespace testing;

TEST(ControllerStatusJson, ShowsEverythingThatWaits) {
  ControllerStatus status;
  status.ready = true;
  status.store.states = {{.state = RequestState::allowed, .count = 7, .oldest_received = second(0)},
                         {.state = RequestState::sent, .count = 1, .oldest_received = second(99)}};
  status.store.zones = {{.zone = zone, .paused = true, .in_flight = 4, .waiting = 3}};
  status.store.parked_results = 2;
  status.dependencies = {{.name = "jobs"},
                         {.name = "zone:files", .breaker = BreakerState::open, .last_error = "refused"}};
  status.store.controllers = {
      {InstanceId::parse("0190a000-0000-7000-8000-000000000005").value(), "backupctl-http", second(-10)}};
  EXPECT_EQ(
      json_text(write_controller_status, status, second(61)),
      R"({"ready":true,"states":{"Received":{"count":0,"oldestSeconds":0},"Allowed":{"count":7,"oldestSeconds":61},)"
      R"("Sent":{"count":1,"oldestSeconds":0}},"dependencies":[{"name":"jobs","breaker":"closed"},)"
      R"({"name":"zone:files","breaker":"open","lastError":"refused"}],)"
      R"("zones":[{"name":"files","paused":true,"inFlight":4,"waiting":3}],"parkedResults":2,"rowsWithoutNextStep":0,)"
      R"("clock":"ok","controllers":[{"instanceId":"0190a000-0000-7000-8000-000000000005","program":"backupctl-http",)"
      R"("startedTime":"2026-11-24T02:24:50.123456Z"}]})");
}

}  // namespace
}  // namespace backupctl::wire
