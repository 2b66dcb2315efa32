// The repository's contract: lists and the survey. Included by repository_contract.hpp.
#pragma once

#include "backupctl/testing/repository_fixture.hpp"

namespace backupctl::testing {

TEST_P(RepositoryContract, RequestsAreListedNewestFirstInPages) {
  for (const int n : {3, 1, 2, 5, 4}) put(received(n));
  const auto page = [&](std::optional<RequestId> after) {
    return ids(store().list_requests({.after = after, .limit = 2}).value());
  };
  EXPECT_EQ(page({}), (std::vector<RequestId>{request_id(5), request_id(4)}));
  put(received(6));  // an insert meanwhile shifts nothing
  EXPECT_EQ(page(request_id(4)), (std::vector<RequestId>{request_id(3), request_id(2)}));
  EXPECT_EQ(page(request_id(2)), std::vector<RequestId>{request_id(1)});
  EXPECT_TRUE(page(request_id(1)).empty());
  EXPECT_EQ(ids(store().list_requests({.after = request_id(5), .above = request_id(2)}).value()),
            (std::vector{request_id(4), request_id(3)}));
  EXPECT_EQ(ids(store().list_requests({.job_id = job_id(1), .above = request_id(5)}).value()),
            std::vector{request_id(6)});
}

TEST_P(RepositoryContract, RequestsAreFilteredByEachOfTheirTraits) {
  put(received(1));
  auto other = sent(2);
  other.order.job_id = job_id(2);
  other.order.transport = TransportKind::library;
  other.order.requester = owner("ann");
  other.order.received = at(-10);
  put(other);
  const auto list = [&](RequestQuery query) { return ids(store().list_requests(query).value()); };
  const std::vector<RequestId> first{request_id(1)}, second{request_id(2)};
  EXPECT_EQ(list({.job_id = job_id(1)}), first);
  EXPECT_EQ(list({.job_id = job_id(2)}), second);
  EXPECT_EQ(list({.state = RequestState::received}), first);
  EXPECT_EQ(list({.state = RequestState::sent}), second);
  EXPECT_EQ(list({.transport = TransportKind::library}), second);
  EXPECT_EQ(list({.scope = {.requester = owner("ann")}}), second);
  EXPECT_EQ(list({.received_from = at(0)}), first);
  EXPECT_EQ(list({.received_to = at(0)}), second);
  EXPECT_EQ(list({.received_from = at(-10), .received_to = at(1)}).size(), 2u);
  EXPECT_TRUE(list({.job_id = job_id(1), .state = RequestState::sent}).empty());
}

// Each state has its own way through the store, alone and with a job or a requester.
TEST_P(RepositoryContract, RequestsAreFilteredByAStateTogetherWithOtherTraits) {
  const auto ended = [](BackupRequest request, RequestState state) {
    request.progress.state = state;
    request.progress.next_action.reset();
    if (state == RequestState::not_allowed) request.progress.terms.reset();
    return request;
  };
  const auto of = [&](int number) {
    switch (number % 7) {
      case 0:
        return received(number);
      case 1:
        return allowed(number);
      case 2:
        return sent(number);
      case 3:
        return ended(allowed(number), RequestState::not_allowed);
      case 4:
        return ended(sent(number), RequestState::failed);
      case 5:
        return ended(received(number), RequestState::cancelled);
      default: {
        auto request = sent(number);
        request.progress = succeeded(request, backup_id(number));
        return request;
      }
    }
  };
  std::vector<BackupRequest> all;  // newest first
  for (int n = 56; n > 0; --n) {
    auto request = of(n);
    request.order.job_id = job_id(n / 7 % 2);
    request.order.requester = owner(n / 14 % 2 == 0 ? "ann" : "bob");
    put(request);
    all.push_back(request);
  }
  for (const auto& like : all) {
    if (like.order.id < request_id(29)) continue;
    for (int traits = 0; traits < 16; ++traits) {
      RequestQuery query{.limit = 3};
      if ((traits & 1) != 0) query.state = like.progress.state;
      if ((traits & 2) != 0) query.job_id = like.order.job_id;
      if ((traits & 4) != 0) query.scope.requester = like.order.requester;
      if ((traits & 8) != 0) query.after = like.order.id;
      std::vector<RequestId> expected;
      for (const auto& row : all) {
        const bool fits = (!query.state || row.progress.state == *query.state) &&
                          (!query.job_id || row.order.job_id == *query.job_id) &&
                          (!query.scope.requester || row.order.requester == *query.scope.requester) &&
                          (!query.after || row.order.id < *query.after);
        if (fits && expected.size() < 3) expected.push_back(row.order.id);
      }
      EXPECT_EQ(ids(store().list_requests(query).value()), expected) << like.order.id.to_string() << " " << traits;
    }
  }
}

TEST_P(RepositoryContract, BackupsAreListedNewestFirstAndFiltered) {
  for (int n = 1; n <= 3; ++n) {
    auto request = sent(n, n == 2 ? "tapes" : "files");
    if (n == 3) request.order.data_as_of = date("2021-02-01");
    if (n == 3) request.order.job_id = job_id(2);
    if (n == 1) request.order.requester = owner("ann");
    put(request);
    ChangeRequest change{request_id(n), RequestState::sent, succeeded(request, backup_id(n))};
    change.backup = backup_of(request, n);
    ASSERT_EQ(run(change).status, OutcomeStatus::applied);
  }
  const auto list = [&](BackupQuery query) {
    const auto backups = store().list_backups(query).value();
    std::vector<BackupId> found;
    for (const auto& backup : backups) found.push_back(backup.id);
    return found;
  };
  const BackupId one = backup_id(1), two = backup_id(2), three = backup_id(3);
  EXPECT_EQ(list({}), (std::vector{three, two, one}));
  EXPECT_EQ(list({.limit = 1}), std::vector{three});
  EXPECT_EQ(list({.after = three, .limit = 1}), std::vector{two});
  EXPECT_EQ(list({.above = one}), (std::vector{three, two}));
  EXPECT_EQ(list({.job_id = job_id(1), .after = two, .above = one}), std::vector<BackupId>{});
  EXPECT_EQ(list({.job_id = job_id(2)}), std::vector{three});
  EXPECT_EQ(list({.request_ids = {request_id(2)}}), std::vector{two});
  EXPECT_EQ(list({.zone = zone("tapes")}), std::vector{two});
  EXPECT_EQ(list({.state = BackupState::deleted}), std::vector<BackupId>{});
  EXPECT_EQ(list({.state = BackupState::stored}).size(), 3u);
  EXPECT_EQ(list({.as_of_from = date("2021-01-09")}), std::vector{three});
  EXPECT_EQ(list({.as_of_to = date("2021-01-08")}), (std::vector{two, one}));
  EXPECT_EQ(list({.id = two}), std::vector{two});
  EXPECT_EQ(list({.request_ids = {request_id(1), request_id(3), request_id(9)}}), (std::vector{three, one}));
  EXPECT_EQ(list({.scope = {.requester = owner("ann")}}), std::vector{one});
  // Together they narrow, whichever of them the store looks by.
  const auto day = date("2021-01-08"), later = date("2021-02-01");
  EXPECT_EQ(list({.job_id = job_id(1), .as_of_from = day, .as_of_to = day}), (std::vector{two, one}));
  EXPECT_EQ(list({.job_id = job_id(1), .as_of_from = day, .as_of_to = day, .after = two}), std::vector{one});
  EXPECT_EQ(list({.as_of_from = day, .as_of_to = day}), (std::vector{two, one}));
  EXPECT_EQ(list({.as_of_from = day, .as_of_to = later, .after = three}), (std::vector{two, one}));
  EXPECT_EQ(list({.job_id = job_id(1), .as_of_from = day, .as_of_to = later}), (std::vector{two, one}));
  EXPECT_EQ(list({.as_of_from = day, .as_of_to = date("2022-01-08"), .limit = 2}), (std::vector{three, two}));
  EXPECT_EQ(list({.job_id = job_id(1), .zone = zone("tapes"), .state = BackupState::stored}), std::vector{two});
  EXPECT_TRUE(list({.job_id = job_id(1), .state = BackupState::missing, .as_of_to = day}).empty());
  EXPECT_TRUE(list({.request_ids = {request_id(1)}, .as_of_from = later}).empty());
  EXPECT_TRUE(list({.request_ids = {request_id(1)}, .as_of_from = later, .as_of_to = later}).empty());
  EXPECT_TRUE(list({.id = one, .job_id = job_id(2)}).empty());
  EXPECT_TRUE(list({.id = one, .as_of_to = date("2021-01-07")}).empty());
  const auto listed = store().list_backups({.request_ids = {request_id(1)}}).value();
  EXPECT_EQ(listed, std::vector{*store().find_backup(one).value()});
}

TEST_P(RepositoryContract, ParkedResultsAreListedNewestFirst) {
  for (const int n : {2, 1, 3}) run(Park{parked(n)});
  EXPECT_EQ(store().list_parked({.limit = 2}).value(), (std::vector{parked(3), parked(2)}));
  EXPECT_EQ(store().list_parked({.after = parked_id(2)}).value(), std::vector{parked(1)});
  EXPECT_EQ(store().list_parked({.id = parked_id(2)}).value(), std::vector{parked(2)});
}

TEST_P(RepositoryContract, AnOwnerIsWhoTheNewestKnownVersionNames) {
  const auto owned_job = [](int number, std::int64_t version, const char* name) {
    auto made = job(version);
    made.id = job_id(number);
    made.owner_id = name;
    return made;
  };
  const auto admit = [&](int number, int job_number, const BackupJob& version) {
    auto request = sent(number);
    request.order.job_id = job_id(job_number);
    request.order.requester = owner(number == 2 ? "bob" : "batch-night");
    ASSERT_EQ(run(AdmitRequest{request, {}, version}).status, OutcomeStatus::applied);
    ChangeRequest change{request.order.id, RequestState::sent, succeeded(request, backup_id(number))};
    change.backup = backup_of(request, number);
    ASSERT_EQ(run(change).status, OutcomeStatus::applied);
  };
  admit(1, 1, owned_job(1, 3, "ann"));
  admit(2, 2, owned_job(2, 9, "bob"));
  admit(3, 2, owned_job(2, 10, "ann"));
  admit(4, 3, owned_job(3, 1, "carl"));
  put([] {
    auto of_unknown_job = received(5);
    of_unknown_job.order.job_id = job_id(9);
    return of_unknown_job;
  }());
  const auto requests = [&](Scope scope) { return ids(store().list_requests({.scope = std::move(scope)}).value()); };
  EXPECT_EQ(requests({.job_owner = owner("ann")}), (std::vector{request_id(3), request_id(2), request_id(1)}));
  EXPECT_EQ(requests({.job_owner = owner("bob")}), std::vector<RequestId>{});
  EXPECT_EQ(requests({.requester = owner("bob"), .job_owner = owner("carl")}),
            (std::vector{request_id(4), request_id(2)}));
  EXPECT_EQ(requests({}).size(), 5u);
  const Scope both{.requester = owner("bob"), .job_owner = owner("ann")};
  EXPECT_EQ(ids(store().list_requests({.scope = both, .limit = 2}).value()),
            (std::vector{request_id(3), request_id(2)}));
  EXPECT_EQ(ids(store().list_requests({.scope = both, .after = request_id(2), .limit = 2}).value()),
            std::vector{request_id(1)});
  EXPECT_EQ(ids(store().list_requests({.job_id = job_id(2), .scope = {.job_owner = owner("ann")}, .limit = 1}).value()),
            std::vector{request_id(3)});
  EXPECT_TRUE(store().list_requests({.job_id = job_id(1), .scope = {.job_owner = owner("bob")}}).value().empty());
  EXPECT_EQ(ids(store().list_requests({.ids = {request_id(3), request_id(4)}, .scope = both}).value()),
            std::vector{request_id(3)});
  const auto backups = store().list_backups({.scope = {.requester = owner("bob"), .job_owner = owner("carl")}}).value();
  ASSERT_EQ(backups.size(), 2u);
  EXPECT_EQ(backups[1].id, backup_id(2));
}

TEST_P(RepositoryContract, RequestsAreFoundByIdsAndZone) {
  for (const int n : {1, 2, 3}) put(sent(n, n == 2 ? "tapes" : "files"));
  put(received(4));
  EXPECT_EQ(ids(store().list_requests({.ids = {request_id(3), request_id(1), request_id(8)}}).value()),
            (std::vector{request_id(3), request_id(1)}));
  EXPECT_EQ(ids(store().list_requests({.zone = zone("tapes")}).value()), std::vector{request_id(2)});
  EXPECT_TRUE(store().list_requests({.ids = {request_id(4)}, .zone = zone()}).value().empty());
}

TEST_P(RepositoryContract, TheSurveyCountsOpenWork) {
  put(received(1));
  auto older = received(2);
  older.order.received = at(-60);
  put(older);
  put(owned(allowed(3), instance_id(1)));
  put(allowed(4));
  put(sent(5));
  put(sent(6));
  auto late = sent(7);
  late.progress.result_due = at(50);
  put(late);
  run(ChangeRequest{request_id(6), RequestState::sent, failed(sent(6))});
  run(PauseZone{zone("tapes"), true});
  run(Park{parked(1)});
  run(KeepResult{result(request_id(5), "a")});
  run(KeepResult{result(request_id(5), "b")});

  EXPECT_EQ(store().survey(at(50)).value().zones.at(0).overdue, 0);
  const auto survey = store().survey(at(51)).value();
  ASSERT_EQ(survey.states.size(), 3u);
  for (const auto& [state, count, oldest] : survey.states) {
    EXPECT_EQ(count, 2) << to_string(state);
    EXPECT_EQ(oldest, state == RequestState::received ? at(-60) : at(0)) << to_string(state);
  }
  ASSERT_EQ(survey.zones.size(), 2u);
  for (const auto& [name, paused, in_flight, waiting, overdue] : survey.zones) {
    EXPECT_EQ(paused, name == zone("tapes"));
    EXPECT_EQ(in_flight, name == zone() ? 3 : 0);
    EXPECT_EQ(waiting, name == zone() ? 1 : 0);
    EXPECT_EQ(overdue, name == zone() ? 1 : 0);
  }
  EXPECT_EQ(survey.parked_results, 1);
  EXPECT_EQ(survey.waiting_results, 2);
  EXPECT_EQ(survey.rows_without_next_step, 0);
}

TEST_P(RepositoryContract, AnEmptyStoreHasNothing) {
  const auto survey = store().survey(at(0)).value();
  for (const auto& state : survey.states) EXPECT_EQ(state.count, 0);
  EXPECT_TRUE(survey.zones.empty());
  EXPECT_TRUE(store().list_requests({}).value().empty());
  EXPECT_TRUE(store().list_backups({}).value().empty());
  EXPECT_TRUE(store().waiting_results(10).value().empty());
  EXPECT_EQ(store().find_backup(backup_id(1)).value(), std::nullopt);
}

}  // namespace backupctl::testing
