#include <gtest/gtest.h>

#include "app/audit_chain.hpp"
#include "app/committer.hpp"
#include "unit/support/ground.hpp"

namespace backupctl::app {
namespace {

using namespace std::chrono_literals;
using test::epoch;
using test::Fate;
using test::id;
using test::order;

class CommitterTest : public ::testing::Test {
 protected:
  test::Ground ground;
  ControllerOptions options{.max_waiting_commands = 5, .max_group = 3};
  Context context{ground.ports(), options};
  Committer committer{context};
  std::vector<std::string> told;

  AdmitRequest admit(int number) {
    return {{order(number), {.next_action = epoch}}, {{RequestState::received, epoch, {}}}};
  }
  ChangeRequest change(int number, std::int64_t revision = 2) {
    RequestProgress next{.state = RequestState::allowed, .next_action = epoch, .revision = revision};
    return {.id = id<RequestId>(number),
            .from = RequestState::received,
            .next = next,
            .history = {{RequestState::allowed, epoch + 1s, {}}},
            .job_version = test::job()};
  }
  void submit(Command command, std::string name, Patience patience = Patience::until_written,
              Company company = Company::none) {
    auto tell = [this, name](const Outcome& outcome) {
      const char* texts[] = {"applied", "already_done", "lost_guard", "unknown", "failed"};
      told.push_back(name + " " + texts[static_cast<int>(outcome.status)] +
                     (outcome.error && !outcome.error->code.empty() ? " " + outcome.error->code : ""));
    };
    committer.submit(std::move(command), patience, std::move(tell), company);
  }
  void submit_checked(int number, std::string name) {
    submit(admit(number), std::move(name), Patience::once, Company::change_on_the_way);
  }
  void run() { ground.time.advance(10s); }
  std::vector<std::size_t> group_sizes() {
    std::vector<std::size_t> sizes;
    for (const auto& group : ground.store.groups) sizes.push_back(group.size());
    return sizes;
  }
  using Told = std::vector<std::string>;
};

TEST_F(CommitterTest, WhatWaitsWhenACommitEndsMakesUpTheNext) {
  for (int i = 1; i <= 5; ++i) submit(admit(i), std::to_string(i));
  EXPECT_TRUE(told.empty()) << "never from inside the call";
  run();
  EXPECT_EQ(group_sizes(), (std::vector<std::size_t>{1, 3, 1}));
  EXPECT_EQ(told.size(), 5u);
  EXPECT_TRUE(committer.is_idle());
}

TEST_F(CommitterTest, OneCommandOfAnEntityInAGroupAndInOrder) {
  ground.store.held = true;
  submit(admit(9), "first");
  submit(PauseZone{test::zone(), true}, "pause");
  submit(PauseZone{test::zone(), false}, "resume");
  submit(admit(2), "other");
  ground.store.release();
  run();
  EXPECT_EQ(group_sizes(), (std::vector<std::size_t>{1, 2, 1}));
  EXPECT_EQ(told.back(), "resume applied");
}

TEST_F(CommitterTest, ReceivedAndAllowedAreWrittenOnce) {
  ground.store.held = true;
  submit(admit(9), "first");
  submit(admit(1), "admit");
  submit(change(1), "change");
  ground.store.release();
  run();
  EXPECT_EQ(group_sizes(), (std::vector<std::size_t>{1, 1}));
  EXPECT_EQ(told, (Told{"first applied", "admit applied", "change applied"}));
  const auto row = ground.store.row(id<RequestId>(1));
  EXPECT_EQ(row.progress.state, RequestState::allowed);
  EXPECT_EQ(row.progress.revision, 2);
  const auto history = ground.store.engine.history(id<RequestId>(1)).value();
  ASSERT_EQ(history.size(), 2u);
  EXPECT_EQ(history[0], (HistoryEntry{RequestState::received, epoch, {}}));
  EXPECT_EQ(history[1], (HistoryEntry{RequestState::allowed, epoch + 1s, {}}));
}

TEST_F(CommitterTest, AnAdmissionWaitsForItsCheckAndThenNoLonger) {
  submit_checked(1, "admit");
  ground.time.run();
  EXPECT_TRUE(group_sizes().empty());
  EXPECT_FALSE(committer.is_idle());
  submit(change(1), "change");
  ground.time.run();
  EXPECT_EQ(group_sizes(), (std::vector<std::size_t>{1}));
  EXPECT_EQ(told, (Told{"admit applied", "change applied"}));
  EXPECT_EQ(ground.store.row(id<RequestId>(1)).progress.state, RequestState::allowed);
}

TEST_F(CommitterTest, AnAdmissionWhoseCheckTakesLongIsWrittenMeanwhile) {
  submit_checked(1, "admit");
  ground.time.advance(30ms);
  submit_checked(2, "later");
  ground.time.advance(19ms);
  EXPECT_TRUE(group_sizes().empty());
  ground.time.advance(1ms);
  EXPECT_EQ(told, Told{"admit applied"});
  ground.time.advance(29ms);
  EXPECT_EQ(told.size(), 1u);
  ground.time.advance(1ms);
  EXPECT_EQ(told, (Told{"admit applied", "later applied"}));
  EXPECT_TRUE(committer.is_idle());
}

TEST_F(CommitterTest, OthersDoNotWaitForAnAdmissionsCheck) {
  submit_checked(1, "checked");
  submit(admit(2), "other");
  ground.time.run();
  EXPECT_EQ(told, Told{"other applied"});
  submit(change(1, 3), "of another revision");  // not merged: it stays behind the admission
  run();
  EXPECT_EQ(told, (Told{"other applied", "checked applied", "of another revision lost_guard"}));
}

TEST_F(CommitterTest, TheNextGroupIsUnderWayWhenTheOutcomesOfTheLastAreTold) {
  std::size_t begun = 0;
  ground.store.held = true;
  committer.submit(admit(1), Patience::once, [&](const Outcome&) { begun = group_sizes().size(); });
  submit(admit(2), "next");
  ground.store.release();
  run();
  EXPECT_EQ(begun, 2u);
}

TEST_F(CommitterTest, OnceClosedItWritesNothingMore) {
  ground.store.held = true;
  submit(admit(1), "under way");
  submit(admit(2), "waits", Patience::once);
  submit(admit(3), "is ours");
  submit_checked(4, "is checked");
  committer.close();
  EXPECT_EQ(told, (Told{"waits failed store-unavailable", "is checked failed store-unavailable"}));
  submit(change(4), "its outcome");
  submit(admit(5), "late", Patience::once);
  ground.store.release();
  run();
  EXPECT_EQ(told, (Told{"waits failed store-unavailable", "is checked failed store-unavailable",
                        "late failed store-unavailable", "under way applied"}));
  EXPECT_EQ(group_sizes(), std::vector<std::size_t>{1});
  EXPECT_TRUE(committer.is_idle());
}

class CommitterGroups : public ::testing::Test {
 protected:
  test::Ground ground;
  ControllerOptions options;
  Context context{ground.ports(), options};
  Committer committer{context};
  int submitted = 0;

  // So many arrive while the store has another.
  std::vector<std::size_t> sizes_of(int many) {
    ground.store.groups.clear();
    ground.store.held = true;
    for (int i = 0; i <= many; ++i) {
      committer.submit(AdmitRequest{{order(++submitted), {.next_action = epoch}}, {}}, Patience::once,
                       [](const Outcome&) {});
    }
    ground.store.release();
    ground.time.advance(10s);
    std::vector<std::size_t> sizes;
    for (const auto& group : ground.store.groups) sizes.push_back(group.size());
    return sizes;
  }
};

TEST_F(CommitterGroups, AfterAGroupThatLeftTheStoreNothingToDoHalfAreTaken) {
  EXPECT_EQ(sizes_of(40), (std::vector<std::size_t>{1, 40}));
  EXPECT_EQ(sizes_of(40), (std::vector<std::size_t>{1, 20, 10, 10}));
  EXPECT_EQ(sizes_of(16), (std::vector<std::size_t>{1, 16})) << "few are not worth it";
}

TEST_F(CommitterGroups, AfterSomeHalvedOnesAllAreTriedAgain) {
  sizes_of(17);
  for (int i = 0; i < 32; ++i) EXPECT_EQ(sizes_of(17), (std::vector<std::size_t>{1, 9, 8}));
  EXPECT_EQ(sizes_of(17), (std::vector<std::size_t>{1, 17}));
}

class CommitterOnSeveral : public CommitterTest {
 protected:
  CommitterOnSeveral() {
    ground.store.at_once = 2;
    ground.store.held = true;
  }
  std::vector<InstanceId> writers() {
    std::vector<InstanceId> writers;
    const auto records = ground.store.engine.list_audit({}).value();
    for (const auto& record : records) writers.push_back(record.entry.writer);
    return writers;
  }
};

TEST_F(CommitterOnSeveral, AnotherGroupIsBegunWhenAsMuchWaitsAsIsUnderWay) {
  submit(admit(1), "1");
  EXPECT_EQ(group_sizes(), (std::vector<std::size_t>{1}));
  submit(admit(2), "2");
  EXPECT_EQ(group_sizes(), (std::vector<std::size_t>{1, 1}));
  for (int i = 3; i <= 5; ++i) submit(admit(i), std::to_string(i));
  EXPECT_EQ(group_sizes(), (std::vector<std::size_t>{1, 1})) << "it takes two, no more";
  ground.store.release_last();
  run();
  EXPECT_EQ(told, (Told{"2 applied"}));
  EXPECT_EQ(group_sizes(), (std::vector<std::size_t>{1, 1, 3}));
  ground.store.release_last();
  submit(admit(6), "6");
  run();
  EXPECT_EQ(group_sizes(), (std::vector<std::size_t>{1, 1, 3, 1}));
  submit(admit(7), "7");
  ground.store.release();
  run();
  EXPECT_EQ(told.size(), 7u);
  EXPECT_TRUE(committer.is_idle());
}

TEST_F(CommitterOnSeveral, LessThanIsUnderWayWaits) {
  submit(admit(1), "1");
  submit(admit(2), "2");
  submit(admit(3), "3");
  submit(admit(4), "4");
  ground.store.release();
  ground.store.held = true;
  ground.time.run();
  ASSERT_EQ(group_sizes(), (std::vector<std::size_t>{1, 1, 2}));
  submit(admit(5), "5");
  EXPECT_EQ(group_sizes().size(), 3u);
  submit(admit(6), "6");
  EXPECT_EQ(group_sizes(), (std::vector<std::size_t>{1, 1, 2, 2}));
}

TEST_F(CommitterOnSeveral, NeverTwoCommandsOfAnEntityAtOnce) {
  submit(admit(1), "admit");
  submit(change(1), "change");
  EXPECT_EQ(group_sizes(), (std::vector<std::size_t>{1}));
  submit(admit(2), "other");
  EXPECT_EQ(group_sizes(), (std::vector<std::size_t>{1, 1})) << "nobody waits for what has to";
  ground.store.release_last();
  ground.time.run();
  EXPECT_EQ(group_sizes(), (std::vector<std::size_t>{1, 1}));
  ground.store.release();
  run();
  EXPECT_EQ(told, (Told{"other applied", "admit applied", "change applied"}));
  EXPECT_TRUE(committer.is_idle());
}

TEST_F(CommitterOnSeveral, WhatFailedComesBeforeWhatWaitsForTheSameEntity) {
  ground.store.script = {Fate::unknown_not_written};
  submit(admit(1), "admit");
  submit(change(1), "change");
  submit(admit(2), "other");
  ground.store.release();
  run();
  EXPECT_EQ(told, (Told{"other applied", "admit applied", "change applied"}));
  EXPECT_TRUE(committer.is_idle());
}

TEST_F(CommitterOnSeveral, AFailureHoldsUpWhatIsNotUnderWay) {
  ground.store.script = {Fate::failed, Fate::good};
  submit(admit(1), "first");
  submit(admit(2), "second");
  submit(admit(3), "third");
  ground.store.release();
  ground.time.run();
  EXPECT_EQ(told, (Told{"second applied"}));
  EXPECT_EQ(group_sizes(), (std::vector<std::size_t>{1, 1}));
  run();
  EXPECT_EQ(told.size(), 3u);
}

TEST_F(CommitterOnSeveral, EachOfThemWritesAChainOfTheAuditOfItsOwn) {
  const auto paused = [&](const char* zone) {
    return PauseZone{test::zone(zone), true, {context.audit("op", "zone-paused", zone, "")}};
  };
  submit(paused("a"), "a");
  submit(paused("b"), "b");
  ground.store.release_last();
  submit(paused("c"), "c");  // goes where b went
  ground.store.release();
  run();
  const auto mine = context.self();
  const auto next = audit_chain(mine, 1);
  EXPECT_GT(next, mine);
  EXPECT_EQ(writers(), (std::vector<InstanceId>{mine, mine, next, next, next})) << "each opened, then written";
}

TEST(AuditChain, TheIdsFollowEachOther) {
  const auto of = [](const char* text) { return InstanceId::parse(text).value(); };
  EXPECT_EQ(audit_chain(of("01900000-0000-7000-8000-0000000000fe"), 0), of("01900000-0000-7000-8000-0000000000fe"));
  EXPECT_EQ(audit_chain(of("01900000-0000-7000-8000-0000000000fe"), 1), of("01900000-0000-7000-8000-0000000000ff"));
  EXPECT_EQ(audit_chain(of("01900000-0000-7000-8000-0000000000fe"), 2), of("01900000-0000-7000-8000-000000000100"));
}

TEST_F(CommitterTest, WhatHasBeenCheckedLetsNobodyGoFirst) {
  ground.store.held = true;
  submit(admit(9), "first");
  submit_checked(1, "checked");
  submit(admit(2), "other");
  submit(change(1), "change");
  ground.store.release();
  run();
  EXPECT_EQ(group_sizes(), (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(ground.store.row(id<RequestId>(1)).progress.state, RequestState::allowed);
}

TEST_F(CommitterTest, AChangeDecidedOnAnotherRevisionIsNotMerged) {
  ground.store.held = true;
  submit(admit(9), "first");
  submit(admit(1), "admit");
  submit(change(1, 3), "change");
  ground.store.release();
  run();
  EXPECT_EQ(told.back(), "change lost_guard");
  EXPECT_EQ(ground.store.row(id<RequestId>(1)).progress.revision, 1);
}

TEST_F(CommitterTest, AnUnknownOutcomeIsRepeatedUntilTheStoreTells) {
  ground.store.script = {Fate::unknown_written, Fate::unknown_not_written, Fate::good};
  submit(admit(1), "admit", Patience::once);
  ground.time.run();
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(committer.store_trouble(), "store-unavailable");
  EXPECT_EQ(group_sizes().size(), 1u) << "the store is given a moment";
  run();
  EXPECT_EQ(told, Told{"admit already_done"});
  EXPECT_EQ(group_sizes().size(), 3u);
  EXPECT_EQ(committer.store_trouble(), "");
}

TEST_F(CommitterTest, ARepeatedAdmitIsNeverMerged) {
  ground.store.script = {Fate::unknown_written};
  submit(admit(1), "admit", Patience::once);
  ground.time.run();
  submit(change(1), "change");
  run();
  EXPECT_EQ(told, (Told{"admit already_done", "change applied"}));
  EXPECT_EQ(ground.store.row(id<RequestId>(1)).progress.revision, 2);
}

TEST_F(CommitterTest, AFailureAfterAnUnknownOutcomeTellsNothing) {
  // The row is there: "not stored" would be a lie that makes its caller send it once more.
  ground.store.script = {Fate::unknown_written, Fate::failed, Fate::failed};
  submit(admit(1), "admit", Patience::once);
  run();
  EXPECT_EQ(told, Told{"admit already_done"});
}

TEST_F(CommitterTest, OncePatienceHearsOfAPassingFailure) {
  ground.store.script = {Fate::failed};
  submit(admit(1), "admit", Patience::once);
  run();
  EXPECT_EQ(told, Told{"admit failed"});
}

TEST_F(CommitterTest, OtherwiseAPassingFailureIsRepeated) {
  ground.store.script = {Fate::failed, Fate::failed, Fate::good};
  submit(admit(1), "admit");
  run();
  EXPECT_EQ(told, Told{"admit applied"});
  EXPECT_EQ(group_sizes().size(), 3u);
}

TEST_F(CommitterTest, AFailureForGoodIsToldToEverybody) {
  ground.store.script = {Fate::failed_for_good};
  submit(admit(1), "admit");
  run();
  EXPECT_EQ(told, Told{"admit failed"});
}

TEST_F(CommitterTest, AChangeOfARequestThatWasNotStoredHasNothingToChange) {
  ground.store.held = true;
  submit(admit(1), "admit", Patience::once);
  submit(change(1), "change");  // the commit is under way: not merged
  ground.store.is_down = true;
  ground.store.release();
  ground.time.run();
  EXPECT_EQ(told, (Told{"admit failed", "change lost_guard"}));
  EXPECT_TRUE(committer.is_idle()) << "nothing is kept for a request that is not there";
}

TEST_F(CommitterTest, HoldsLongerTheMoreOftenItFails) {
  ground.store.is_down = true;
  submit(admit(1), "admit");
  ground.time.advance(1h);
  EXPECT_LT(group_sizes().size(), 4000u);
  EXPECT_GT(group_sizes().size(), 1000u);
  ground.store.is_down = false;
  run();
  EXPECT_EQ(told, Told{"admit applied"});
}

TEST_F(CommitterTest, BeyondItsBoundNewWorkIsRefused) {
  ground.store.held = true;
  for (int i = 1; i <= 6; ++i) submit(admit(i), std::to_string(i), Patience::once);
  EXPECT_TRUE(committer.is_full());
  submit(admit(7), "seventh", Patience::once);
  submit(admit(8), "ours");
  EXPECT_TRUE(told.empty()) << "never from inside the call";
  ground.time.run();
  EXPECT_EQ(told, Told{"seventh failed overloaded"});
  ground.store.release();
  run();
  EXPECT_EQ(told.size(), 8u);
  EXPECT_FALSE(ground.store.engine.requests().contains(id<RequestId>(7)));
  EXPECT_TRUE(ground.store.engine.requests().contains(id<RequestId>(8)));
}

}  // namespace
}  // namespace backupctl::app
