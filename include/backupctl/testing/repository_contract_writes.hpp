// The repository's contract: what apply() does. Included by repository_contract.hpp.
#pragma once

#include "backupctl/testing/repository_fixture.hpp"

namespace backupctl::testing {

// ---- AdmitRequest --------------------------------------------------------------------------------------------------

TEST_P(RepositoryContract, AnAdmittedRequestIsThereWithEverythingItHas) {
  auto request = sent(1);
  request.order.key = key("night-1");
  request.order.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  request.progress.reason = "";
  request.progress.last_error = "zone said 503 — ümlaut";
  request.progress.cancel_asked = at(2);
  request.progress.fence = 7;
  request.progress.revision = 4;
  const std::vector<HistoryEntry> entries{{RequestState::received, at(0), {}},
                                          {RequestState::allowed, at(1), "by job 3"}};
  const auto outcome = run(AdmitRequest{request, entries, job(3)});
  EXPECT_EQ(outcome.status, OutcomeStatus::applied);
  EXPECT_EQ(outcome.current, request);
  EXPECT_FALSE(outcome.no_place);
  EXPECT_EQ(find(1), request);
  EXPECT_EQ(history(1), entries);
}

TEST_P(RepositoryContract, AbsentAndEmptyStayApart) {
  put(received(1));
  EXPECT_EQ(find(1), received(1));
  EXPECT_EQ(find(2), std::nullopt);
  EXPECT_TRUE(history(2).empty());
}

TEST_P(RepositoryContract, AdmittingTheSameIdAgainIsDoneAlready) {
  put(received(1));
  auto again = received(1);
  again.progress.last_error = "another attempt";
  const auto outcome = run(AdmitRequest{again, {{RequestState::received, at(9), {}}}});
  EXPECT_EQ(outcome.status, OutcomeStatus::already_done);
  EXPECT_EQ(outcome.current, received(1));
  EXPECT_EQ(history(1).size(), 1u);
}

TEST_P(RepositoryContract, AKeyBelongsToOneRequestOfItsRequester) {
  auto first = received(1);
  first.order.key = key("night-1");
  put(first);
  auto second = received(2);
  second.order.key = key("night-1");
  const auto outcome = run(AdmitRequest{second, {{RequestState::received, at(0), {}}}, job(3)});
  EXPECT_EQ(outcome.status, OutcomeStatus::lost_guard);
  EXPECT_EQ(outcome.current, first);
  EXPECT_EQ(find(2), std::nullopt);
  EXPECT_TRUE(history(2).empty());

  auto other_requester = second;
  other_requester.order.requester = owner("batch-day");
  put(other_requester);
  put(received(3));
  put(received(4));  // no key, so no clash
}

TEST_P(RepositoryContract, OneOfAGroupThatTakesTheSameKeyWins) {
  auto first = received(1), second = received(2);
  first.order.key = second.order.key = key("night-1");
  const auto outcomes = store().apply({AdmitRequest{first, {}}, AdmitRequest{second, {}}});
  ASSERT_EQ(outcomes.size(), 2u);
  EXPECT_EQ(outcomes[0].status, OutcomeStatus::applied);
  EXPECT_EQ(outcomes[1].status, OutcomeStatus::lost_guard);
  EXPECT_EQ(outcomes[1].current, first);
}

// ---- ChangeRequest -------------------------------------------------------------------------------------------------

TEST_P(RepositoryContract, AChangeWritesProgressAndHistory) {
  put(sent(1));
  const auto next = failed(sent(1));
  const HistoryEntry entry{RequestState::failed, at(3), "no such folder"};
  const auto outcome = run(ChangeRequest{request_id(1), RequestState::sent, next, {entry}});
  EXPECT_EQ(outcome.status, OutcomeStatus::applied);
  const BackupRequest expected{sent(1).order, next};
  EXPECT_EQ(outcome.current, expected);
  EXPECT_EQ(find(1), expected);
  ASSERT_EQ(history(1).size(), 2u);
  EXPECT_EQ(history(1).back(), entry);
}

TEST_P(RepositoryContract, AChangeOfAnotherRevisionOrStateWritesNothing) {
  put(sent(1));
  run(KeepResult{result(request_id(1), "body")});
  auto next = succeeded(sent(1), backup_id(1));
  ++next.revision;
  ChangeRequest late{request_id(1), RequestState::sent, next, {{RequestState::succeeded, at(3), {}}}};
  late.backup = backup_of(sent(1), 1);
  late.recorded = ResultKey{request_id(1), "body"};
  auto outcome = run(late);
  EXPECT_EQ(outcome.status, OutcomeStatus::lost_guard);
  EXPECT_EQ(outcome.current, sent(1));

  auto elsewhere = late;
  --elsewhere.next.revision;
  elsewhere.from = RequestState::allowed;
  outcome = run(elsewhere);
  EXPECT_EQ(outcome.status, OutcomeStatus::lost_guard);

  EXPECT_EQ(find(1), sent(1));
  EXPECT_EQ(history(1).size(), 1u);
  EXPECT_EQ(store().find_backup(backup_id(1)).value(), std::nullopt);
  EXPECT_EQ(waiting_bodies(), std::vector<std::string>{"body"});
}

TEST_P(RepositoryContract, AChangeOfNothingLosesItsGuard) {
  const auto outcome = run(ChangeRequest{request_id(1), RequestState::sent, failed(sent(1))});
  EXPECT_EQ(outcome.status, OutcomeStatus::lost_guard);
  EXPECT_EQ(outcome.current, std::nullopt);
}

TEST_P(RepositoryContract, TheSameChangeAgainIsDoneAlready) {
  put(sent(1));
  const ChangeRequest change{request_id(1), RequestState::sent, failed(sent(1)), {{RequestState::failed, at(3), {}}}};
  EXPECT_EQ(run(change).status, OutcomeStatus::applied);
  const auto again = run(change);
  EXPECT_EQ(again.status, OutcomeStatus::already_done);
  EXPECT_EQ(again.current, (BackupRequest{sent(1).order, failed(sent(1))}));
  EXPECT_EQ(history(1).size(), 2u);

  auto another = change;
  another.next.reason = "disk-full";
  EXPECT_EQ(run(another).status, OutcomeStatus::lost_guard);
}

TEST_P(RepositoryContract, SuccessWritesTheBackupAndTakesTheResultAway) {
  put(sent(1));
  run(KeepResult{result(request_id(1), "body")});
  run(KeepResult{result(request_id(1), "other body")});
  ChangeRequest change{request_id(1), RequestState::sent, succeeded(sent(1), backup_id(1))};
  change.backup = backup_of(sent(1), 1);
  change.recorded = ResultKey{request_id(1), "body"};
  EXPECT_EQ(run(change).status, OutcomeStatus::applied);

  auto expected = backup_of(sent(1), 1);
  expected.version_of_date = 1;
  expected.newest_of_date = true;
  EXPECT_EQ(store().find_backup(backup_id(1)).value(), expected);
  EXPECT_EQ(waiting_bodies(), std::vector<std::string>{"other body"});
}

TEST_P(RepositoryContract, AResultThatWaitsNoMoreIsNotRecorded) {
  put(sent(1));
  put(sent(2));
  run(KeepResult{result(request_id(1), "body")});
  run(KeepResult{result(request_id(2), "body")});
  run(SettleResult{{request_id(1), "body"}, parked(1)});  // by another controller, which saw the row as it was
  const auto recording = [](int n) {
    ChangeRequest change{request_id(n), RequestState::sent, succeeded(sent(n), backup_id(n))};
    change.history = {{RequestState::succeeded, at(3), {}}};
    change.backup = backup_of(sent(n), n);
    change.recorded = ResultKey{request_id(n), "body"};
    return change;
  };
  const auto outcomes = store().apply({recording(1), recording(2)});
  EXPECT_EQ(outcomes.at(0).status, OutcomeStatus::lost_guard);
  EXPECT_EQ(outcomes.at(0).current, sent(1));
  EXPECT_EQ(outcomes.at(1).status, OutcomeStatus::applied);
  EXPECT_EQ(find(1), sent(1));
  EXPECT_EQ(history(1).size(), 1u);
  EXPECT_EQ(store().find_backup(backup_id(1)).value(), std::nullopt);
  EXPECT_EQ(run(recording(2)).status, OutcomeStatus::already_done) << "it is this change that took it away";
}

TEST_P(RepositoryContract, ALateSuccessMayFollowAFailure) {
  auto request = sent(1);
  put(request);
  run(ChangeRequest{request_id(1), RequestState::sent, failed(request)});
  request.progress = failed(request);
  ChangeRequest change{request_id(1), RequestState::failed, succeeded(request, backup_id(1))};
  change.backup = backup_of(request, 1);
  EXPECT_EQ(run(change).status, OutcomeStatus::applied);
  EXPECT_EQ(find(1)->progress.state, RequestState::succeeded);
}

TEST_P(RepositoryContract, BackupsOfOneJobAndDateAreNumbered) {
  for (int n = 1; n <= 3; ++n) {
    auto request = sent(n);
    if (n == 3) request.order.data_as_of = date("2021-01-09");
    put(request);
    ChangeRequest change{request_id(n), RequestState::sent, succeeded(request, backup_id(n))};
    change.backup = backup_of(request, n);
    ASSERT_EQ(run(change).status, OutcomeStatus::applied);
  }
  const auto first = store().find_backup(backup_id(1)).value().value();
  const auto second = store().find_backup(backup_id(2)).value().value();
  const auto third = store().find_backup(backup_id(3)).value().value();
  EXPECT_EQ(first.version_of_date, 1);
  EXPECT_FALSE(first.newest_of_date);
  EXPECT_EQ(second.version_of_date, 2);
  EXPECT_TRUE(second.newest_of_date);
  EXPECT_EQ(third.version_of_date, 1);
  EXPECT_TRUE(third.newest_of_date);
}

// ---- Groups --------------------------------------------------------------------------------------------------------

TEST_P(RepositoryContract, AFailedGuardFailsAlone) {
  put(sent(1));
  put(sent(2));
  auto stale = failed(sent(1));
  ++stale.revision;
  const auto outcomes = store().apply({ChangeRequest{request_id(1), RequestState::sent, stale},
                                       ChangeRequest{request_id(2), RequestState::sent, failed(sent(2))},
                                       AdmitRequest{received(3), {}}, AdmitRequest{received(2), {}}});
  ASSERT_EQ(outcomes.size(), 4u);
  EXPECT_EQ(outcomes[0].status, OutcomeStatus::lost_guard);
  EXPECT_EQ(outcomes[1].status, OutcomeStatus::applied);
  EXPECT_EQ(outcomes[2].status, OutcomeStatus::applied);
  EXPECT_EQ(outcomes[3].status, OutcomeStatus::already_done);
  EXPECT_EQ(find(2)->progress, failed(sent(2)));
  EXPECT_EQ(find(3), received(3));
}

TEST_P(RepositoryContract, AnEmptyGroupAndALargeOne) {
  EXPECT_TRUE(store().apply({}).empty());
  std::vector<Command> commands;
  for (int n = 1; n <= 300; ++n) commands.push_back(AdmitRequest{received(n), {{RequestState::received, at(0), {}}}});
  const auto outcomes = store().apply(commands);
  ASSERT_EQ(outcomes.size(), 300u);
  for (const auto& outcome : outcomes) EXPECT_EQ(outcome.status, OutcomeStatus::applied);
  EXPECT_EQ(history(300).size(), 1u);
}

// ---- Places in a zone ----------------------------------------------------------------------------------------------

TEST_P(RepositoryContract, ASendIntentTakesAPlaceWhenOneIsFree) {
  put(sent(1));
  put(sent(9, "tapes"));  // another zone's do not count
  put(allowed(8));        // nor one that waits
  const auto admit = [&](int n) {
    auto request = owned(allowed(n), instance_id(1));
    auto otherwise = allowed(n).progress;
    otherwise.last_error = "the zone has no place free";
    AdmitRequest command{request, {}};
    command.place = SendPlace{zone(), 2, otherwise};
    return command;
  };
  auto outcome = run(admit(2));
  EXPECT_FALSE(outcome.no_place);
  EXPECT_EQ(find(2), owned(allowed(2), instance_id(1)));
  outcome = run(admit(3));
  EXPECT_EQ(outcome.status, OutcomeStatus::applied);
  EXPECT_TRUE(outcome.no_place);
  EXPECT_EQ(outcome.current->progress.last_error, "the zone has no place free");
  EXPECT_EQ(find(3)->progress.owner, std::nullopt);
  EXPECT_EQ(find(3)->progress.next_action, at(1));
}

TEST_P(RepositoryContract, AChangeWithoutAPlaceIsWrittenOtherwiseAndIsThenDone) {
  put(received(1));
  ASSERT_EQ(run(PauseZone{zone(), true}).status, OutcomeStatus::applied);
  auto waiting = allowed(1).progress;
  waiting.revision = 2;
  auto intent = owned(allowed(1), instance_id(1)).progress;
  intent.revision = 2;
  ChangeRequest change{request_id(1), RequestState::received, intent, {{RequestState::allowed, at(1), {}}}, job(3)};
  change.place = SendPlace{zone(), 4, waiting};
  auto outcome = run(change);
  EXPECT_EQ(outcome.status, OutcomeStatus::applied);
  EXPECT_TRUE(outcome.no_place);
  EXPECT_EQ(find(1)->progress, waiting);
  EXPECT_EQ(history(1).size(), 2u);
  EXPECT_EQ(run(change).status, OutcomeStatus::already_done);
}

TEST_P(RepositoryContract, PlacesAreCountedWithinAGroupToo) {
  std::vector<Command> commands;
  for (int n = 1; n <= 3; ++n) {
    AdmitRequest command{owned(allowed(n), instance_id(1)), {}};
    command.place = SendPlace{zone(), 2, allowed(n).progress};
    commands.push_back(command);
  }
  const auto outcomes = store().apply(commands);
  EXPECT_FALSE(outcomes.at(0).no_place);
  EXPECT_FALSE(outcomes.at(1).no_place);
  EXPECT_TRUE(outcomes.at(2).no_place);
}

// ---- Results -------------------------------------------------------------------------------------------------------

TEST_P(RepositoryContract, ResultsWaitInTheOrderOfArrivalOncePerBody) {
  EXPECT_EQ(run(KeepResult{result(request_id(2), "b", 5)}).status, OutcomeStatus::applied);
  EXPECT_EQ(run(KeepResult{result(request_id(1), "a", 4)}).status, OutcomeStatus::applied);
  EXPECT_EQ(run(KeepResult{result(request_id(1), "contradiction", 6)}).status, OutcomeStatus::applied);
  EXPECT_EQ(run(KeepResult{result(request_id(1), "a", 7)}).status, OutcomeStatus::already_done);
  EXPECT_EQ(waiting_bodies(), (std::vector<std::string>{"b", "a", "contradiction"}));
  EXPECT_EQ(store().waiting_results(1).value().size(), 1u);
}

TEST_P(RepositoryContract, AResultIsKeptAsItCame) {
  auto record = result(request_id(1), std::string("{\"x\":\0\xff\x80\"\r\n'", 12));
  record.problem.clear();
  record.result = ZoneResult{.command_id = request_id(2),
                             .code = ResultCode::succeeded,
                             .zone = zone("tapes"),
                             .storage_path = "a/b",
                             .byte_count = 9'000'000'000'000'000'000,
                             .copy_start = at(1),
                             .verify_end = at(2),
                             .verify_hash = "sha256:ff",
                             .message = "fine"};
  ASSERT_EQ(run(KeepResult{record}).status, OutcomeStatus::applied);
  auto unreadable = result(request_id(1), "");
  ASSERT_EQ(run(KeepResult{unreadable}).status, OutcomeStatus::applied);
  EXPECT_EQ(store().waiting_results(9).value(), (std::vector<ResultRecord>{record, unreadable}));
  EXPECT_EQ(run(KeepResult{record}).status, OutcomeStatus::already_done);
}

TEST_P(RepositoryContract, AResultIsSettledOnce) {
  run(KeepResult{result(request_id(1), "a")});
  run(KeepResult{result(request_id(1), "b")});
  EXPECT_EQ(run(SettleResult{{request_id(1), "a"}, parked(1)}).status, OutcomeStatus::applied);
  EXPECT_EQ(run(SettleResult{{request_id(1), "b"}}).status, OutcomeStatus::applied);
  EXPECT_TRUE(waiting_bodies().empty());
  EXPECT_EQ(run(SettleResult{{request_id(1), "a"}, parked(2)}).status, OutcomeStatus::already_done);
  EXPECT_EQ(store().list_parked({}).value(), std::vector<ParkedResult>{parked(1)});
}

TEST_P(RepositoryContract, ParkingTwiceIsDoneAlready) {
  EXPECT_EQ(run(Park{parked(1)}).status, OutcomeStatus::applied);
  EXPECT_EQ(run(Park{parked(1)}).status, OutcomeStatus::already_done);
  EXPECT_EQ(store().list_parked({}).value(), std::vector<ParkedResult>{parked(1)});
}

// A zone repeats what nobody acknowledged: told again after it was parked, it is not parked twice.
TEST_P(RepositoryContract, TheSameResultIsParkedOnceForOneReason) {
  const auto park_again = [&](int number, const char* reason, const char* body) {
    run(KeepResult{result(request_id(1), body)});
    auto again = parked(number);
    again.reason_code = reason;
    again.body = body;
    SettleResult settle{{request_id(1), body}, again};
    settle.audit = {audit(1, "result-from-wrong-zone")};
    settle.notice = notice(number);
    return run(settle).status;
  };
  EXPECT_EQ(park_again(1, "conflicting-result", "a"), OutcomeStatus::applied);
  EXPECT_EQ(park_again(2, "conflicting-result", "a"), OutcomeStatus::applied);
  EXPECT_TRUE(waiting_bodies().empty());
  EXPECT_EQ(park_again(3, "wrong-zone", "a"), OutcomeStatus::applied);
  EXPECT_EQ(park_again(4, "conflicting-result", "b"), OutcomeStatus::applied);
  auto elsewhere = parked(5);
  elsewhere.reason_code = "conflicting-result";
  elsewhere.body = "a";
  EXPECT_EQ(run(Park{elsewhere}).status, OutcomeStatus::already_done);
  elsewhere.zone = zone("tapes");
  EXPECT_EQ(run(Park{elsewhere}).status, OutcomeStatus::applied);

  std::vector<ParkedResultId> ids;
  const auto listed = store().list_parked({}).value();
  for (const auto& one : listed) ids.push_back(one.id);
  EXPECT_EQ(ids, (std::vector{parked_id(5), parked_id(4), parked_id(3), parked_id(1)}));
  EXPECT_EQ(store().survey(at(0))->waiting_notices, 3);
  EXPECT_EQ(store().list_audit({}).value().size(), 4u) << "opened, and three parked";

  // Once a person has dismissed it, it is news again.
  EXPECT_EQ(run(DismissParked{parked_id(1)}).status, OutcomeStatus::applied);
  EXPECT_EQ(park_again(6, "conflicting-result", "a"), OutcomeStatus::applied);
  EXPECT_EQ(store().list_parked({.id = parked_id(6)}).value().size(), 1u);
}

TEST_P(RepositoryContract, AZoneIsPausedAndGoesOn) {
  EXPECT_EQ(run(PauseZone{zone(), false}).status, OutcomeStatus::already_done);
  EXPECT_EQ(run(PauseZone{zone(), true}).status, OutcomeStatus::applied);
  EXPECT_EQ(run(PauseZone{zone(), true}).status, OutcomeStatus::already_done);
  EXPECT_EQ(run(PauseZone{zone(), false}).status, OutcomeStatus::applied);
}

// ---- Adopting and dismissing ---------------------------------------------------------------------------------------

TEST_P(RepositoryContract, AParkedResultIsAdoptedWithTheChangeThatCameOfIt) {
  put(sent(1));
  run(Park{parked(1)});
  run(Park{parked(2)});
  ChangeRequest change{request_id(1), RequestState::sent, succeeded(sent(1), backup_id(1))};
  change.backup = backup_of(sent(1), 1);
  change.adopted = parked_id(1);
  EXPECT_EQ(run(change).status, OutcomeStatus::applied);
  EXPECT_EQ(store().list_parked({}).value(), std::vector{parked(2)});
  EXPECT_EQ(run(DismissParked{parked_id(2)}).status, OutcomeStatus::applied);
  EXPECT_EQ(run(DismissParked{parked_id(2)}).status, OutcomeStatus::already_done);
  EXPECT_TRUE(store().list_parked({}).value().empty());
}

TEST_P(RepositoryContract, AnAdoptedContradictionReplacesTheCopyAndNothingElse) {
  put(sent(1));
  const auto done = succeeded(sent(1), backup_id(1));
  ChangeRequest change{request_id(1), RequestState::sent, done};
  change.backup = backup_of(sent(1), 1);
  run(change);
  auto next = done;
  ++next.revision;
  ChangeRequest adopt{request_id(1), RequestState::succeeded, next};
  auto other = backup_of(sent(1), 1);
  other.zone = zone("tapes");
  other.storage_path = "elsewhere.tar.zst";
  other.byte_count = 7;
  other.verify_hash = "sha256:11";
  other.days_to_keep = 1;
  adopt.backup = other;
  EXPECT_EQ(run(adopt).status, OutcomeStatus::applied);
  auto expected = other;
  expected.days_to_keep = 3650;
  expected.version_of_date = 1;
  EXPECT_EQ(store().find_backup(backup_id(1)).value(), expected);
  EXPECT_EQ(store().list_backups({}).value().size(), 1u);
}

TEST_P(RepositoryContract, ARequestIsImportedWithItsBackup) {
  run(Park{parked(1)});
  auto request = sent(1);
  request.progress = succeeded(request, backup_id(1));
  AdmitRequest import{request, {{RequestState::succeeded, at(3), "imported"}}, job(3)};
  import.backup = backup_of(sent(1), 1);
  import.adopted = parked_id(1);
  EXPECT_EQ(run(import).status, OutcomeStatus::applied);
  EXPECT_EQ(find(1), request);
  EXPECT_EQ(store().list_backups({}).value().size(), 1u);
  EXPECT_TRUE(store().list_parked({}).value().empty());
  EXPECT_EQ(run(import).status, OutcomeStatus::already_done);
  EXPECT_EQ(store().list_backups({}).value().size(), 1u);
}

}  // namespace backupctl::testing
