#include <gtest/gtest.h>

#include "app/collector.hpp"
#include "unit/support/ground.hpp"

namespace backupctl::app {
namespace {

using namespace std::chrono_literals;
using test::epoch;
using test::Fate;
using test::id;
using test::record_of;
using test::success;
using S = RequestState;

class CollectorTest : public ::testing::Test {
 protected:
  test::Ground ground;
  Context context{ground.ports(), {.max_waiting_commands = 4}};
  Committer committer{context};
  Amender amender{committer, [](const BackupRequest&, S) {}};
  int places_freed = 0;
  Collector collector{context, committer, amender, [this](const ZoneName&) { ++places_freed; }};
  const RequestId request = id<RequestId>(1);
  std::vector<std::string> kept;

  CollectorTest() {
    BackupRequest row{test::order(), {}};
    auto& p = row.progress;
    p.state = S::sent;
    p.checked = p.responded = p.sent = epoch;
    p.terms = AllowedTerms{3, test::zone(), "ledger", 30};
    p.send_attempts = 1;
    p.next_action = epoch + 24h;
    ground.store.put(row);
  }
  void take(ResultRecord record) {
    collector.take(std::move(record),
                   [this](const Result<void>& answer) { kept.push_back(answer ? "kept" : answer.error().detail); });
    ground.time.advance(1s);
  }
  std::string parked_as() {
    const auto parked = ground.store.parked();
    return parked.size() == 1 ? parked[0].reason_code : std::to_string(parked.size()) + " parked";
  }
  S state() { return ground.store.row(request).progress.state; }
  std::size_t backups() { return ground.store.engine.backups().size(); }
};

TEST_F(CollectorTest, RecordsASuccessInOneCommitAndWaitsNoMore) {
  take(record_of(success(request)));
  EXPECT_EQ(kept, std::vector<std::string>{"kept"});
  EXPECT_EQ(state(), S::succeeded);
  EXPECT_EQ(backups(), 1u);
  EXPECT_EQ(ground.store.waiting(), 0u);
  EXPECT_EQ(ground.store.groups.size(), 2u) << "kept, then backup, state and result together";
  EXPECT_EQ(places_freed, 1);
  EXPECT_EQ(collector.under_way(), 0);
}

TEST_F(CollectorTest, TheResultOfWhatWasJustSentIsRecordedAtOnce) {
  collector.saw(ground.store.row(request));
  take(record_of(success(request)));
  EXPECT_EQ(kept, std::vector<std::string>{"kept"});
  EXPECT_EQ(state(), S::succeeded);
  EXPECT_EQ(backups(), 1u);
  EXPECT_EQ(ground.store.groups.size(), 1u) << "it never waited";
  EXPECT_EQ(ground.store.requests_read, 0);
  EXPECT_EQ(places_freed, 1);
}

TEST_F(CollectorTest, ThousandsSentAfterItAreNoReasonToForgetARow) {
  const auto row = ground.store.row(request);
  const auto saw_others = [&](int from, int to) {
    auto other = row;
    for (int i = from; i <= to; ++i) {
      other.order.id = id<RequestId>(i);
      collector.saw(other);
    }
  };
  saw_others(2, 10'000);
  collector.saw(row);
  saw_others(10'001, 19'999);  // with it ten thousand
  take(record_of(success(request)));
  EXPECT_EQ(state(), S::succeeded);
  EXPECT_EQ(ground.store.groups.size(), 1u);
  EXPECT_EQ(ground.store.requests_read, 0);
}

TEST_F(CollectorTest, AResultThatIsRecordedAtOnceIsAcknowledgedOnlyThen) {
  collector.saw(ground.store.row(request));
  ground.store.held = true;
  take(record_of(success(request)));
  EXPECT_TRUE(kept.empty());
  ground.store.release();
  ground.time.advance(1s);
  EXPECT_EQ(kept, std::vector<std::string>{"kept"});
}

TEST_F(CollectorTest, AResultThatIsThereBeforeSentIsWrittenWaitsForThat) {
  collector.expect(request);
  collector.take(record_of(success(request)),
                 [this](const Result<void>& answer) { kept.push_back(answer ? "kept" : answer.error().detail); });
  ground.time.advance(10ms);
  EXPECT_TRUE(ground.store.groups.empty());
  EXPECT_EQ(collector.under_way(), 1);
  collector.saw(ground.store.row(request));
  ground.time.advance(1s);
  EXPECT_EQ(kept, std::vector<std::string>{"kept"});
  EXPECT_EQ(state(), S::succeeded);
  EXPECT_EQ(ground.store.groups.size(), 1u);
  EXPECT_EQ(collector.under_way(), 0);
}

TEST_F(CollectorTest, ButNotLong) {
  collector.expect(request);
  collector.expect(id<RequestId>(2));
  take(record_of(success(request)));  // and a second goes by
  EXPECT_EQ(kept, std::vector<std::string>{"kept"});
  EXPECT_EQ(ground.store.groups.size(), 2u) << "kept, then recorded";
  EXPECT_EQ(state(), S::succeeded);
  EXPECT_EQ(collector.under_way(), 0);
}

TEST_F(CollectorTest, AnEarlyResultOfWhatWasNotSentAfterAllIsKept) {
  collector.expect(request);
  collector.take(record_of(success(request)),
                 [this](const Result<void>& answer) { kept.push_back(answer ? "kept" : answer.error().detail); });
  auto row = ground.store.row(request);
  row.progress.state = S::allowed;  // the call had no answer
  row.progress.sent.reset();
  ground.store.put(row);
  collector.saw(row);
  ground.time.advance(10ms);
  EXPECT_EQ(kept, std::vector<std::string>{"kept"});
  ground.time.advance(1s);
  EXPECT_EQ(state(), S::succeeded);
}

TEST_F(CollectorTest, TellsTheZoneToKeepWhatCouldNotBeRecordedAtOnce) {
  collector.saw(ground.store.row(request));
  ground.store.is_down = true;
  take(record_of(success(request)));
  EXPECT_EQ(kept, std::vector<std::string>{"the store is away"});
  EXPECT_EQ(state(), S::sent);
  EXPECT_EQ(collector.under_way(), 0);
}

TEST_F(CollectorTest, WhatNobodyKnowsToBeRecordedIsAcknowledgedOnceItIsKnown) {
  collector.saw(ground.store.row(request));
  ground.store.script = {Fate::unknown_written};
  take(record_of(success(request)));
  ground.time.advance(1min);
  EXPECT_EQ(kept, std::vector<std::string>{"kept"});
  EXPECT_EQ(state(), S::succeeded);
  EXPECT_EQ(backups(), 1u);
}

TEST_F(CollectorTest, AResultThatMakesNothingOfItsRowIsParkedAsEver) {
  collector.saw(ground.store.row(request));
  auto result = success(request);
  result.zone = test::zone("tapes");
  take(record_of(result));
  EXPECT_EQ(parked_as(), "wrong-zone");
  EXPECT_EQ(state(), S::sent);
}

TEST_F(CollectorTest, ARowThatChangedSinceItWasSentIsReadAgain) {
  const auto row = ground.store.row(request);
  collector.saw(row);
  auto next = row.progress;
  ++next.revision;
  next.cancel_asked = epoch;
  ground.store.engine.apply({ChangeRequest{request, S::sent, next}});
  take(record_of(success(request)));
  EXPECT_EQ(state(), S::succeeded);
  EXPECT_EQ(ground.store.row(request).progress.cancel_asked, epoch);
  EXPECT_EQ(ground.store.requests_read, 1);
  EXPECT_EQ(backups(), 1u);
}

TEST_F(CollectorTest, TheSameAgainIsDropped) {
  take(record_of(success(request)));
  take(record_of(success(request)));
  EXPECT_EQ(backups(), 1u);
  EXPECT_EQ(parked_as(), "0 parked");
  EXPECT_EQ(ground.store.waiting(), 0u);
}

TEST_F(CollectorTest, TwiceAtOnceOfWhatWasJustSentMakesOneBackup) {
  collector.saw(ground.store.row(request));
  ground.store.held = true;
  collector.take(record_of(success(request)), [](const Result<void>&) {});
  collector.take(record_of(success(request)), [](const Result<void>&) {});
  ground.store.release();
  ground.time.advance(1s);
  EXPECT_EQ(backups(), 1u);
  EXPECT_EQ(ground.store.waiting(), 0u);
  EXPECT_EQ(parked_as(), "0 parked");
  EXPECT_EQ(collector.under_way(), 0);
}

TEST_F(CollectorTest, TwiceAtOnceMakesOneBackup) {
  ground.store.held = true;
  collector.take(record_of(success(request)), [](const Result<void>&) {});
  collector.take(record_of(success(request)), [](const Result<void>&) {});
  auto other = success(request);
  other.message = "said in other words";
  collector.take(record_of(other), [](const Result<void>&) {});
  ground.store.release();
  ground.time.advance(1s);
  EXPECT_EQ(backups(), 1u);
  EXPECT_EQ(ground.store.waiting(), 0u);
  EXPECT_EQ(parked_as(), "0 parked");
  EXPECT_EQ(collector.under_way(), 0);
}

TEST_F(CollectorTest, ParksWhatCannotBeRead) {
  auto record = record_of(success(request));
  record.result.reset();
  record.problem = "no JSON";
  take(record);
  EXPECT_EQ(parked_as(), "unreadable");
  EXPECT_EQ(ground.store.waiting(), 0u);
  EXPECT_EQ(state(), S::sent);
}

TEST_F(CollectorTest, ParksABodyForAnotherCommand) {
  auto record = record_of(success(id<RequestId>(2)));
  record.command_id = request;
  take(record);
  EXPECT_EQ(parked_as(), "command-mismatch");
}

TEST_F(CollectorTest, ParksABodyOfAnotherZoneThanTheOneThatLeftIt) {
  auto record = record_of(success(request));
  record.zone = test::zone("tapes");
  take(record);
  EXPECT_EQ(parked_as(), "wrong-zone");
}

TEST_F(CollectorTest, ParksAResultOfAZoneThatWasNotAsked) {
  auto result = success(request);
  result.zone = test::zone("tapes");
  take(record_of(result));
  EXPECT_EQ(parked_as(), "wrong-zone");
  EXPECT_EQ(state(), S::sent);
}

TEST_F(CollectorTest, ParksAResultOfAnUnknownCommand) {
  take(record_of(success(id<RequestId>(77))));
  EXPECT_EQ(parked_as(), "unknown-command");
}

TEST_F(CollectorTest, ParksAResultOfARequestThatWasNeverSent) {
  BackupRequest row{test::order(2), {.next_action = epoch}};
  ground.store.put(row);
  take(record_of(success(id<RequestId>(2))));
  EXPECT_EQ(parked_as(), "not-sent");
}

TEST_F(CollectorTest, ParksASecondDifferentSuccess) {
  take(record_of(success(request)));
  auto other = success(request);
  other.verify_hash = "sha256:11";
  take(record_of(other));
  EXPECT_EQ(parked_as(), "conflicting-result");
  EXPECT_EQ(backups(), 1u);
}

// As the zone's outbox does when the acknowledgement is lost.
TEST_F(CollectorTest, ParksAContradictionOnceHoweverOftenItIsTold) {
  take(record_of(success(request)));
  auto other = success(request);
  other.verify_hash = "sha256:11";
  take(record_of(other));
  take(record_of(other));
  EXPECT_EQ(parked_as(), "conflicting-result");
  EXPECT_EQ(ground.store.waiting(), 0u);
}

TEST_F(CollectorTest, DoesNotRecordWhatAnotherControllerHasParkedMeanwhile) {
  const auto record = record_of(success(request));
  ground.store.engine.apply({KeepResult{record}});
  ground.store.held = true;
  collector.read_waiting([](bool) {});
  ground.time.advance(1s);
  ASSERT_EQ(ground.store.groups.size(), 1u) << "it is about to be recorded";
  ground.store.engine.apply(
      {SettleResult{{request, record.body},
                    ParkedResult{id<ParkedResultId>(1), request, record.zone, "not-sent", epoch, record.body}}});
  ground.store.release();
  ground.time.advance(1s);
  EXPECT_EQ(state(), S::sent);
  EXPECT_EQ(backups(), 0u);
  EXPECT_EQ(parked_as(), "not-sent");
  EXPECT_EQ(collector.under_way(), 0);
  EXPECT_EQ(ground.store.groups.size(), 1u) << "and not tried again";
}

TEST_F(CollectorTest, ABadOneNeverBlocksTheNext) {
  auto bad = record_of(success(request));
  bad.result.reset();
  bad.body = "garbage";
  ground.store.engine.apply({KeepResult{bad}, KeepResult{record_of(success(request))}});
  bool done = false;
  collector.read_waiting([&](bool) { done = true; });
  ground.time.advance(1s);
  EXPECT_TRUE(done);
  EXPECT_EQ(parked_as(), "unreadable");
  EXPECT_EQ(state(), S::succeeded);
}

TEST_F(CollectorTest, TellsTheZoneToKeepWhatCouldNotBeStored) {
  ground.store.is_down = true;
  take(record_of(success(request)));
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0], "the store is away");
  EXPECT_EQ(collector.under_way(), 0);
}

TEST_F(CollectorTest, WhatIsKeptWhenTheStoreGoesIsRecordedLater) {
  ground.store.script = {Fate::good, Fate::failed, Fate::unknown_written};
  take(record_of(success(request)));
  ground.time.advance(1min);
  EXPECT_EQ(state(), S::succeeded);
  EXPECT_EQ(backups(), 1u);
  EXPECT_EQ(ground.store.waiting(), 0u);
}

TEST_F(CollectorTest, WhatCannotBeReadNowIsReadAgain) {
  ground.store.engine.apply({KeepResult{record_of(success(request))}});
  ground.store.is_down = true;
  int rounds = 0;
  collector.read_waiting([&](bool) { ++rounds; });
  ground.time.advance(1s);
  EXPECT_EQ(rounds, 1);
  EXPECT_EQ(collector.under_way(), 0);
  ground.store.is_down = false;
  collector.read_waiting([&](bool) { ++rounds; });
  ground.time.advance(1s);
  EXPECT_EQ(state(), S::succeeded);
}

}  // namespace
}  // namespace backupctl::app
