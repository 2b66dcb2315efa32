#include <gtest/gtest.h>

#include "app/job_checks.hpp"
#include "unit/support/ground.hpp"

namespace backupctl::app {
namespace {

using namespace std::chrono_literals;
using test::id;

class JobChecksTest : public ::testing::Test {
 protected:
  test::Ground ground;
  ControllerOptions options{.breaker_failures = 2, .breaker_probe_every = 5s};
  Context context{ground.ports(), options};
  JobChecks checks{context};
  std::vector<std::pair<int, JobAnswer>> told;

  void read(int request, int job = 1) {
    checks.read(id<JobId>(job), {id<RequestId>(request), ""},
                [this, request](const SharedJobAnswer& answer) { told.emplace_back(request, *answer); });
    ground.time.run();
  }
  void answer(std::size_t call, Result<std::optional<BackupJob>> with = std::optional(test::job())) {
    ground.jobs.calls.at(call).handler(std::move(with));
    ground.time.run();
  }
};

TEST_F(JobChecksTest, RequestsThatComeDuringACallAreServedByTheNext) {
  read(1);
  read(2);
  read(3);
  EXPECT_EQ(ground.jobs.calls.size(), 1u);
  answer(0);
  ASSERT_EQ(told.size(), 1u) << "the call had begun before the others were received";
  EXPECT_EQ(told[0].first, 1);
  ASSERT_EQ(ground.jobs.calls.size(), 2u);
  EXPECT_EQ(ground.jobs.calls[1].context.request_id, id<RequestId>(2));
  read(4);
  answer(1);
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(told[2].first, 3);
  EXPECT_EQ(told[2].second.asked_for, id<RequestId>(2));
  answer(2);
  EXPECT_EQ(told.size(), 4u);
  EXPECT_EQ(ground.jobs.calls.size(), 3u);
}

TEST_F(JobChecksTest, OneReadFromWithinAnAnswerIsServedByACallOfItsOwn) {
  checks.read(id<JobId>(1), {id<RequestId>(1), ""}, [this](const SharedJobAnswer&) { read(2); });
  answer(0);
  EXPECT_EQ(ground.jobs.calls.size(), 2u);
  EXPECT_TRUE(told.empty());
  answer(1);
  EXPECT_EQ(told.size(), 1u);
}

TEST_F(JobChecksTest, JobsDoNotWaitForEachOther) {
  read(1, 1);
  read(2, 2);
  EXPECT_EQ(ground.jobs.calls.size(), 2u);
}

TEST_F(JobChecksTest, AFailingServiceIsLeftAloneButForATrial) {
  for (int i = 1; i <= 2; ++i) {
    read(i);
    answer(static_cast<std::size_t>(i - 1), unavailable("refused"));
  }
  EXPECT_EQ(checks.breaker().state(), BreakerState::open);
  read(3);
  EXPECT_EQ(ground.jobs.calls.size(), 2u);
  ASSERT_EQ(told.size(), 3u);
  EXPECT_NE(told[2].second.job.error().detail.find("refused"), std::string::npos);
  ground.time.advance(5s);
  read(4);
  EXPECT_EQ(ground.jobs.calls.size(), 3u);
  read(5, 2);
  EXPECT_EQ(ground.jobs.calls.size(), 3u) << "one trial at a time";
  answer(2);
  EXPECT_EQ(checks.breaker().state(), BreakerState::closed);
  EXPECT_TRUE(told.back().second.job);
}

TEST_F(JobChecksTest, ThatThereIsNoSuchJobIsAnAnswer) {
  read(1);
  answer(0, std::optional<BackupJob>{});
  ASSERT_TRUE(told[0].second.job);
  EXPECT_FALSE(*told[0].second.job);
  EXPECT_EQ(checks.breaker().state(), BreakerState::closed);
}

}  // namespace
}  // namespace backupctl::app
