// When a controller says that it is not ready, and why: the store fails it, or says nothing at all.
#include <gtest/gtest.h>

#include "app/store_answers.hpp"
#include "unit/support/ground.hpp"

namespace backupctl::app {
namespace {

using namespace std::chrono_literals;

TEST(StoreAnswersTest, SilenceCountsOnceItLasts) {
  StoreAnswers store;
  EXPECT_EQ(store.trouble(1h), "");
  store.asked(10s);
  EXPECT_EQ(store.trouble(15s), "");
  EXPECT_EQ(store.trouble(15s + 1us), "store-silent");
  store.answered();
  EXPECT_EQ(store.trouble(1h), "");
}

TEST(StoreAnswersTest, AFailureCountsUntilAnAnswer) {
  StoreAnswers store;
  store.failed({ErrorKind::unavailable, "no room", true, "store-full"});
  EXPECT_EQ(store.trouble(1s), "store-full");
  store.asked(1s);
  EXPECT_EQ(store.trouble(1h), "store-full");
  store.failed(unavailable("gone"));
  EXPECT_EQ(store.trouble(1h), "store-unavailable");
  store.answered();
  EXPECT_EQ(store.trouble(1h), "");
}

class ReadyTest : public ::testing::Test {
 protected:
  test::Ground ground;
  Controller controller{ground.ports(), {.lease = 24h, .poll_every = 1h}};

  Result<void> start() {
    std::optional<Result<void>> answer;
    controller.async_start([&](Result<void> started) { answer = std::move(started); });
    ground.time.run();
    return answer.value();
  }
};

TEST_F(ReadyTest, ACommitThatIsNotAnsweredIsTold) {
  EXPECT_EQ(controller.why_not_ready(), "not-started");
  ASSERT_TRUE(start());
  EXPECT_TRUE(controller.is_ready());
  ground.store.held = true;
  controller.async_submit(test::submission(), [](const SubmitReply&) {});
  ground.time.advance(5s);
  EXPECT_TRUE(controller.is_ready());
  ground.time.advance(1s);
  EXPECT_EQ(controller.why_not_ready(), "store-silent");
  ground.store.release();
  ground.time.run();
  EXPECT_EQ(controller.why_not_ready(), "");
}

TEST_F(ReadyTest, AStartThatFailsCanBeRepeated) {
  ground.store.is_down = true;
  EXPECT_FALSE(start());
  EXPECT_EQ(controller.why_not_ready(), "store-unavailable");
  ground.time.advance(10s);
  EXPECT_FALSE(controller.is_ready()) << "by itself it does nothing";
  ground.store.is_down = false;
  EXPECT_TRUE(start());
  EXPECT_TRUE(controller.is_ready());
}

}  // namespace
}  // namespace backupctl::app
