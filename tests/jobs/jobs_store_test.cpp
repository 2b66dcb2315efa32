#include "jobs/store.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "jobs/shown_jobs.hpp"
#include "jobs_sample.hpp"

namespace backupctl::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Timestamp at(int second) { return Timestamp{std::chrono::seconds{1'800'000'000 + second}}; }

class JobsStore : public ::testing::Test {
 protected:
  JobsStore() {
    std::string pattern = std::filesystem::temp_directory_path() / "jobs-store-XXXXXX";
    folder = ::mkdtemp(pattern.data());
    reopen();
  }
  ~JobsStore() override {
    store.reset();
    std::filesystem::remove_all(folder);
  }
  void reopen() {
    store.reset();
    store = JobStore::open(folder / "jobs.db", soci::Create::automatic, at(0)).value();
  }
  Job create(int number, const Actor& actor = alice, const std::string& zone = "files") {
    auto document = sample_document();
    document.id = sample_id(number);
    document.zone = *ZoneName::parse(zone);
    return store->create(jobs::create(document, actor).value(), at(number)).value();
  }
  Result<Job> act(int number, Action action, const Actor& actor, std::int64_t version, int second = 50) {
    return store->change(
        sample_id(number), [&](const Job& job) { return decide(job, action, actor, version); }, "because", at(second));
  }
  Result<Job> edit(int number, const Actor& actor, std::int64_t version, const std::string& owner = "") {
    return store->change(
        sample_id(number), [&](const Job& job) { return jobs::edit(job, sample_document(owner), actor, version); }, "",
        at(60));
  }
  std::vector<std::string> listed(const JobQuery& query) {
    std::vector<std::string> ids;
    const auto page = store->list(query).value();
    for (const auto& item : page.items) ids.push_back(item.shown.document.id.to_string().substr(34));
    return ids;
  }

  std::filesystem::path folder;
  std::unique_ptr<JobStore> store;
};

TEST_F(JobsStore, KeepsVersionsAuthorsAndWhatIsInForceOverARestart) {
  create(1);
  act(1, Action::submit, alice, 1).value();
  act(1, Action::approve, bob, 1).value();
  edit(1, alice, 1, "carol").value();
  const auto before = edit(1, carol, 2).value();
  reopen();
  const auto job = store->find(sample_id(1)).value();
  EXPECT_EQ(job.newest, before.newest);
  EXPECT_EQ(job.in_force, before.in_force);
  EXPECT_EQ(job.newest.document.version, 3);
  EXPECT_EQ(job.newest.written_by, "carol");
  EXPECT_EQ(job.in_force->document.version, 1);
  EXPECT_EQ(job.in_force->document.approval, ApprovalState::approved);
  EXPECT_EQ(job.in_force->state_by, "bob");
  EXPECT_THAT(job.authors, ::testing::UnorderedElementsAre("alice", "carol"));
  EXPECT_EQ(store->find_version(sample_id(1), 2)->document.owner_id, "carol");
  EXPECT_EQ(store->find_version(sample_id(1), 4).error().code, "backup-job-version-not-found");
  EXPECT_EQ(store->find(sample_id(2)).error().code, "backup-job-not-found");
}

TEST_F(JobsStore, HistoryNeverGoesBackInTime) {
  create(9);
  act(9, Action::submit, alice, 1, 5).value();  // the clock has stepped back
  act(9, Action::deny, bob, 1, 20).value();
  const auto history = store->history(sample_id(9)).value();
  ASSERT_EQ(history.size(), 3U);
  EXPECT_EQ(history[0].action, Action::create);
  EXPECT_EQ(history[1].time, at(9));
  EXPECT_EQ(history[2].time, at(20));
  EXPECT_EQ(history[2].actor, "bob");
  EXPECT_EQ(history[2].state, ApprovalState::denied);
  EXPECT_EQ(history[2].comment, "because");
}

TEST_F(JobsStore, WhatIsRefusedWritesNothing) {
  create(1);
  EXPECT_EQ(act(1, Action::approve, bob, 1).error().code, "wrong-state");
  EXPECT_EQ(store->history(sample_id(1))->size(), 1U);
  EXPECT_EQ(store->find(sample_id(1))->newest.document.approval, ApprovalState::draft);
  EXPECT_EQ(act(2, Action::submit, alice, 1).error().code, "backup-job-not-found");
}

TEST_F(JobsStore, AnApproverOfASuspendedJobStandsInTheHistoryNotTheSuspender) {
  create(1);
  act(1, Action::submit, alice, 1).value();
  act(1, Action::approve, bob, 1).value();
  act(1, Action::suspend, alice, 1).value();
  edit(1, alice, 1).value();
  act(1, Action::submit, alice, 2, 61).value();
  const auto job = act(1, Action::approve, bob, 2, 62).value();
  EXPECT_EQ(job.in_force->document.version, 2);
  EXPECT_EQ(job.in_force->state_by, "alice");
  EXPECT_EQ(store->history(sample_id(1))->back().actor, "bob");
}

TEST_F(JobsStore, ListsNewestFirstInPagesThatInsertsDoNotMove) {
  for (int i = 1; i <= 5; ++i) create(i);
  auto page = store->list({.limit = 2}).value();
  EXPECT_TRUE(page.has_more);
  EXPECT_THAT(listed({.limit = 2}), ElementsAre("05", "04"));
  create(6);
  EXPECT_THAT(listed({.before = page.items.back().shown.document.id, .limit = 2}), ElementsAre("03", "02"));
  page = store->list({.before = sample_id(2), .limit = 2}).value();
  EXPECT_EQ(page.items.size(), 1U);
  EXPECT_FALSE(page.has_more);
  EXPECT_FALSE(store->list({.limit = 6})->has_more);
}

TEST_F(JobsStore, FiltersByWhatIsShown) {
  create(1);
  create(2, carol);
  create(3, alice, "tapes");
  act(1, Action::submit, alice, 1).value();
  act(1, Action::approve, bob, 1).value();
  edit(1, alice, 1, "carol").value();
  EXPECT_THAT(listed({.state = ApprovalState::approved}), ElementsAre("01"));
  EXPECT_THAT(listed({.state = ApprovalState::draft}), ElementsAre("03", "02"));
  EXPECT_THAT(listed({.zone = "tapes"}), ElementsAre("03"));
  EXPECT_THAT(listed({.owner = "alice"}), ElementsAre("03", "01"));
  EXPECT_THAT(listed({.visible_to = "carol"}), ElementsAre("02", "01"));
  EXPECT_THAT(listed({.visible_to = "nobody"}), IsEmpty());
  EXPECT_EQ(store->list({.state = ApprovalState::approved})->items.at(0).pending_version, 2);
}

TEST_F(JobsStore, CountsByState) {
  create(1);
  create(2);
  act(2, Action::submit, alice, 1).value();
  const auto counts = store->count_by_state().value();
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_EQ(counts[0].state, ApprovalState::draft);
  EXPECT_EQ(counts[0].jobs, 1);
}

TEST_F(JobsStore, RefusesTheStoreOfAnotherProduct) {
  store.reset();
  constexpr EmbeddedFile schema[] = {{"0001_thing.sql", "CREATE TABLE thing (id TEXT)", "aa"}};
  ASSERT_TRUE(soci::SqliteStore::open(folder / "zone.db", {"zone", soci::zone_application_id, schema}, {}, at(0)));
  const auto refused = JobStore::open(folder / "zone.db", soci::Create::automatic, at(0));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "store-other-product");
}

TEST_F(JobsStore, WhatWasShownIsKeptUntilAnybodyCommits) {
  create(1);
  create(2);
  ShownJobs shown(store->connect_reader().value());
  const auto first = shown.version();
  ASSERT_TRUE(first);
  EXPECT_EQ(shown.find(sample_id(1)), nullptr);
  shown.keep(*first, sample_id(1), {store->find(sample_id(1)).value(), {}});
  EXPECT_EQ(shown.version(), first);
  ASSERT_NE(shown.find(sample_id(1)), nullptr);
  EXPECT_EQ(shown.find(sample_id(1))->job.newest.document.approval, ApprovalState::draft);
  EXPECT_EQ(shown.find(sample_id(2)), nullptr);

  act(1, Action::submit, alice, 1).value();
  const auto second = shown.version();
  EXPECT_NE(second, first);
  EXPECT_EQ(shown.find(sample_id(1)), nullptr);
  shown.keep(*first, sample_id(2), {store->find(sample_id(2)).value(), {}});  // read before that, perhaps
  EXPECT_EQ(shown.find(sample_id(2)), nullptr);
  shown.keep(*second, sample_id(2), {store->find(sample_id(2)).value(), {}});
  EXPECT_NE(shown.find(sample_id(2)), nullptr);

  const auto other = JobStore::open(folder / "jobs.db", soci::Create::never, at(1)).value();  // as another process
  other
      ->change(
          sample_id(2), [](const Job& job) { return decide(job, Action::submit, alice, 1); }, "", at(70))
      .value();
  EXPECT_NE(shown.version(), second);
  EXPECT_EQ(shown.find(sample_id(2)), nullptr);
}

TEST_F(JobsStore, OfAStoreThatHasGoneNothingIsKept) {
  create(1);
  ShownJobs shown(store->connect_reader().value());
  const auto version = shown.version();
  shown.keep(*version, sample_id(1), {store->find(sample_id(1)).value(), {}});
  std::filesystem::rename(folder / "jobs.db", folder / "elsewhere.db");
  EXPECT_FALSE(shown.version());
  EXPECT_EQ(shown.find(sample_id(1)), nullptr);
  std::filesystem::rename(folder / "elsewhere.db", folder / "jobs.db");
}

}  // namespace
}  // namespace backupctl::jobs
