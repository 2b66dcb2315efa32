// The power fails at any moment while the real SQLite repository works: thousands of images of what might then be on
// the disk are opened again (BACKUPCTL_POWER_IMAGES=N for another number of them).
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>

#include "backupctl/soci/store.hpp"
#include "crash/faulty_disk.hpp"
#include "crash/store_folder.hpp"
#include "crash/store_workload.hpp"

namespace backupctl::testing {
namespace {

InstanceId instance() { return InstanceId::parse("01900000-0004-7000-8000-000000000001").value(); }

// What was found on a disk after a power cut, and between which two states of the store it must lie.
struct Cut {
  DiskImage image;
  std::string when;
};

// One store with its load, on a disk whose power may fail.
class PowerLoss {
 public:
  PowerLoss(std::uint32_t seed, const DiskImage& start) : workload_(seed), chance_(seed + 1) {
    write_image(start, folder_.path());
  }
  FaultyDisk& disk() { return disk_; }
  // Only SQLite itself writes the log back, once it has a thousand pages.
  void leave_log() { leave_log_ = true; }

  // So many commits; one in `calls` changes of the disk is a moment at which the power fails.
  void run(int groups, std::int64_t calls) {
    calls_for_one_image_ = calls;
    disk_.watch([this] { look(); });
    reopen();
    for (int i = 0; i < groups && problems_.empty(); ++i) {
      step();
      if (one_in(leave_log_ ? 1'000'000 : 20)) reopen();
      if (one_in(leave_log_ ? 1'000'000 : 8)) {
        disk_.checkpoint(folder_.database());
        check(content_, content_);
      }
    }
    store_.reset();
    check(content_, content_);
  }

  int images() const { return images_; }
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  bool one_in(std::int64_t calls) { return std::uniform_int_distribution<std::int64_t>(1, calls)(chance_) == 1; }

  void look() {
    if (!one_in(calls_for_one_image_)) return;
    cuts_.push_back({disk_.after_power_loss(chance_), "change " + std::to_string(disk_.changes())});
  }

  void reopen() {
    store_.reset();
    check(content_, content_);
    store_ = soci::open_blocking(folder_.url(), {.sqlite_log_pages = 1000, .sqlite_vfs = disk_.vfs()}).value();
    check(content_, content_);
  }

  void step() {
    const auto commands = workload_.next(model_);
    const auto outcomes = store_->apply(commands);
    const auto expected = model_.apply(commands);
    const auto before = std::exchange(content_, content_of(model_).value());
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      if (outcomes[i].status != expected[i].status) problems_.push_back("the store answered otherwise than the model");
    }
    check(before, content_);
  }

  // Each image is the store before or after the commit that was under way, and nothing else.
  void check(const StoreContent& before, const StoreContent& after) {
    for (const auto& cut : std::exchange(cuts_, {})) {
      ++images_;
      const auto problem = problem_with(cut.image, before, after);
      if (!problem.empty()) problems_.push_back(cut.when + ": " + problem);
    }
  }

  static std::string problem_with(const DiskImage& image, const StoreContent& before, const StoreContent& after) {
    StoreFolder folder;
    write_image(image, folder.path());
    const auto damage = integrity_of(folder.database());
    if (damage != "ok") return "damaged: " + damage;
    auto store = soci::open_blocking(folder.url(), {.create = false});
    if (!store) return "does not open: " + store.error().detail;
    const auto content = content_of(**store);
    if (!content) return "cannot be read: " + content.error().detail;
    if (*content != after && *content != before) return difference(*content, before);
    if (auto contradiction = contradiction_in(*content); !contradiction.empty()) return contradiction;
    return problem_with_going_on(**store, *content);
  }

  static std::string problem_with_going_on(BlockingRepository& store, const StoreContent& content) {
    const Timestamp now{std::chrono::microseconds{1'800'000'000'000'000}};
    if (auto beaten = store.beat({instance(), "test", now, now, std::chrono::seconds(15)}); !beaten)
      return "no heartbeat: " + beaten.error().detail;
    const auto open = std::ranges::find_if(content.requests,
                                           [](const auto& request) { return !is_terminal(request.progress.state); });
    if (open == content.requests.end()) return {};
    ChangeRequest change{open->order.id, open->progress.state, open->progress};
    ++change.next.revision;
    change.next.last_error = "seen after the power came back";
    const auto outcome = store.apply({change}).at(0);
    return outcome.status == OutcomeStatus::applied ? "" : "cannot be written to";
  }

  StoreFolder folder_;
  FaultyDisk disk_{folder_.path()};
  std::unique_ptr<BlockingRepository> store_;
  MemoryRepository model_;
  StoreContent content_;
  StoreWorkload workload_;
  std::mt19937 chance_;
  std::int64_t calls_for_one_image_ = 1;
  bool leave_log_ = false;
  std::vector<Cut> cuts_;
  int images_ = 0;
  std::vector<std::string> problems_;
};

int images_wanted() {
  const char* wanted = std::getenv("BACKUPCTL_POWER_IMAGES");
  return wanted ? std::atoi(wanted) : 1500;
}

TEST(PowerLoss, NothingAcknowledgedIsLostInAnyImage) {
  const auto start = StoreFolder::new_store();
  int images = 0;
  std::uint32_t seed = 1;
  for (; images < images_wanted(); ++seed) {
    PowerLoss power(seed, start);
    power.run(40, 25);
    images += power.images();
    for (const auto& problem : power.problems()) ADD_FAILURE() << "seed " << seed << ", " << problem;
    if (!power.problems().empty()) break;
  }
  std::printf("%d images of %u runs, none lost anything\n", images, seed - 1);
}

// Long enough for SQLite's own checkpoints.
TEST(PowerLoss, TheLogIsWrittenBackUnderLoad) {
  PowerLoss power(20'261'124, StoreFolder::new_store());
  power.leave_log();
  power.run(300, 150);
  EXPECT_EQ(power.problems(), std::vector<std::string>{});
  EXPECT_GT(power.images(), 30);
}

TEST(PowerLoss, ANewStoreIsMadeWholeOrMadeAgain) {
  int images = 0;
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    PowerLoss power(seed, StoreFolder::empty_store());
    power.run(1, 3);
    images += power.images();
    EXPECT_EQ(power.problems(), std::vector<std::string>{}) << "seed " << seed;
  }
  EXPECT_GT(images, 100);
}

// The test itself: what it must find.
class PlantedPowerLoss : public ::testing::TestWithParam<const char*> {};

TEST_P(PlantedPowerLoss, IsFound) {
  const std::string plant = GetParam();
  int images = 0;
  for (std::uint32_t seed = 1; images < 500; ++seed) {
    PowerLoss power(seed, StoreFolder::new_store());
    if (plant == "lying") {
      power.disk().ignore_syncs();
    } else {
      power.disk().force_synchronous(plant);
    }
    power.run(40, 25);
    images += power.images();
    if (power.problems().empty()) continue;
    std::printf("found after %d images: %s\n", images, power.problems().front().c_str());
    return;
  }
  ADD_FAILURE() << "synchronous=" << plant << " lost nothing in " << images << " images";
}

INSTANTIATE_TEST_SUITE_P(Synchronous, PlantedPowerLoss, ::testing::Values("OFF", "NORMAL", "lying"),
                         [](const auto& plant) { return std::string(plant.param); });

}  // namespace
}  // namespace backupctl::testing
