#include <gtest/gtest.h>

#include "app/watchers.hpp"
#include "unit/support/ground.hpp"

namespace backupctl::app {
namespace {

using namespace std::chrono_literals;
using test::id;

class WatchersTest : public ::testing::Test {
 protected:
  test::Ground ground;
  Context context{ground.ports(), {}};
  Watchers watchers{context};
  std::vector<Result<BackupRequest>> told;

  WatchersTest() { ground.store.put(row(RequestState::received)); }
  static BackupRequest row(RequestState state) {
    BackupRequest made{test::order(), {.next_action = test::epoch}};
    made.progress.state = state;
    return made;
  }
  void watch(Duration timeout = 1min, int request = 1) {
    watchers.watch(
        id<RequestId>(request), [](const BackupRequest& seen) { return is_terminal(seen.progress.state); }, timeout,
        [this](Result<BackupRequest> answer) { told.push_back(std::move(answer)); });
    EXPECT_TRUE(told.empty());
  }
  void end_elsewhere() {
    auto next = row(RequestState::failed).progress;
    next.next_action.reset();
    ++next.revision;
    ground.store.engine.apply({ChangeRequest{.id = id<RequestId>(1), .from = RequestState::received, .next = next}});
  }
};

TEST_F(WatchersTest, AnswerAtOnceWhenItIsSoAlready) {
  end_elsewhere();
  watch();
  ground.time.run();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0]->progress.state, RequestState::failed);
}

TEST_F(WatchersTest, AreToldAtOnceOfWhatThisControllerDoes) {
  watch();
  ground.time.run();
  watchers.saw(row(RequestState::allowed));
  EXPECT_TRUE(told.empty());
  watchers.saw(row(RequestState::succeeded));
  ASSERT_EQ(told.size(), 1u);
  watchers.saw(row(RequestState::succeeded));
  ground.time.advance(2min);
  EXPECT_EQ(told.size(), 1u);
}

TEST_F(WatchersTest, SeeWithinAMomentWhatOthersDo) {
  watch();
  ground.time.advance(10s);
  EXPECT_TRUE(told.empty());
  end_elsewhere();
  ground.time.advance(500ms);
  EXPECT_EQ(told.size(), 1u);
}

TEST_F(WatchersTest, AnswerWithWhatItIsWhenTimeIsUp) {
  watch(2s);
  ground.time.advance(1900ms);
  EXPECT_TRUE(told.empty());
  ground.time.advance(500ms);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0]->progress.state, RequestState::received);
}

TEST_F(WatchersTest, SayThatThereIsNoSuchRequest) {
  watch(1min, 5);
  ground.time.run();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].error().kind, ErrorKind::not_found);
}

TEST_F(WatchersTest, BearWithAStoreThatIsAwayUntilTimeIsUp) {
  ground.store.is_down = true;
  watch(5s);
  ground.time.advance(4s);
  EXPECT_TRUE(told.empty());
  ground.time.advance(2s);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].error().kind, ErrorKind::unavailable);
}

TEST_F(WatchersTest, MayWatchAgainFromWithinTheAnswer) {
  int answers = 0;
  const auto ended = [](const BackupRequest& seen) { return is_terminal(seen.progress.state); };
  watchers.watch(id<RequestId>(1), ended, 1min, [&](const Result<BackupRequest>&) {
    ++answers;
    watchers.watch(id<RequestId>(1), ended, 1min, [&](const Result<BackupRequest>&) { ++answers; });
  });
  end_elsewhere();
  ground.time.advance(1s);
  EXPECT_EQ(answers, 2);
}

}  // namespace
}  // namespace backupctl::app
