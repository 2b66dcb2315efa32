// The gauges that somebody who is woken looks at first.
#include <gtest/gtest.h>

#include "unit/support/ground.hpp"

namespace backupctl::app {
namespace {

using namespace std::chrono_literals;
using test::epoch;
using S = RequestState;

class GaugesTest : public ::testing::Test {
 protected:
  test::Ground ground;
  Controller controller{ground.ports(), {.breaker_failures = 1, .breaker_probe_every = 1h}};

  GaugesTest() {
    controller.async_start([](const Result<void>&) {});
    ground.time.run();
  }
  std::string metrics() {
    controller.async_status([](const Result<ControllerStatus>& status) { EXPECT_TRUE(status); });
    ground.time.run();
    return controller.metrics();
  }
  void expect(const std::string& sample) {
    const auto text = metrics();
    EXPECT_NE(text.find("\n" + sample + "\n"), std::string::npos) << sample << " is not in\n" << text;
  }
};

TEST_F(GaugesTest, AreAllThereWhenThereIsNothingToTell) {
  expect("backupctl_breaker_open{peer=\"jobs\"} 0");
  expect("backupctl_breaker_open{peer=\"zone:files\"} 0");
  expect("backupctl_overdue_requests{zone=\"files\"} 0");
  expect("backupctl_paused{zone=\"files\"} 0");
  expect("backupctl_unconfigured_zone_requests 0");
}

TEST_F(GaugesTest, ABreakerThatIsOpenIsToldUntilThePeerAnswers) {
  ground.jobs.answer_at_once = unavailable("away");
  controller.async_submit(test::submission("key"), [](const SubmitReply&) {});
  ground.time.run();
  expect("backupctl_breaker_open{peer=\"jobs\"} 1");
  expect("backupctl_breaker_open{peer=\"zone:files\"} 0");
  ground.jobs.answer_at_once = std::optional(test::job());
  ground.time.advance(2h);
  expect("backupctl_breaker_open{peer=\"jobs\"} 0");
}

TEST_F(GaugesTest, CountWhatIsOverdueOrHasNoZoneHere) {
  for (int n = 1; n <= 3; ++n) {
    BackupRequest row{test::order(n), {.state = S::sent}};
    auto& p = row.progress;
    p.checked = p.responded = p.sent = epoch;
    p.terms = AllowedTerms{3, test::zone(n == 3 ? "tapes" : "files"), "ledger", 30};
    p.send_attempts = 1;
    p.result_due = n == 1 ? epoch + 1min : epoch + 24h;
    p.next_action = epoch + 48h;
    ground.store.put(row);
  }
  ground.time.step_wall_clock(1h);
  expect("backupctl_overdue_requests{zone=\"files\"} 1");
  expect("backupctl_unconfigured_zone_requests 1");
}

TEST_F(GaugesTest, APausedZoneIsTold) {
  const Act ann{OwnerName::parse("ann").value(), "disks are being changed"};
  controller.async_pause_zone(test::zone(), true, ann, [](const Result<void>&) {});
  ground.time.run();
  expect("backupctl_paused{zone=\"files\"} 1");
  controller.async_pause_zone(test::zone(), false, ann, [](const Result<void>&) {});
  ground.time.run();
  expect("backupctl_paused{zone=\"files\"} 0");
}

}  // namespace
}  // namespace backupctl::app
