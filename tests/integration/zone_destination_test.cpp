// Results of a zone that go into a result store that it shares with the controllers.
#include <gtest/gtest.h>

#include <future>

#include "backupctl/serial_executor.hpp"
#include "integration/support/temp_dir.hpp"
#include "zone/destination.hpp"

namespace backupctl::zone {
namespace {

TEST(ZoneDestination, AResultStoreTakesWhatTheOutboxHas) {
  backupctl::testing::TempDir folder;
  const auto url = "sqlite://" + (folder.path() / "results.db").string();
  SerialExecutor executor;
  SystemClock clock;
  const auto destination =
      to_result_store(soci::open_results(url).value(), ZoneName::parse("files").value(), executor, clock);
  const OutboxEntry entry{.command_id = RequestId::parse("01900000-0000-7000-8000-000000000001").value(),
                          .result_text = "{}",
                          .traceparent = {}};
  for (int i = 0; i < 2; ++i) {
    std::promise<Delivery> delivered;
    executor.post(
        [&] { destination->deliver(entry, [&](const Delivery& delivery) { delivered.set_value(delivery); }); });
    EXPECT_EQ(delivered.get_future().get().outcome, Delivery::Outcome::taken);
  }
  const auto left = soci::open_results(url).value()->oldest(10).value();
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].command_id, "01900000-0000-7000-8000-000000000001");
  EXPECT_EQ(left[0].zone, "files");
  EXPECT_EQ(left[0].body, "{}");
}

}  // namespace
}  // namespace backupctl::zone
