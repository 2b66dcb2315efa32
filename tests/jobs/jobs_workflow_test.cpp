#include "jobs/workflow.hpp"

#include <gtest/gtest.h>

#include "jobs_sample.hpp"

namespace backupctl::jobs {
namespace {

// What the store does with a change, in memory.
Job after(const Job& job, const Change& change) {
  Job next = job;
  const auto version = change.version.document.version;
  if (change.action == Action::edit) {
    next.newest = change.version;
    next.authors.push_back(change.actor);
    return next;
  }
  if (next.newest.document.version == version) next.newest = change.version;
  if (change.comes_into_force || (next.in_force && next.in_force->document.version == version)) {
    next.in_force = change.version;
  }
  if (change.comes_into_force) next.authors.clear();
  return next;
}

Job drafted(const Actor& actor = alice) {
  return {create(sample_document(), actor).value().version, {}, {actor.owner}};
}

Job act(const Job& job, Action action, const Actor& actor, std::int64_t version) {
  return after(job, decide(job, action, actor, version).value());
}
Job submitted() { return act(drafted(), Action::submit, alice, 1); }
Job approved() { return act(submitted(), Action::approve, bob, 1); }
Job edited(const Job& job, const Actor& actor = alice) {
  return after(job, edit(job, sample_document(), actor, job.newest.document.version).value());
}

std::string outcome(const Result<Change>& change) {
  return change ? std::string(to_string(change->version.document.approval)) : change.error().code;
}

struct Row {
  Action action;
  const char* by_owner;           // alice, whose job it is; she wrote and submitted it
  const char* by_other_owner;     // carol
  const char* by_approver;        // bob
  const char* by_owner_approver;  // alice again, with both roles
};

void expect_rows(const Job& job, std::initializer_list<Row> rows) {
  for (const auto& row : rows) {
    SCOPED_TRACE(std::string(to_string(job.newest.document.approval)) + " " + std::string(to_string(row.action)));
    EXPECT_EQ(outcome(decide(job, row.action, alice, 1)), row.by_owner);
    EXPECT_EQ(outcome(decide(job, row.action, carol, 1)), row.by_other_owner);
    EXPECT_EQ(outcome(decide(job, row.action, bob, 1)), row.by_approver);
    EXPECT_EQ(outcome(decide(job, row.action, alice_approver, 1)), row.by_owner_approver);
  }
}

TEST(JobsWorkflow, Draft) {
  expect_rows(drafted(), {{Action::submit, "Submitted", "forbidden", "forbidden", "Submitted"},
                          {Action::approve, "forbidden", "forbidden", "wrong-state", "wrong-state"},
                          {Action::deny, "forbidden", "forbidden", "wrong-state", "wrong-state"},
                          {Action::suspend, "wrong-state", "forbidden", "wrong-state", "wrong-state"},
                          {Action::resume, "wrong-state", "forbidden", "wrong-state", "wrong-state"},
                          {Action::retire, "Retired", "forbidden", "Retired", "Retired"}});
}

TEST(JobsWorkflow, Submitted) {
  expect_rows(submitted(), {{Action::submit, "wrong-state", "forbidden", "forbidden", "wrong-state"},
                            {Action::approve, "forbidden", "forbidden", "Approved", "four-eyes"},
                            {Action::deny, "forbidden", "forbidden", "Denied", "Denied"},
                            {Action::suspend, "wrong-state", "forbidden", "wrong-state", "wrong-state"},
                            {Action::resume, "wrong-state", "forbidden", "wrong-state", "wrong-state"},
                            {Action::retire, "Retired", "forbidden", "Retired", "Retired"}});
}

TEST(JobsWorkflow, Denied) {
  expect_rows(act(submitted(), Action::deny, bob, 1),
              {{Action::submit, "wrong-state", "forbidden", "forbidden", "wrong-state"},
               {Action::approve, "forbidden", "forbidden", "wrong-state", "wrong-state"},
               {Action::deny, "forbidden", "forbidden", "wrong-state", "wrong-state"},
               {Action::suspend, "wrong-state", "forbidden", "wrong-state", "wrong-state"},
               {Action::resume, "forbidden", "forbidden", "wrong-state", "wrong-state"},
               {Action::retire, "Retired", "forbidden", "Retired", "Retired"}});
}

TEST(JobsWorkflow, Approved) {
  expect_rows(approved(), {{Action::submit, "wrong-state", "forbidden", "forbidden", "wrong-state"},
                           {Action::approve, "forbidden", "forbidden", "wrong-state", "wrong-state"},
                           {Action::deny, "forbidden", "forbidden", "wrong-state", "wrong-state"},
                           {Action::suspend, "Suspended", "forbidden", "Suspended", "Suspended"},
                           {Action::resume, "forbidden", "forbidden", "wrong-state", "wrong-state"},
                           {Action::retire, "Retired", "forbidden", "Retired", "Retired"}});
}

TEST(JobsWorkflow, Suspended) {
  for (const auto& [by, owner_resumes] : {std::pair{alice, "Approved"}, std::pair{bob, "forbidden"}}) {
    expect_rows(act(approved(), Action::suspend, by, 1),
                {{Action::submit, "wrong-state", "forbidden", "forbidden", "wrong-state"},
                 {Action::approve, "forbidden", "forbidden", "wrong-state", "wrong-state"},
                 {Action::deny, "forbidden", "forbidden", "wrong-state", "wrong-state"},
                 {Action::suspend, "wrong-state", "forbidden", "wrong-state", "wrong-state"},
                 {Action::resume, owner_resumes, "forbidden", "Approved", "Approved"},
                 {Action::retire, "Retired", "forbidden", "Retired", "Retired"}});
  }
}

TEST(JobsWorkflow, Retired) {
  for (const auto& job : {act(approved(), Action::retire, bob, 1), act(drafted(), Action::retire, bob, 1)}) {
    expect_rows(job, {{Action::submit, "retired", "forbidden", "forbidden", "retired"},
                      {Action::approve, "forbidden", "forbidden", "retired", "retired"},
                      {Action::deny, "forbidden", "forbidden", "retired", "retired"},
                      {Action::suspend, "retired", "forbidden", "retired", "retired"},
                      {Action::resume, "forbidden", "forbidden", "retired", "retired"},
                      {Action::retire, "retired", "forbidden", "retired", "retired"}});
    EXPECT_EQ(outcome(edit(job, sample_document(), alice, 1)), "retired");
  }
}

TEST(JobsWorkflow, AnEditOfAnApprovedJobLeavesItInForceUntilTheNewVersionIsApproved) {
  auto job = edited(approved());
  EXPECT_EQ(job.shown().document.version, 1);
  EXPECT_EQ(job.shown().document.approval, ApprovalState::approved);
  EXPECT_EQ(job.pending_version(), 2);
  job = act(job, Action::submit, alice, 2);
  EXPECT_EQ(job.shown().document.version, 1);
  job = act(job, Action::approve, bob, 2);
  EXPECT_EQ(job.shown().document.version, 2);
  EXPECT_EQ(job.pending_version(), std::nullopt);
}

TEST(JobsWorkflow, ADeniedChangeLeavesWhatWasInForce) {
  const auto job = act(act(edited(approved()), Action::submit, alice, 2), Action::deny, bob, 2);
  EXPECT_EQ(job.shown().document.version, 1);
  EXPECT_EQ(job.shown().document.approval, ApprovalState::approved);
}

TEST(JobsWorkflow, EveryActionIsBoundToTheVersionItWasMeantFor) {
  const auto job = act(edited(approved()), Action::submit, alice, 2);
  for (const auto action : {Action::approve, Action::deny})
    EXPECT_EQ(outcome(decide(job, action, bob, 1)), "stale-version");
  for (const auto action : {Action::suspend, Action::retire}) {
    EXPECT_EQ(outcome(decide(job, action, bob, 2)), "stale-version");
    EXPECT_NE(outcome(decide(job, action, bob, 1)), "stale-version");
  }
  EXPECT_EQ(outcome(decide(edited(job), Action::approve, bob, 2)), "stale-version");
  EXPECT_EQ(outcome(decide(edited(job), Action::approve, bob, 3)), "wrong-state");
  EXPECT_EQ(outcome(edit(job, sample_document(), alice, 1)), "stale-version");
  EXPECT_EQ(outcome(edit(job, sample_document(), alice, 3)), "stale-version");
}

TEST(JobsWorkflow, NobodyApprovesWhatTheyWroteEditedOrSubmitted) {
  auto dora = Actor{.owner = "dora", .identified = true, .is_owner = true, .is_approver = true, .reads_all = true};
  // Handed over to dora, who edits, while alice wrote the first version.
  auto document = sample_document("dora");
  auto job = after(drafted(), edit(drafted(), document, alice, 1).value());
  job = edited(job, dora);
  job = act(job, Action::submit, dora, 3);
  EXPECT_EQ(outcome(decide(job, Action::approve, dora, 3)), "four-eyes");
  EXPECT_EQ(outcome(decide(job, Action::approve, alice_approver, 3)), "four-eyes");
  EXPECT_EQ(outcome(decide(job, Action::approve, bob, 3)), "Approved");

  // dora only submits what alice wrote.
  job = after(drafted(), edit(drafted(), document, alice, 1).value());
  job = act(job, Action::submit, dora, 2);
  EXPECT_EQ(outcome(decide(job, Action::approve, dora, 2)), "four-eyes");
}

TEST(JobsWorkflow, WhatWasApprovedBeforeBindsNobodyInTheNextRound) {
  auto dora = Actor{.owner = "dora", .identified = true, .is_owner = true};
  auto job = approved();
  job = after(job, edit(job, sample_document("dora"), alice, 1).value());
  job = act(act(job, Action::submit, dora, 2), Action::approve, bob, 2);
  job = act(edited(job, dora), Action::submit, dora, 3);
  EXPECT_EQ(outcome(decide(job, Action::approve, alice_approver, 3)), "Approved");
}

TEST(JobsWorkflow, WithoutIdentitiesNothingIsApproved) {
  auto job = act(drafted(local), Action::submit, local, 1);
  EXPECT_EQ(outcome(decide(job, Action::approve, local, 1)), "identities-required");
  EXPECT_EQ(outcome(decide(job, Action::deny, local, 1)), "Denied");
}

TEST(JobsWorkflow, ASuspendedJobStaysSuspendedWhenAChangeIsApproved) {
  auto job = act(edited(act(approved(), Action::suspend, bob, 1)), Action::submit, alice, 2);
  job = act(job, Action::approve, bob, 2);
  EXPECT_EQ(job.shown().document.version, 2);
  EXPECT_EQ(job.shown().document.approval, ApprovalState::suspended);
  EXPECT_EQ(outcome(decide(job, Action::resume, alice, 2)), "forbidden");
  EXPECT_EQ(outcome(decide(job, Action::resume, bob, 2)), "Approved");
}

TEST(JobsWorkflow, RetiringEndsWhatIsPending) {
  const auto job = act(edited(approved()), Action::retire, alice, 1);
  EXPECT_EQ(job.pending_version(), std::nullopt);
  EXPECT_EQ(outcome(decide(job, Action::submit, alice, 2)), "retired");
}

TEST(JobsWorkflow, OnlyTheOwnerEditsAndTheOwnerMayHandOver) {
  EXPECT_EQ(outcome(edit(drafted(), sample_document(), carol, 1)), "forbidden");
  EXPECT_EQ(outcome(edit(drafted(), sample_document(), bob, 1)), "forbidden");
  const auto handed = after(drafted(), edit(drafted(), sample_document("carol"), alice, 1).value());
  EXPECT_EQ(outcome(edit(handed, sample_document(), alice, 2)), "forbidden");
  const auto change = edit(handed, sample_document(), carol, 2);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->version.document.owner_id, "carol");
  EXPECT_EQ(change->version.document.version, 3);

  const auto pending = after(approved(), edit(approved(), sample_document("carol"), alice, 1).value());
  EXPECT_TRUE(is_own(pending, alice));
  EXPECT_TRUE(is_own(pending, carol));
}

TEST(JobsWorkflow, ANewJobBelongsToWhoCreatesIt) {
  EXPECT_EQ(create(sample_document(), alice)->version.document.owner_id, "alice");
  EXPECT_TRUE(create(sample_document("alice"), alice));
  const auto refused = create(sample_document("carol"), alice);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().faults.at(0).pointer, "/ownerId");
}

TEST(JobsWorkflow, OthersJobsAreNotThereForAnOwner) {
  EXPECT_TRUE(check_visible(drafted(), alice));
  EXPECT_TRUE(check_visible(drafted(), bob));
  const auto hidden = check_visible(drafted(), carol);
  ASSERT_FALSE(hidden);
  EXPECT_EQ(hidden.error().code, "backup-job-not-found");
}

}  // namespace
}  // namespace backupctl::jobs
