// The k-th call to the disk fails, for each k until a run gets through, and for each kind of call; or the disk is full
// from the k-th write on (BACKUPCTL_EVERY_CALL=1: every k; else the first ones and then fewer and fewer).
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>

#include "backupctl/soci/store.hpp"
#include "crash/faulty_disk.hpp"
#include "crash/store_folder.hpp"
#include "crash/store_workload.hpp"

namespace backupctl::testing {
namespace {

constexpr std::chrono::milliseconds busy_timeout{20};
constexpr int groups = 6;
constexpr int power_cuts = 1;  // at the end of each run

// A store in the middle of its work, with what it should hold.
struct Start {
  DiskImage image{};
  MemoryRepository model{};
  StoreWorkload workload{7};

  static const Start& with_short_log() {
    static const Start start = make(1);
    return start;
  }
  // The next commits write it back.
  static const Start& with_long_log() {
    static const Start start = make(985 * 4120);
    return start;
  }

 private:
  static Start make(std::uintmax_t log_bytes) {
    const StoreFolder folder;
    Start start;
    auto store = soci::open_blocking(folder.url()).value();
    do {
      const auto commands = start.workload.next(start.model);
      store->apply(commands);
      start.model.apply(commands);
    } while (std::filesystem::file_size(folder.database().string() + "-wal") < log_bytes);
    start.image = read_image(folder.path());
    return start;
  }
};

struct Fault {
  DiskCall call;
  std::int64_t kth = 1;
  bool lasting = false;
  bool full = false;
};

// One life of a store on a disk that fails once, or until it is mended.
class Life {
 public:
  Life(const Start& start, const Fault& fault) : fault_(fault), model_(start.model), workload_(start.workload) {
    write_image(start.image, folder_.path());
  }

  // False: the fault was never met. Failures are told through `problem`.
  bool run(std::string& problem) {
    fault_.full ? disk_.fill(fault_.kth) : disk_.fail(fault_.call, fault_.kth, fault_.lasting);
    problem = live();
    if (problem.empty()) problem = left_ ? problem_of_successor() : problem_of_power_loss(disk_, model_);
    store_.reset();
    return disk_.has_failed();
  }

 private:
  std::string live() {
    if (auto problem = open(); !problem.empty()) return problem;
    for (int i = 0; i < groups && !left_; ++i) {
      if (auto problem = write(workload_.next(model_)); !problem.empty()) return problem;
      if (left_) return {};
      // Reading a large store each time takes long and shows no more.
      const bool is_small = model_.requests().size() < 50;
      if (auto problem = is_small || i + 1 == groups ? read() : ""; !problem.empty()) return problem;
    }
    return {};
  }

  std::string open() {
    for (int tries = 0; tries < 2; ++tries) {
      auto store = soci::open_blocking(
          folder_.url(),
          {.create = false, .busy_timeout = busy_timeout, .sqlite_log_pages = 1000, .sqlite_vfs = disk_.vfs()});
      if (store) {
        store_ = *std::move(store);
        // A sync that fails while a connection writes the log back and closes promises nothing: the log is kept.
        seen_ = disk_.has_failed();
        return {};
      }
      if (auto odd = oddity_of(store.error()); !odd.empty()) return "opening: " + odd;
      if (tries == 1) return "does not open though the disk is well again: " + store.error().detail;
      disk_.heal();
    }
    return {};
  }

  std::string write(const std::vector<Command>& commands) {
    for (int tries = 0; tries < 2; ++tries) {
      const auto outcomes = store_->apply(commands);
      if (outcomes[0].status == OutcomeStatus::unknown) {
        left_ = true;
        maybe_ = commands;
        return problem_of_leaving(outcomes);
      }
      if (outcomes[0].status != OutcomeStatus::failed) {
        const auto expected = model_.apply(commands);
        for (std::size_t i = 0; i < outcomes.size(); ++i) {
          if (outcomes[i].status != expected[i].status) return "the store answered otherwise than the model";
        }
        if (fault_.call == DiskCall::sync && disk_.has_failed() && !seen_) return "a failed sync was kept silent";
        return {};
      }
      for (const auto& outcome : outcomes) {
        if (outcome.status != OutcomeStatus::failed) return "half of a group failed";
        if (auto odd = oddity_of(*outcome.error); !odd.empty()) return "writing: " + odd;
      }
      if (tries == 1) return "cannot write though the disk is well again: " + outcomes[0].error->detail;
      disk_.heal();
    }
    return {};
  }

  // Whoever does not know what is on the disk must not go on.
  std::string problem_of_leaving(const std::vector<Outcome>& outcomes) {
    for (const auto& outcome : outcomes) {
      if (outcome.status != OutcomeStatus::unknown || outcome.error->code != "store-commit-unknown")
        return "half of a group is unknown";
    }
    disk_.heal();
    const auto again = store_->apply(maybe_).at(0);
    return again.status == OutcomeStatus::failed && again.error->code == "store-commit-unknown"
               ? ""
               : "writes go on after a commit with an unknown outcome";
  }

  std::string read() {
    for (int tries = 0; tries < 2; ++tries) {
      const auto content = content_of(*store_);
      if (content) return difference(*content, content_of(model_).value());
      if (auto odd = oddity_of(content.error()); !odd.empty()) return "reading: " + odd;
      if (tries == 1) return "cannot read though the disk is well again: " + content.error().detail;
      disk_.heal();
    }
    return {};
  }

  // The process has left. The next one finds the disk as the kernel has it, and what it then shows must be there to
  // stay.
  std::string problem_of_successor() {
    const StoreFolder folder;
    FaultyDisk disk(folder.path(), disk_);
    auto store = soci::open_blocking(folder.url(), {.create = false, .sqlite_vfs = disk.vfs()});
    if (!store) return "the successor cannot open: " + store.error().detail;
    const auto content = content_of(**store);
    if (!content) return "the successor cannot read: " + content.error().detail;
    auto with = model_;
    with.apply(maybe_);
    const bool is_in = *content == content_of(with).value();
    if (!is_in) {
      if (auto lost = difference(*content, content_of(model_).value()); !lost.empty()) return "after leaving: " + lost;
    }
    const auto problem = problem_of_power_loss(disk, is_in ? with : model_);
    return problem.empty() ? "" : "shown by the successor, then lost: " + problem;
  }

  static std::string problem_of_power_loss(const FaultyDisk& disk, MemoryRepository& model) {
    const auto expected = content_of(model).value();
    std::mt19937 random(5);
    for (int i = 0; i < power_cuts; ++i) {
      const StoreFolder folder;
      write_image(disk.after_power_loss(random), folder.path());
      const auto damage = integrity_of(folder.database());
      if (damage != "ok") return "damaged after a power loss: " + damage;
      auto store = soci::open_blocking(folder.url(), {.create = false});
      if (!store) return "does not open after a power loss: " + store.error().detail;
      const auto content = content_of(**store);
      if (!content) return "cannot be read after a power loss: " + content.error().detail;
      if (auto lost = difference(*content, expected); !lost.empty()) return "after a power loss: " + lost;
      if (auto contradiction = contradiction_in(*content); !contradiction.empty()) return contradiction;
    }
    return {};
  }

  // Empty, or what is wrong with how a failure of the disk is told.
  std::string oddity_of(const Error& error) {
    seen_ = true;
    static const std::set<std::string> known{"store-io-error", "store-full", "store-unreachable", "store-busy",
                                             "store-no-memory"};
    const bool full_is_told = !fault_.full || error.code == "store-full";
    if (error.kind == ErrorKind::unavailable && known.contains(error.code) && full_is_told) return {};
    return "told as \"" + error.code + "\": " + error.detail;
  }

  const Fault fault_;
  StoreFolder folder_;
  FaultyDisk disk_{folder_.path()};
  MemoryRepository model_;
  StoreWorkload workload_;
  std::unique_ptr<BlockingRepository> store_;
  std::vector<Command> maybe_;
  bool left_ = false;
  bool seen_ = false;  // the fault has been told
};

// Tries k = 1, 2, … until a run gets through without meeting the fault.
void fail_each_call(const Start& start, Fault fault) {
  const bool every = std::getenv("BACKUPCTL_EVERY_CALL") != nullptr;
  int runs = 0;
  for (fault.kth = 1;; fault.kth += every || fault.kth < 16 ? 1 : 1 + fault.kth / 6, ++runs) {
    std::string problem;
    const bool met = Life(start, fault).run(problem);
    ASSERT_EQ(problem, "") << to_string(fault.call) << " " << fault.kth << (fault.lasting ? ", lasting" : "");
    if (met) continue;
    EXPECT_GT(runs, 0) << "nothing was tried";
    std::printf("%s: %d of %lld calls failed, one in each run\n", std::string(to_string(fault.call)).c_str(), runs,
                static_cast<long long>(fault.kth - 1));
    return;
  }
}

class FailingDisk : public ::testing::TestWithParam<DiskCall> {};

TEST_P(FailingDisk, OnceLosesNothing) { fail_each_call(Start::with_short_log(), {.call = GetParam()}); }
TEST_P(FailingDisk, UntilItIsMendedLosesNothing) {
  fail_each_call(Start::with_short_log(), {.call = GetParam(), .lasting = true});
}

INSTANTIATE_TEST_SUITE_P(Call, FailingDisk, ::testing::ValuesIn(all_disk_calls),
                         [](const auto& call) { return std::string(to_string(call.param)); });

class FailingDiskUnderALongLog : public ::testing::TestWithParam<DiskCall> {};

TEST_P(FailingDiskUnderALongLog, LosesNothing) { fail_each_call(Start::with_long_log(), {.call = GetParam()}); }

INSTANTIATE_TEST_SUITE_P(Call, FailingDiskUnderALongLog,
                         ::testing::Values(DiskCall::write, DiskCall::sync, DiskCall::truncate),
                         [](const auto& call) { return std::string(to_string(call.param)); });

TEST(FullDisk, FromAnyWriteOnLosesNothingAndGoesOnWithSpace) {
  for (const auto* start : {&Start::with_short_log(), &Start::with_long_log()})
    fail_each_call(*start, {.call = DiskCall::write, .lasting = true, .full = true});
}

}  // namespace
}  // namespace backupctl::testing
