// Checking, migrating and copying a store.
#include "backupctl/soci/store.hpp"
#include "backupctl/testing/repository_fixture.hpp"
#include "contract/postgresql_store.hpp"
#include "soci/upkeep.hpp"
#include "unit/soci_temporary_folder.hpp"

namespace backupctl::testing {
namespace {

// The fixture's store is a SQLite file, with work in every state.
class StoreUpkeep : public RepositoryContract {
 protected:
  static soci::TemporaryFolder*& last_folder() {
    static soci::TemporaryFolder* folder = nullptr;
    return folder;
  }
  void SetUp() override {
    put(received(1));
    auto keyed = owned(allowed(2), instance_id(1));
    keyed.order.key = key("night \"{,}\\");
    run(AdmitRequest{keyed, {{RequestState::received, at(0), {}}, {RequestState::allowed, at(1), "by jöb"}}, job(3)});
    put(sent(3));
    ChangeRequest change{request_id(3), RequestState::sent, succeeded(sent(3), backup_id(3))};
    change.backup = backup_of(sent(3), 3);
    run(change);
    put(sent(4));
    run(KeepResult{result(request_id(4), std::string("odd \0 \xff body", 12))});
    run(KeepResult{result(request_id(4), "another")});
    run(Park{parked(1)});
    run(PauseZone{zone("tapes"), true, {audit(1, "zone-paused")}});
  }
  soci::SqliteUrl source() const { return {*last_folder() / "controller.db"}; }
  soci::PostgresqlUrl target() const { return parsed_url(cluster().url(schema_)); }
  const std::string schema_ = new_schema();
};
const RepositoryFactory upkeep_factory{
    "Upkeep", [] {
      struct Folder : StoreUpkeep {
        using StoreUpkeep::last_folder;
      };
      static std::unique_ptr<soci::TemporaryFolder> folder;
      folder = std::make_unique<soci::TemporaryFolder>();
      Folder::last_folder() = folder.get();
      return soci::open_blocking("sqlite://" + (*folder / "controller.db").string()).value();
    }};
INSTANTIATE_TEST_SUITE_P(Postgresql, StoreUpkeep, ::testing::Values(upkeep_factory));

TEST_P(StoreUpkeep, ACopyHasEverythingAndGoesOn) {
  const auto copied = soci::copy_store(source(), target(), at(0));
  ASSERT_TRUE(copied) << copied.error().detail;
  auto moved =
      soci::PostgresqlRepository::open(target(), {.create = soci::Create::never, .server_clock = false}, at(0)).value();
  for (int n = 1; n <= 4; ++n) {
    EXPECT_EQ(moved->find_request(request_id(n)).value(), find(n));
    EXPECT_EQ(moved->history(request_id(n)).value(), history(n));
  }
  EXPECT_EQ(moved->find_backup(backup_id(3)).value(), store().find_backup(backup_id(3)).value());
  EXPECT_EQ(moved->waiting_results(9).value(), store().waiting_results(9).value());
  EXPECT_EQ(moved->list_parked({}).value(), store().list_parked({}).value());
  EXPECT_EQ(moved->list_audit({}).value(), store().list_audit({}).value());
  EXPECT_EQ(moved->audit_heads().value(), store().audit_heads().value());
  EXPECT_TRUE(moved->survey(Timestamp{}).value().zones.back().paused);
  EXPECT_EQ(cluster().run("SELECT count(*) FROM " + schema_ + ".job_version_item"), "3");

  // Its owner is not there: the row is taken up.
  const auto beaten = moved->beat({instance_id(9), "test", at(0), at(5), std::chrono::seconds(15)}).value();
  EXPECT_EQ(beaten.rows_freed, 1);
  // New results come after those that were copied.
  EXPECT_EQ(moved->apply({KeepResult{result(request_id(1), "new")}}).at(0).status, OutcomeStatus::applied);
  EXPECT_EQ(moved->waiting_results(9).value().back().body, "new");

  EXPECT_EQ(soci::copy_store(source(), target(), at(0)).error().code, "store-not-empty");
}

TEST_P(StoreUpkeep, AnInterruptedCopyHasCopiedNothingAndIsRunAgain) {
  ASSERT_TRUE(soci::migrate_store(target(), at(0)));
  cluster().run("ALTER TABLE " + schema_ + ".paused_zone ADD CONSTRAINT none CHECK (zone IS NULL)");
  ASSERT_FALSE(soci::copy_store(source(), target(), at(0)));
  EXPECT_EQ(cluster().run("SELECT count(*) FROM " + schema_ + ".backup_request"), "0");
  cluster().run("ALTER TABLE " + schema_ + ".paused_zone DROP CONSTRAINT none");
  EXPECT_TRUE(soci::copy_store(source(), target(), at(0)));
}

TEST_P(StoreUpkeep, NothingIsCopiedFromUnderAController) {
  beat(1, 0);
  EXPECT_EQ(soci::copy_store(source(), target(), at(0)).error().code, "store-in-use");
  ASSERT_TRUE(store().leave(instance_id(1)));
  EXPECT_TRUE(soci::copy_store(source(), target(), at(0)));
}

TEST_P(StoreUpkeep, ACheckCountsAndSaysWhatIsWrong) {
  auto report = soci::check_store(source()).value();
  EXPECT_EQ(report.schema, report.newest_schema);
  EXPECT_EQ(report.problems, std::vector<std::string>{});
  const auto rows_of = [&](const std::string& name) {
    for (const auto& [table, rows] : report.rows) {
      if (table == name) return rows;
    }
    return std::int64_t{-1};
  };
  EXPECT_EQ(rows_of("backup_request"), 4);

  report = soci::check_store(target()).value();
  EXPECT_EQ(report.schema, 0u);
  ASSERT_EQ(report.problems.size(), 2u);
  EXPECT_NE(report.problems[0].find("fsync is off"), std::string::npos) << report.problems[0];
  EXPECT_NE(report.problems[1].find("no store yet"), std::string::npos) << report.problems[1];

  ASSERT_TRUE(soci::copy_store(source(), target(), at(0)));
  cluster().run("UPDATE " + schema_ + ".backup_request SET next_action_time = NULL WHERE state_code = 'Received'");
  report = soci::check_store(target()).value();
  EXPECT_EQ(rows_of("request_history"), 5);
  ASSERT_EQ(report.problems.size(), 2u);
  EXPECT_NE(report.problems[1].find("1 requests have no next step"), std::string::npos) << report.problems[1];
}

TEST_P(StoreUpkeep, PrintedMigrationsMakeTheSameStore) {
  const auto script = soci::missing_migrations(target(), at(0)).value();
  cluster().run(script);
  EXPECT_EQ(soci::missing_migrations(target(), at(0)).value(), "");
  EXPECT_TRUE(soci::PostgresqlRepository::open(target(), {.create = soci::Create::never}, at(0)));
}

}  // namespace
}  // namespace backupctl::testing
