#include <gtest/gtest.h>

#include "app/breaker.hpp"
#include "app/retry_delay.hpp"

namespace backupctl::app {
namespace {

using namespace std::chrono_literals;

TEST(Breaker, OpensAfterSoManyFailuresInARow) {
  Breaker breaker(3, 5s);
  breaker.failed(0s, "a");
  breaker.failed(0s, "b");
  breaker.succeeded();
  breaker.failed(0s, "c");
  breaker.failed(0s, "d");
  EXPECT_TRUE(breaker.allows(0s));
  breaker.failed(1s, "e");
  EXPECT_EQ(breaker.state(), BreakerState::open);
  EXPECT_EQ(breaker.last_error(), "e");
  EXPECT_FALSE(breaker.allows(5999ms));
}

TEST(Breaker, LetsOneTrialThrough) {
  Breaker breaker(1, 5s);
  breaker.failed(0s, "a");
  EXPECT_TRUE(breaker.allows(5s));
  EXPECT_EQ(breaker.state(), BreakerState::half_open);
  EXPECT_FALSE(breaker.allows(6s)) << "one at a time";
  breaker.failed(6s, "b");
  EXPECT_FALSE(breaker.allows(10s));
  EXPECT_TRUE(breaker.allows(11s));
  breaker.succeeded();
  EXPECT_EQ(breaker.state(), BreakerState::closed);
  EXPECT_EQ(breaker.last_error(), "");
  EXPECT_TRUE(breaker.allows(11s));
}

TEST(Breaker, ATrialThatNeverEndsDoesNotKeepThePeerOut) {
  Breaker breaker(1, 5s);
  breaker.failed(0s, "a");
  EXPECT_TRUE(breaker.allows(5s));
  EXPECT_TRUE(breaker.allows(10s));
}

TEST(Breaker, ATrialGivenBackIsThereForTheNext) {
  Breaker breaker(1, 5s);
  breaker.failed(0s, "a");
  EXPECT_TRUE(breaker.allows(5s));
  breaker.give_back_trial(5s);
  EXPECT_EQ(breaker.state(), BreakerState::open);
  EXPECT_TRUE(breaker.allows(5s));
  breaker.succeeded();
  breaker.give_back_trial(6s);
  EXPECT_EQ(breaker.state(), BreakerState::closed);
}

TEST(Breaker, BadCredentialsOpenItAtOnce) {
  Breaker breaker(5, 5s);
  breaker.failed(0s, "401", true);
  EXPECT_EQ(breaker.state(), BreakerState::open);
}

TEST(RetryDelay, DoublesUpToTheMostWithARandomHalf) {
  EXPECT_EQ(retry_delay(1, 1s, 5min, 0), 500ms);
  EXPECT_EQ(retry_delay(1, 1s, 5min, 500'000), 1s);
  EXPECT_EQ(retry_delay(4, 1s, 5min, 0), 4s);
  EXPECT_EQ(retry_delay(1000, 1s, 5min, 0), 150s);
  EXPECT_EQ(retry_delay(0, 1s, 5min, 0), 500ms);
  EXPECT_EQ(retry_delay(1, 10min, 5min, 0), 150s);
  EXPECT_EQ(retry_delay(3, 0s, 0s, 77), 0s);
  for (std::uint64_t random = 0; random < 5'000'000; random += 77'777) {
    const auto delay = retry_delay(3, 1s, 5min, random);
    EXPECT_GE(delay, 2s);
    EXPECT_LE(delay, 4s);
  }
}

}  // namespace
}  // namespace backupctl::app
