// A PostgreSQL that fails: what the repository answers meanwhile, and that it goes on by itself.
#include "backupctl/testing/repository_fixture.hpp"
#include "contract/postgresql_store.hpp"
#include "integration/support/cutting_proxy.hpp"

namespace backupctl::testing {
namespace {

using Cut = CuttingProxy::Cut;

// Rows made by the fixture's helpers, the store reached through a proxy.
class PostgresqlFaults : public RepositoryContract {
 protected:
  static std::string& last_schema() {
    static std::string name;
    return name;
  }
  static CuttingProxy*& last_proxy() {
    static CuttingProxy* proxy = nullptr;
    return proxy;
  }
  std::string sql(const std::string& statements) {
    return cluster().run("SET search_path = " + schema_ + "; " + statements);
  }
  std::string cut_all_connections() {
    return sql(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND application_name = 'backupctl'");
  }
  static Outcome admit(BlockingRepository& repository, int number) {
    return repository.apply({AdmitRequest{received(number), {{RequestState::received, at(0), {}}}}}).at(0);
  }
  const std::string schema_ = last_schema();
};

// The proxy goes with the repository.
class ThroughProxy {
 public:
  static std::unique_ptr<BlockingRepository> open(std::string& schema, CuttingProxy*& proxy) {
    schema = new_schema();
    static std::unique_ptr<CuttingProxy> one;
    one = std::make_unique<CuttingProxy>(cluster().port());
    proxy = one.get();
    return soci::PostgresqlRepository::open(parsed_url(cluster().url(schema, one->port())), {.server_clock = false},
                                            Timestamp{})
        .value();
  }
};

const RepositoryFactory faults_factory{"Faults", [] {
                                         struct Names : PostgresqlFaults {
                                           using PostgresqlFaults::last_proxy;
                                           using PostgresqlFaults::last_schema;
                                         };
                                         return ThroughProxy::open(Names::last_schema(), Names::last_proxy());
                                       }};
INSTANTIATE_TEST_SUITE_P(Postgresql, PostgresqlFaults, ::testing::Values(faults_factory));

TEST_P(PostgresqlFaults, AConnectionCutWhileIdleIsNotNoticed) {
  put(received(1));
  EXPECT_EQ(find(1), received(1));
  EXPECT_NE(cut_all_connections(), "0");
  EXPECT_EQ(admit(store(), 2).status, OutcomeStatus::applied);
  EXPECT_EQ(find(2), received(2));
  cut_all_connections();
  EXPECT_TRUE(store().survey(at(0)));
  cut_all_connections();
  EXPECT_TRUE(store().claim({.stage = Stage::check, .by = instance_id(1), .now = at(1)}));
}

TEST_P(PostgresqlFaults, ACommitWhoseAnswerIsLostIsUnknownAndSafeToRepeat) {
  put(received(1));
  last_proxy()->cut(Cut::after_commit);
  auto outcome = admit(store(), 2);
  EXPECT_EQ(outcome.status, OutcomeStatus::unknown);
  EXPECT_EQ(outcome.error.value().code, "store-commit-lost");
  EXPECT_TRUE(outcome.error->retryable);
  ASSERT_TRUE(eventually([&] { return sql("SELECT count(*) FROM backup_request") == "2"; }));
  outcome = admit(store(), 2);
  EXPECT_EQ(outcome.status, OutcomeStatus::already_done);
  EXPECT_EQ(history(2).size(), 1u);

  last_proxy()->cut(Cut::before_commit);
  EXPECT_EQ(admit(store(), 3).status, OutcomeStatus::unknown);
  EXPECT_EQ(admit(store(), 3).status, OutcomeStatus::applied);
}

TEST_P(PostgresqlFaults, ALostClaimIsTakenUpAfterTheBeat) {
  put(received(1));
  beat(1, 0);
  last_proxy()->cut(Cut::after_commit);
  const ClaimOrder order{.stage = Stage::check, .by = instance_id(1), .now = at(1)};
  const auto claimed = store().claim(order);
  ASSERT_FALSE(claimed);
  EXPECT_EQ(claimed.error().kind, ErrorKind::unknown_outcome);
  ASSERT_TRUE(eventually([&] { return find(1)->progress.owner == instance_id(1); }));
  ASSERT_TRUE(store().leave(instance_id(1)));
  EXPECT_EQ(store().claim(order).value().size(), 1u);
}

TEST_P(PostgresqlFaults, AServerThatIsGoneIsUnavailableUntilItReturns) {
  put(received(1));
  cluster().stop();
  const auto outcome = admit(store(), 2);
  EXPECT_EQ(outcome.status, OutcomeStatus::failed);
  EXPECT_TRUE(outcome.error.value().retryable);
  EXPECT_EQ(outcome.error->code, "store-unreachable");
  const auto found = store().find_request(request_id(1));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::unavailable);
  cluster().start();
  EXPECT_EQ(find(1), received(1));
  EXPECT_EQ(admit(store(), 2).status, OutcomeStatus::applied);
}

// Alive, and silent: nothing that the kernel could notice.
TEST_P(PostgresqlFaults, AServerThatSaysNothingIsGivenUp) {
  const auto url = parsed_url(cluster().url(schema_) + "&timeout=1&connect_timeout=2");
  auto one = soci::PostgresqlRepository::open(url, {}, Timestamp{}).value();
  ASSERT_EQ(admit(*one, 1).status, OutcomeStatus::applied);
  ASSERT_TRUE(one->find_request(request_id(1)));
  cluster().freeze();
  const auto begun = std::chrono::steady_clock::now();
  std::thread reading([&] {
    const auto found = one->find_request(request_id(1));
    ASSERT_FALSE(found);
    EXPECT_TRUE(found.error().retryable);
  });
  const auto outcome = admit(*one, 2);
  reading.join();
  const auto waited = std::chrono::steady_clock::now() - begun;
  cluster().thaw();
  EXPECT_EQ(outcome.status, OutcomeStatus::failed);
  EXPECT_EQ(outcome.error.value().code, "store-unreachable");
  EXPECT_LT(waited, std::chrono::seconds{7}) << "3 s for the answer, 2 s for a new connection";
  EXPECT_EQ(admit(*one, 2).status, OutcomeStatus::applied);
  EXPECT_TRUE(one->find_request(request_id(2)).value());
}

TEST_P(PostgresqlFaults, ACommitThatIsNotAnsweredIsUnknownAndSafeToRepeat) {
  const auto url = parsed_url(cluster().url(schema_) + "&timeout=1");
  auto one = soci::PostgresqlRepository::open(url, {}, Timestamp{}).value();
  sql("CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(4); RETURN NULL; END $$;"
      "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON backup_request DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
      " EXECUTE FUNCTION wait()");
  const auto outcome = admit(*one, 1);
  EXPECT_EQ(outcome.status, OutcomeStatus::unknown);
  EXPECT_NE(outcome.error.value().detail.find("no answer for 3 s"), std::string::npos) << outcome.error->detail;
  ASSERT_TRUE(eventually([&] { return sql("SELECT count(*) FROM backup_request") == "1"; })) << "it came all the same";
  EXPECT_EQ(admit(*one, 1).status, OutcomeStatus::already_done);
  EXPECT_EQ(history(1).size(), 1u);
}

TEST_P(PostgresqlFaults, AStoreIsOpenedLaterWhenTheServerIsAway) {
  const auto url = parsed_url(cluster().url(new_schema()));
  const auto beat_of = [](soci::PostgresqlRepository& repository) {
    return repository.beat({instance_id(1), "test", at(0), at(0), std::chrono::seconds(15)});
  };
  cluster().stop();
  EXPECT_EQ(soci::PostgresqlRepository::open(url, {}, Timestamp{}).error().code, "store-unreachable");
  auto one = soci::PostgresqlRepository::open(url, {.wait_for_server = true}, Timestamp{}).value();
  EXPECT_EQ(beat_of(*one).error().code, "store-unreachable");
  cluster().start();
  EXPECT_TRUE(one->find_request(request_id(1)).error().retryable) << "a beat opens it";
  EXPECT_EQ(admit(*one, 1).error.value().code, "store-unreachable");
  const auto beaten = beat_of(*one);
  ASSERT_TRUE(beaten) << beaten.error().detail;
  EXPECT_EQ(admit(*one, 1).status, OutcomeStatus::applied);
  EXPECT_TRUE(one->find_request(request_id(1)).value());
}

TEST_P(PostgresqlFaults, WaitingForTheServerForgivesNothingElse) {
  const auto code_of = [](std::string url, soci::Create create = soci::Create::automatic) {
    const auto opened =
        soci::PostgresqlRepository::open(parsed_url(url), {.create = create, .wait_for_server = true}, Timestamp{});
    return opened ? "opened" : opened.error().code;
  };
  auto url = cluster().url(new_schema());
  EXPECT_EQ(code_of(url, soci::Create::never), "store-missing");
  url.replace(url.find("/postgres?"), 9, "/nothing");
  EXPECT_EQ(code_of(url), "store-missing");
  url = cluster().url(new_schema());
  url.replace(url.find("backupctl"), 9, "nobody");
  EXPECT_EQ(code_of(url), "store-no-permission");
}

TEST_P(PostgresqlFaults, AReadOnlyServerIsReadAndWrittenAgainLater) {
  put(received(1));
  sql("ALTER DATABASE postgres SET default_transaction_read_only = on");
  cut_all_connections();
  const auto outcome = admit(store(), 2);
  EXPECT_EQ(find(1), received(1));
  cluster().run("BEGIN READ WRITE; ALTER DATABASE postgres RESET default_transaction_read_only; COMMIT");
  EXPECT_EQ(outcome.status, OutcomeStatus::failed);
  EXPECT_EQ(outcome.error.value().code, "store-read-only");
  EXPECT_TRUE(outcome.error->retryable);
  EXPECT_EQ(admit(store(), 2).status, OutcomeStatus::applied);
}

TEST_P(PostgresqlFaults, TooManyConnectionsPass) {
  put(received(1));
  cluster().run("CREATE USER crowded; GRANT USAGE ON SCHEMA " + schema_ +
                " TO crowded; GRANT ALL ON ALL TABLES IN SCHEMA " + schema_ +
                " TO crowded; ALTER USER crowded CONNECTION LIMIT 1");
  auto url = cluster().url(schema_);
  url.replace(url.find("backupctl"), 9, "crowded");
  auto one = soci::PostgresqlRepository::open(parsed_url(url), {}, Timestamp{}).value();
  const auto found = one->find_request(request_id(1));  // on a second connection
  ASSERT_FALSE(found);
  EXPECT_TRUE(found.error().retryable) << found.error().detail;
  EXPECT_NE(found.error().detail.find("too many connections"), std::string::npos) << found.error().detail;
  cluster().run("ALTER USER crowded CONNECTION LIMIT 10");
  EXPECT_TRUE(one->find_request(request_id(1)));
  one.reset();
  cluster().run("DROP OWNED BY crowded; DROP USER crowded");
}

TEST_P(PostgresqlFaults, WhoeverHoldsALockTooLongIsCutOff) {
  put(sent(1));
  std::thread blocker([&] {
    cluster().run("BEGIN; SET LOCAL search_path = " + schema_ +
                  "; UPDATE backup_request SET fence = fence; SELECT pg_sleep(1); COMMIT");
  });
  eventually([&] { return sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%'") != "1"; });
  // A statement that waits for longer than its time-out is busy, not lost, and the row is as it was.
  sql("ALTER DATABASE postgres SET lock_timeout = '100ms'");
  cut_all_connections();
  const auto outcome = store().apply({ChangeRequest{request_id(1), RequestState::sent, failed(sent(1))}}).at(0);
  cluster().run("ALTER DATABASE postgres RESET lock_timeout");
  blocker.join();
  cut_all_connections();
  EXPECT_EQ(outcome.status, OutcomeStatus::failed);
  EXPECT_EQ(outcome.error.value().code, "store-contended");
  EXPECT_EQ(store().apply({ChangeRequest{request_id(1), RequestState::sent, failed(sent(1))}}).at(0).status,
            OutcomeStatus::applied);
}

TEST_P(PostgresqlFaults, TablesThatWereDroppedAreMissed) {
  put(received(1));
  sql("DROP SCHEMA " + schema_ + " CASCADE");
  const auto outcome = admit(store(), 2);
  EXPECT_EQ(outcome.status, OutcomeStatus::failed);
  EXPECT_EQ(outcome.error.value().code, "store-vanished") << outcome.error->detail;
  EXPECT_EQ(store().find_request(request_id(1)).error().code, "store-vanished");
}

}  // namespace
}  // namespace backupctl::testing
