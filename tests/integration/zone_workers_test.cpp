// Commands through the store and the workers, with a driver that does what the test says.
#include <condition_variable>
#include <mutex>

#include "integration/zone_silent_logger.hpp"
#include "integration/zone_tree.hpp"
#include "wire/zone_result_json.hpp"
#include "zone/outbox.hpp"
#include "zone/workers.hpp"

namespace backupctl::zone {
namespace {

using testing::SilentLogger;
using testing::TemporaryFolder;

class FixedClock final : public Clock {
 public:
  Timestamp now() override { return *parse_timestamp("2026-11-24T02:25:00Z"); }
  Duration monotonic() override { return now().time_since_epoch(); }
};

// Each backup waits until the test lets it end, or until it is asked to.
class HeldDriver final : public Driver {
 public:
  Result<void> admit(const CreateBackupCommand&) override { return {}; }
  std::optional<ZoneResult> create(const CreateBackupCommand& command, Monitor& monitor) override {
    std::unique_lock lock{mutex_};
    runs_.push_back(command.id);
    changed_.notify_all();
    while (!is_open_ && monitor.wish() == Wish::go_on) changed_.wait_for(lock, std::chrono::milliseconds{1});
    if (monitor.wish() == Wish::stop) return {};
    const bool is_cancelled = monitor.wish() == Wish::cancel;
    return ZoneResult{.command_id = command.id,
                      .code = is_cancelled ? ResultCode::cancelled : ResultCode::succeeded,
                      .zone = *ZoneName::parse("files"),
                      .storage_path = is_cancelled ? "" : "x"};
  }
  Result<ManifestPage> backups(const std::string&, std::size_t) override { return ManifestPage{}; }
  Result<void> ready() override { return {}; }

  void open() {
    const std::lock_guard lock{mutex_};
    is_open_ = true;
    changed_.notify_all();
  }
  std::vector<RequestId> wait_for_runs(std::size_t count) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return runs_.size() >= count; });
    return runs_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = false;
  std::vector<RequestId> runs_;
};

CreateBackupCommand command(int number, std::int64_t fence = 1, const std::string& storage_path = "p") {
  return {*RequestId::parse("01900000-0000-7000-8000-00000000000" + std::to_string(number)),
          fence,
          *JobId::parse("01900000-0000-7000-8000-0000000000aa"),
          *SourcePath::parse("/data"),
          storage_path,
          *CivilDate::parse("2021-01-08")};
}

ZoneResult cancelled(int number) {
  return {command(number).id, ResultCode::cancelled, "cancelled", *ZoneName::parse("files")};
}

class ZoneWorkers : public ::testing::Test {
 protected:
  std::unique_ptr<CommandStore> open_store() { return CommandStore::open(temporary / "zone.db", clock.now()).value(); }
  std::unique_ptr<Workers> make_workers(CommandStore& store, std::size_t count = 1) {
    auto workers = std::make_unique<Workers>(
        store, driver, clock, logger, metrics,
        WorkersOptions{.zone = *ZoneName::parse("files"), .count = count, .on_result = [this] {
                         const std::lock_guard lock{mutex};
                         ++results;
                         changed.notify_all();
                       }});
    workers->start();
    return workers;
  }
  void wait_for_results(int count) {
    std::unique_lock lock{mutex};
    changed.wait(lock, [&] { return results >= count; });
  }
  std::vector<OutboxEntry> outbox(CommandStore& store) { return store.due(clock.now(), 100, {}).value(); }
  ResultCode code_of(const OutboxEntry& entry) { return wire::read_zone_result(entry.result_text).value().code; }

  TemporaryFolder temporary;
  FixedClock clock;
  SilentLogger logger;
  Metrics metrics;
  HeldDriver driver;
  std::mutex mutex;
  std::condition_variable changed;
  int results = 0;
};

TEST_F(ZoneWorkers, TakesCommandsInOrderAndEachOnce) {
  auto store = open_store();
  for (const int number : {3, 1, 2}) EXPECT_EQ(store->take(command(number), clock.now()).value(), TakeAnswer::accepted);
  EXPECT_EQ(store->take(command(1), clock.now()).value(), TakeAnswer::known);
  driver.open();
  auto workers = make_workers(*store);
  wait_for_results(3);
  EXPECT_EQ(store->take(command(1), clock.now()).value(), TakeAnswer::known);
  workers->wake();
  workers.reset();
  EXPECT_EQ(driver.wait_for_runs(3), (std::vector<RequestId>{command(3).id, command(1).id, command(2).id}));
  EXPECT_EQ(outbox(*store).size(), 3u);
}

TEST_F(ZoneWorkers, AnotherBodyAndALowerFenceAreRefusedAndTheHighestFenceIsKept) {
  auto store = open_store();
  EXPECT_EQ(store->take(command(1, 5), clock.now()).value(), TakeAnswer::accepted);
  EXPECT_EQ(store->take(command(1, 4), clock.now()).value(), TakeAnswer::stale_fence);
  EXPECT_EQ(store->take(command(1, 5, "other"), clock.now()).value(), TakeAnswer::conflict);
  EXPECT_EQ(store->take(command(1, 7), clock.now()).value(), TakeAnswer::known);
  EXPECT_EQ(store->cancel(cancelled(1), 6, "", clock.now()).value(), CancelOutcome::stale_fence);
  store.reset();
  store = open_store();
  EXPECT_EQ(store->take(command(1, 6), clock.now()).value(), TakeAnswer::stale_fence);
}

TEST_F(ZoneWorkers, CancelBeforeDuringAndAfter) {
  auto store = open_store();
  ASSERT_TRUE(store->take(command(1), clock.now()));
  ASSERT_TRUE(store->take(command(2), clock.now()));
  auto workers = make_workers(*store);
  driver.wait_for_runs(1);
  EXPECT_EQ(workers->cancel(cancelled(2), 1, "").value(), CancelOutcome::cancelled);  // waits behind the first
  EXPECT_EQ(workers->cancel(cancelled(1), 1, "").value(), CancelOutcome::running);
  wait_for_results(1);
  EXPECT_EQ(workers->cancel(cancelled(1), 1, "").value(), CancelOutcome::cancelled);  // asked again: the same answer
  EXPECT_EQ(workers->cancel(cancelled(3), 1, "").value(), CancelOutcome::cancelled);  // never heard of
  EXPECT_EQ(store->take(command(3), clock.now()).value(), TakeAnswer::known);
  driver.open();
  ASSERT_TRUE(store->take(command(4), clock.now()));
  workers->wake();
  wait_for_results(2);
  EXPECT_EQ(workers->cancel(cancelled(4), 1, "").value(), CancelOutcome::finished);
  EXPECT_EQ(driver.wait_for_runs(2), (std::vector<RequestId>{command(1).id, command(4).id}));
  const auto entries = outbox(*store);
  ASSERT_EQ(entries.size(), 4u);
  for (const auto& entry : entries) {
    EXPECT_EQ(code_of(entry), entry.command_id == command(4).id ? ResultCode::succeeded : ResultCode::cancelled);
  }
}

TEST_F(ZoneWorkers, WhatWasStoppedIsTakenUpAgainWithItsCancel) {
  {
    auto store = open_store();
    ASSERT_TRUE(store->take(command(1), clock.now()));
    ASSERT_TRUE(store->take(command(2), clock.now()));
    auto workers = make_workers(*store, 2);
    driver.wait_for_runs(2);
    workers->stop();
    EXPECT_TRUE(workers->wait_until_idle(std::chrono::minutes{1}));
    EXPECT_EQ(store->counts().value().running, 2);
    // It has run, so whoever runs it again has to see what it left behind.
    EXPECT_EQ(store->cancel(cancelled(2), 1, "", clock.now()).value(), CancelOutcome::running);
  }
  auto store = open_store();
  EXPECT_EQ(store->recover().value(), 2);
  driver.open();
  auto workers = make_workers(*store);
  wait_for_results(2);
  const auto entries = outbox(*store);
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(code_of(entries[0]), ResultCode::succeeded);
  EXPECT_EQ(code_of(entries[1]), ResultCode::cancelled);
}

TEST_F(ZoneWorkers, APostponedResultWaitsAndHoldsUpNoOther) {
  auto store = open_store();
  ASSERT_TRUE(store->cancel(cancelled(1), 1, "", clock.now()));
  ASSERT_TRUE(store->cancel(cancelled(2), 1, "", clock.now()));
  const auto later = clock.now() + std::chrono::minutes{1};
  ASSERT_TRUE(store->postpone(command(1).id, later, "503"));
  auto entries = store->due(clock.now(), 10, {}).value();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].command_id, command(2).id);
  EXPECT_TRUE(store->due(clock.now(), 10, {command(2).id}).value().empty());
  EXPECT_EQ(store->next_due({command(2).id}).value(), later);
  ASSERT_TRUE(store->delivered(command(2).id));
  entries = store->due(later, 10, {}).value();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].attempts, 1);
}

TEST(ZoneOutbox, DelaysGrowWithinBoundsAndRetryAfterIsHonoured) {
  const OutboxOptions options;
  using std::chrono::seconds;
  EXPECT_EQ(retry_delay(options, false, 0, 0), Duration{500'000});
  EXPECT_EQ(retry_delay(options, false, 0, 500'000), Duration{seconds{1}});
  EXPECT_EQ(retry_delay(options, false, 3, 0), Duration{seconds{4}});
  EXPECT_EQ(retry_delay(options, false, 1'000'000'000, 15'000'000), options.max_delay);
  EXPECT_EQ(retry_delay(options, true, 1'000'000'000, 150'000'000), options.refused_delay);
  const auto after = [](const std::string& text) { return retry_after({503, {{"Retry-After", text}}, {}}); };
  EXPECT_EQ(after("7"), Duration{seconds{7}});
  EXPECT_EQ(after("99999999"), Duration{seconds{3600}});
  for (const char* odd : {"", "-1", "1.5", "soon", "Wed, 21 Oct 2026 07:28:00 GMT", "99999999999999999999"}) {
    EXPECT_FALSE(after(odd)) << odd;
  }
}

}  // namespace
}  // namespace backupctl::zone
