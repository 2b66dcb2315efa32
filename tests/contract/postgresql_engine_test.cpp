// What only PostgreSQL has: several writers at once, constraints, plans, schemas, users without rights.
#include <atomic>
#include <thread>

#include "backupctl/testing/repository_fixture.hpp"
#include "contract/postgresql_store.hpp"

namespace backupctl::testing {
namespace {

class PostgresqlEngine : public RepositoryContract {
 protected:
  std::unique_ptr<soci::PostgresqlRepository> another() { return open_store(schema_); }
  std::string sql(const std::string& statements) {
    return cluster().run("SET search_path = " + schema_ + "; " + statements);
  }
  // Runs work(repository, thread) on `count` repositories at once.
  template <class Work>
  void at_once(int count, Work work) {
    std::vector<std::unique_ptr<soci::PostgresqlRepository>> repositories;
    for (int i = 0; i < count; ++i) repositories.push_back(another());
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back([&, i] { work(*repositories[i], i); });
    for (auto& thread : threads) thread.join();
  }
  static std::string& last_schema() {
    static std::string name;
    return name;
  }
  const std::string schema_ = last_schema();
};
const RepositoryFactory engine_factory{"Engine", [] {
                                         struct Open : PostgresqlEngine {
                                           using PostgresqlEngine::last_schema;
                                         };
                                         return open_store(Open::last_schema() = new_schema());
                                       }};
INSTANTIATE_TEST_SUITE_P(Postgresql, PostgresqlEngine, ::testing::Values(engine_factory));

TEST_P(PostgresqlEngine, ACommandThatBreaksARuleOfTheStoreFailsAlone) {
  auto impossible = sent(3);
  impossible.progress.checked = at(-1);  // before it was received
  auto no_terms = sent(5);
  no_terms.progress.terms.reset();
  const auto outcomes =
      store().apply({AdmitRequest{sent(1), {}}, AdmitRequest{sent(2), {}, job(3)}, AdmitRequest{impossible, {}},
                     AdmitRequest{sent(4), {}, job(3)}, AdmitRequest{no_terms, {}}});
  ASSERT_EQ(outcomes.size(), 5u);
  for (const std::size_t good : {0u, 1u, 3u}) EXPECT_EQ(outcomes[good].status, OutcomeStatus::applied);
  for (const std::size_t bad : {2u, 4u}) {
    EXPECT_EQ(outcomes[bad].status, OutcomeStatus::failed);
    EXPECT_EQ(outcomes[bad].error.value().code, "store-constraint");
  }
  EXPECT_NE(outcomes[2].error->detail.find("checked_follows_received"), std::string::npos) << outcomes[2].error->detail;
  EXPECT_EQ(store().list_requests({}).value().size(), 3u);
  EXPECT_EQ(sql("SELECT count(*) FROM job_version_item"), "3");
}

TEST_P(PostgresqlEngine, CommandsOfOneEntityInOneGroupSeeEachOther) {
  auto second = failed(sent(1));
  std::vector<Command> group{AdmitRequest{sent(1), {{RequestState::sent, at(2), {}}}},
                             KeepResult{result(request_id(1), "body")},
                             ChangeRequest{request_id(1),
                                           RequestState::sent,
                                           second,
                                           {{RequestState::failed, at(3), {}}},
                                           {},
                                           {},
                                           {},
                                           ResultKey{request_id(1), "body"}},
                             ChangeRequest{request_id(1), RequestState::sent, second},
                             PauseZone{zone(), true},
                             PauseZone{zone(), true}};
  const auto outcomes = store().apply(group);
  for (const std::size_t applied : {0u, 1u, 2u, 4u}) EXPECT_EQ(outcomes[applied].status, OutcomeStatus::applied);
  for (const std::size_t done : {3u, 5u}) EXPECT_EQ(outcomes[done].status, OutcomeStatus::already_done);
  EXPECT_EQ(history(1).size(), 2u);
  EXPECT_TRUE(waiting_bodies().empty());
}

TEST_P(PostgresqlEngine, TextThatPostgresqlWouldRefuseOrCutIsKeptReadable) {
  auto request = received(1);
  constexpr char odd[] = "zone said \0 and \xff \"{,}\\ — ü";
  request.progress.last_error = std::string(odd, sizeof odd - 1);
  put(request);
  EXPECT_EQ(find(1)->progress.last_error, "zone said ? and ? \"{,}\\ — ü");
}

TEST_P(PostgresqlEngine, OneKeyMakesOneRequestWhoeverAsks) {
  std::atomic<int> won = 0, lost = 0;
  at_once(3, [&](auto& repository, int thread) {
    for (int n = 1; n <= 40; ++n) {
      auto request = received(1000 * (thread + 1) + n);
      request.order.key = key(("night-" + std::to_string(n)).c_str());
      const auto outcome = repository.apply({AdmitRequest{request, {}}}).at(0);
      (outcome.status == OutcomeStatus::applied ? won : lost)++;
      if (outcome.status != OutcomeStatus::applied) {
        EXPECT_EQ(outcome.status, OutcomeStatus::lost_guard) << outcome.error.value_or(Error{}).detail;
        EXPECT_EQ(outcome.current.value().order.key, request.order.key);
      }
    }
  });
  EXPECT_EQ(won, 40);
  EXPECT_EQ(lost, 80);
}

TEST_P(PostgresqlEngine, PlacesAreCountedOverAllControllers) {
  std::atomic<int> placed = 0;
  for (int n = 501; n <= 520; ++n) put(allowed(n));
  at_once(3, [&](auto& repository, int thread) {
    for (int n = 1; n <= 20; ++n) {
      const int number = 100 * thread + n;
      AdmitRequest command{owned(allowed(number), instance_id(thread)), {}};
      command.place = SendPlace{zone(), 7, allowed(number).progress};
      const auto outcome = repository.apply({command}).at(0);
      EXPECT_EQ(outcome.status, OutcomeStatus::applied) << outcome.error.value_or(Error{}).detail;
      if (!outcome.no_place) ++placed;
      const ClaimOrder order{.stage = Stage::send,
                             .by = instance_id(thread),
                             .now = at(1),
                             .limit = 1,
                             .zone = zone(),
                             .max_in_flight = 7};
      placed += static_cast<int>(repository.claim(order).value().size());
    }
  });
  EXPECT_EQ(placed, 7);
  EXPECT_EQ(store().survey(at(0)).value().zones.at(0).in_flight, 7);
}

TEST_P(PostgresqlEngine, ARowIsClaimedByOneController) {
  std::vector<Command> commands;
  for (int n = 1; n <= 300; ++n) commands.push_back(AdmitRequest{received(n), {}});
  store().apply(commands);
  std::mutex mutex;
  std::map<RequestId, int> claims;
  at_once(3, [&](auto& repository, int thread) {
    const ClaimOrder order{.stage = Stage::check, .by = instance_id(thread), .now = at(1), .limit = 7};
    for (;;) {
      const auto rows = repository.claim(order).value();
      const std::lock_guard lock(mutex);
      for (const auto& row : rows) ++claims[row.order.id];
      if (claims.size() == 300) return;
    }
  });
  for (const auto& [id, count] : claims) EXPECT_EQ(count, 1) << id.to_string();
}

TEST_P(PostgresqlEngine, BackupsOfOneDateAreNumberedWhoeverRecordsThem) {
  for (int n = 1; n <= 60; ++n) put(sent(n));
  at_once(3, [&](auto& repository, int thread) {
    for (int n = thread * 20 + 1; n <= thread * 20 + 20; ++n) {
      ChangeRequest change{request_id(n), RequestState::sent, succeeded(sent(n), backup_id(n))};
      change.backup = backup_of(sent(n), n);
      const auto outcome = repository.apply({change}).at(0);
      EXPECT_EQ(outcome.status, OutcomeStatus::applied) << outcome.error.value_or(Error{}).detail;
    }
  });
  EXPECT_EQ(sql("SELECT max(version_of_date) FROM backup"), "60");
}

// Whoever holds up one group, here with a lock on its row, does not hold up the other.
TEST_P(PostgresqlEngine, OneRepositoryWritesAGroupWhileAnotherWaits) {
  auto repository = another();
  ASSERT_EQ(repository->applies_at_once(), 2u);
  put(sent(1));
  soci::PostgresqlSession holder(parsed_url(cluster().url(schema_)));
  std::thread waiting;
  std::atomic<bool> ended = false;
  const auto held = holder.write([&]() -> Result<void> {
    if (auto locked = holder.run("SELECT 1 FROM backup_request FOR UPDATE"); !locked) return locked;
    waiting = std::thread([&] {
      const ChangeRequest change{request_id(1), RequestState::sent, failed(sent(1))};
      EXPECT_EQ(repository->apply({change}).at(0).status, OutcomeStatus::applied);
      ended = true;
    });
    while (!ended && sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") != "1") {
    }
    EXPECT_FALSE(ended) << "it did not wait for the row";
    for (int n = 2; n <= 5; ++n) {
      EXPECT_EQ(repository->apply({AdmitRequest{sent(n), {}, job(3)}}).at(0).status, OutcomeStatus::applied);
    }
    EXPECT_EQ(
        sql("SELECT state_code FROM backup_request WHERE backup_request_id = '" + request_id(1).to_string() + "'"),
        "Sent");
    return {};
  });
  if (waiting.joinable()) waiting.join();
  ASSERT_TRUE(held) << held.error().detail;
  EXPECT_EQ(repository->list_requests({}).value().size(), 5u);
}

TEST_P(PostgresqlEngine, GroupsOfOneRepositoryAtOnceKeepWhatTheyShareInOrder) {
  auto repository = another();
  for (int n = 1; n <= 400; ++n) put(sent(n));
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 2; ++thread) {
    threads.emplace_back([&, thread] {
      for (int group = 0; group < 20; ++group) {
        std::vector<Command> commands;
        for (int n = thread * 200 + group * 10 + 1; n <= thread * 200 + group * 10 + 10; ++n) {
          ChangeRequest change{request_id(n), RequestState::sent, succeeded(sent(n), backup_id(n))};
          change.backup = backup_of(sent(n), n);
          change.audit = {{instance_id(thread), at(n), "batch", "decided", request_id(n).to_string(), ""}};
          commands.push_back(std::move(change));
        }
        for (const auto& outcome : repository->apply(commands)) {
          EXPECT_EQ(outcome.status, OutcomeStatus::applied) << outcome.error.value_or(Error{}).detail;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(sql("SELECT max(version_of_date) FROM backup"), "400");
  AuditVerifier verifier;
  const auto records = repository->list_audit({.limit = 1000}).value();
  for (const auto& record : records) verifier.take(record);
  EXPECT_EQ(verifier.finish(repository->audit_heads().value(), {}), std::vector<std::string>{});
  EXPECT_EQ(records.size(), 402u) << "each chain is opened";
}

TEST_P(PostgresqlEngine, OneOfTwoChangesOfOneRowWins) {
  for (int n = 1; n <= 30; ++n) put(sent(n));
  std::atomic<int> applied = 0;
  at_once(2, [&](auto& repository, int thread) {
    // In opposite orders, so that their locks cross.
    for (int round = 0; round < 5; ++round) {
      std::vector<Command> group;
      for (int i = 0; i < 30; ++i) {
        const int n = thread == 0 ? i + 1 : 30 - i;
        auto next = failed(sent(n));
        next.reason = "by " + std::to_string(thread);
        group.push_back(ChangeRequest{request_id(n), RequestState::sent, next});
      }
      for (const auto& outcome : repository.apply(group)) {
        if (outcome.status == OutcomeStatus::applied) ++applied;
        EXPECT_NE(outcome.status, OutcomeStatus::failed) << outcome.error.value_or(Error{}).detail;
      }
    }
  });
  EXPECT_EQ(applied, 30);
}

TEST_P(PostgresqlEngine, AResultComesInOnceWhoeverTakesIt) {
  std::atomic<int> kept = 0;
  at_once(3, [&](auto& repository, int) {
    for (int n = 1; n <= 30; ++n) {
      const auto outcome = repository.apply({KeepResult{result(request_id(n), "body")}}).at(0);
      if (outcome.status == OutcomeStatus::applied) ++kept;
    }
  });
  EXPECT_EQ(kept, 30);
  EXPECT_EQ(store().waiting_results(100).value().size(), 30u);
}

TEST_P(PostgresqlEngine, ALeaseIsMeasuredByTheServersClock) {
  const auto url = parsed_url(cluster().url(schema_));
  auto one = soci::PostgresqlRepository::open(url, {}, at(0)).value();
  const auto beat_as = [&](int instance, Timestamp now) {
    return one->beat({instance_id(instance), "test", at(0), now, std::chrono::seconds(60)}).value().alive.size();
  };
  EXPECT_EQ(beat_as(1, at(0)), 1u);
  EXPECT_EQ(beat_as(2, at(100'000)), 2u) << "whatever the controllers' clocks say";
  sql("UPDATE controller_instance SET beat_time = beat_time - 61000000 WHERE instance_id = '" +
      instance_id(1).to_string() + "'");
  EXPECT_EQ(beat_as(2, at(0)), 1u);
}

TEST_P(PostgresqlEngine, TheWorkAtHandIsFoundByIndex) {
  // As generic plans of a large table have it: with figures that say so.
  sql("INSERT INTO backup_request SELECT 'id-' || n, 'job-' || n, '/p', '2021-01-08', 'r', 'HTTP', NULL, '', 1, "
      "'Allowed',"
      " '', 1, NULL, NULL, NULL, NULL, NULL, 1, 'files', 'p', 1, NULL, 1, 0, '', NULL, NULL, n, 0, 1"
      " FROM generate_series(1, 5000) AS n; ANALYZE backup_request");
  const auto plan = [&](const std::string& types, const std::string& query, const std::string& values) {
    return cluster().run("SET search_path = " + schema_ + "; SET plan_cache_mode = force_generic_plan; PREPARE q (" +
                         types + ") AS " + query +
                         "; CREATE FUNCTION pg_temp.plan() RETURNS text LANGUAGE plpgsql AS $$ DECLARE line text;"
                         " whole text := ''; BEGIN FOR line IN EXECUTE 'EXPLAIN EXECUTE q (" +
                         values +
                         ")' LOOP whole := whole || line || '; '; END LOOP; RETURN whole; END $$;"
                         " SELECT pg_temp.plan()");
  };
  const std::string open_rows = " AND state_code IN ('Received', 'Allowed', 'Sent')";
  const auto claim = plan("text, text, bigint, bigint",
                          "SELECT backup_request_id FROM backup_request WHERE state_code = $1 AND zone = $2"
                          " AND next_action_time <= $3 AND owner_instance_id IS NULL" +
                              open_rows + " ORDER BY next_action_time, received_time LIMIT $4 FOR UPDATE SKIP LOCKED",
                          "NULL, NULL, 1, 1");
  EXPECT_NE(claim.find("Index Scan using backup_request_open"), std::string::npos) << claim;
  EXPECT_EQ(claim.find("Sort"), std::string::npos) << claim;
  const auto guard = plan("text[], text[]",
                          "UPDATE backup_request AS r SET fence = 1 FROM unnest($1, $2) AS n (id, from_state)"
                          " WHERE r.backup_request_id = n.id AND r.state_code || '''' = n.from_state",
                          "NULL, NULL");
  EXPECT_NE(guard.find("Index Scan using backup_request_pkey"), std::string::npos) << guard;
  const std::string page = " AND backup_request_id < $2 ORDER BY backup_request_id DESC LIMIT $3";
  const auto state =
      plan("text, text, bigint",
           "SELECT zone FROM backup_request WHERE state_code = $1 AND state_code || '' <> 'Succeeded'" + page,
           "NULL, NULL, 1");
  EXPECT_NE(state.find("backup_request_state"), std::string::npos) << state;
  EXPECT_EQ(state.find("Sort"), std::string::npos) << state;
  const auto requester =
      plan("text, text, bigint", "SELECT zone FROM backup_request WHERE (requester_id = $1)" + page, "NULL, NULL, 1");
  EXPECT_NE(requester.find("backup_request_requester"), std::string::npos) << requester;
  EXPECT_EQ(requester.find("Sort"), std::string::npos) << requester;
}

// ---- Opening -------------------------------------------------------------------------------------------------------

class PostgresqlOpening : public ::testing::Test {
 protected:
  Result<std::unique_ptr<soci::PostgresqlRepository>> open(soci::Create create = soci::Create::automatic,
                                                           std::string user = "backupctl") {
    auto url = cluster().url(schema);
    url.replace(url.find("backupctl"), 9, user);
    return soci::PostgresqlRepository::open(parsed_url(url), {.create = create}, Timestamp{});
  }
  std::string code_of(const Result<std::unique_ptr<soci::PostgresqlRepository>>& opened) {
    return opened ? "opened" : opened.error().code;
  }
  const std::string schema = new_schema();
};

TEST_F(PostgresqlOpening, MakesTheStoreOnlyWhenItMay) {
  EXPECT_EQ(code_of(open(soci::Create::never)), "store-missing");
  EXPECT_EQ(cluster().run("SELECT count(*) FROM pg_namespace WHERE nspname = '" + schema + "'"), "0");
  EXPECT_EQ(code_of(open()), "opened");
  EXPECT_EQ(code_of(open(soci::Create::never)), "opened");
}

TEST_F(PostgresqlOpening, SeveralAtOnceMakeOneStore) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([this] { EXPECT_EQ(code_of(open()), "opened"); });
  for (auto& thread : threads) thread.join();
}

TEST_F(PostgresqlOpening, RefusesWhatIsNotItsOwnAndChangesNothing) {
  ASSERT_EQ(code_of(open()), "opened");
  const auto with = [&](const std::string& statement) {
    cluster().run("SET search_path = " + schema + "; " + statement);
    return code_of(open());
  };
  EXPECT_EQ(with("INSERT INTO schema_migration VALUES (99, 'later', '', 'controller', 0)"), "store-newer");
  EXPECT_EQ(
      with("DELETE FROM schema_migration WHERE number = 99; UPDATE schema_migration SET checksum = '0' || checksum"
           " WHERE number = 1"),
      "store-changed");
  EXPECT_EQ(with("UPDATE schema_migration SET product = 'zone'"), "store-other-product");
  EXPECT_EQ(with("ALTER TABLE schema_migration DROP COLUMN product"), "store-foreign");
  EXPECT_EQ(with("DROP TABLE schema_migration"), "store-foreign");
}

TEST_F(PostgresqlOpening, AUserWithoutRightsToChangeTablesWorksOnAFinishedStore) {
  const auto user = "service_" + schema;
  cluster().run("CREATE USER " + user);
  EXPECT_EQ(code_of(open(soci::Create::automatic, user)), "store-no-permission");
  ASSERT_EQ(code_of(open()), "opened");
  cluster().run("GRANT USAGE ON SCHEMA " + schema + " TO " + user +
                "; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA " + schema + " TO " + user);
  auto opened = open(soci::Create::never, user);
  ASSERT_EQ(code_of(opened), "opened");
  const auto beaten = (*opened)->beat({InstanceId::parse("01900000-0004-7000-8000-000000000001").value(), "test",
                                       Timestamp{}, Timestamp{}, std::chrono::seconds(15)});
  EXPECT_TRUE(beaten) << beaten.error().detail;
}

}  // namespace
}  // namespace backupctl::testing
