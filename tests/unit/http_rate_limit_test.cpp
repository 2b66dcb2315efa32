#include "http/rate_limit.hpp"

#include <gtest/gtest.h>

namespace backupctl::http {
namespace {

using namespace std::chrono_literals;

TEST(RateLimit, LetsAsManyThroughAtOnceAsItAllowsASecond) {
  RateLimit limit(10);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(limit.refusal("batch", 100s)) << i;
  EXPECT_EQ(limit.refusal("batch", 100s), Duration{100ms});
}

TEST(RateLimit, LetsTheNextThroughWhenItSaidSo) {
  RateLimit limit(2);
  EXPECT_FALSE(limit.refusal("batch", 100s));
  EXPECT_FALSE(limit.refusal("batch", 100s));
  EXPECT_EQ(limit.refusal("batch", 100s + 100ms), Duration{400ms});
  EXPECT_FALSE(limit.refusal("batch", 100s + 500ms));
  EXPECT_EQ(limit.refusal("batch", 100s + 500ms), Duration{500ms});
}

TEST(RateLimit, KeepsTheAverageOverAMinute) {
  RateLimit limit(5);
  int let_through = 0;
  for (Duration now = 0s; now < 60s; now += 10ms) let_through += limit.refusal("batch", now) ? 0 : 1;
  EXPECT_EQ(let_through, 5 * 60 + 4);  // and the four that the first second had saved
}

TEST(RateLimit, CountsEveryOwnerForItself) {
  RateLimit limit(1);
  EXPECT_FALSE(limit.refusal("batch", 100s));
  EXPECT_TRUE(limit.refusal("batch", 100s));
  EXPECT_FALSE(limit.refusal("ledger", 100s));
}

TEST(RateLimit, OfNoneLetsEverythingThrough) {
  RateLimit limit(0);
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(limit.refusal("batch", 100s));
}

}  // namespace
}  // namespace backupctl::http
