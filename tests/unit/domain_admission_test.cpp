#include <gtest/gtest.h>

#include "domain/admission.hpp"
#include "unit/support/ground.hpp"

namespace backupctl {
namespace {

using test::date;
using test::job;
using test::order;

std::string reason(const BackupJob& asked) { return reason_not_allowed(asked, order()).value_or("allowed"); }

BackupOrder received_at(const char* time) {
  auto made = order();
  made.received = parse_timestamp(time).value();
  return made;
}

TEST(Admission, AllowsWhatEveryRuleAllows) { EXPECT_EQ(reason(job()), "allowed"); }

TEST(Admission, NamesAnUnknownJob) {
  EXPECT_EQ(reason_not_allowed({}, order()), "there is no backup job " + order().job_id.to_string());
}

TEST(Admission, OnlyApprovedJobs) {
  for (const auto state : {ApprovalState::draft, ApprovalState::submitted, ApprovalState::denied,
                           ApprovalState::suspended, ApprovalState::retired}) {
    auto asked = job();
    asked.approval = state;
    EXPECT_EQ(reason(asked), "the backup job is not approved: it is " + std::string(to_string(state)));
  }
}

TEST(Admission, InForceFromTheStartOfTheFirstToTheEndOfTheLastDay) {
  auto asked = job();
  asked.in_force_from = date("2021-01-02");
  asked.in_force_to = date("2021-01-03");
  EXPECT_EQ(reason_not_allowed(asked, received_at("2021-01-01T23:59:59.999999Z")),
            "the backup job is not in force before 2021-01-02");
  EXPECT_FALSE(reason_not_allowed(asked, received_at("2021-01-02T00:00:00Z")));
  EXPECT_FALSE(reason_not_allowed(asked, received_at("2021-01-03T23:59:59.999999Z")));
  EXPECT_EQ(reason_not_allowed(asked, received_at("2021-01-04T00:00:00Z")),
            "the backup job is not in force after 2021-01-03");
}

TEST(Admission, OnlyNamedRequesters) {
  auto asked = job();
  asked.allowed_requesters = {"Batch", "batch2"};
  EXPECT_EQ(reason(asked), "the backup job does not name batch among its requesters");
  asked.allowed_requesters.clear();
  EXPECT_NE(reason(asked), "allowed");
}

TEST(Admission, OnlySourcesBeneathARoot) {
  auto asked = job();
  asked.source_roots = {"/dat", "/data/x/y"};
  EXPECT_EQ(reason(asked), "the source /data/x is outside the backup job's source roots");
  asked.source_roots.clear();
  EXPECT_NE(reason(asked), "allowed");
  asked.source_roots = {"/other", "/data/x"};
  EXPECT_EQ(reason(asked), "allowed");
}

}  // namespace
}  // namespace backupctl
