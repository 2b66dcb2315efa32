// The contract over SQLite, and what only SQLite has: a file, constraints, indexes, locks of processes.
#include <signal.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "backupctl/soci/store.hpp"
#include "backupctl/testing/repository_contract.hpp"
#include "embedded/controller_migrations.hpp"
#include "soci/ground/instance_lock.hpp"
#include "soci/ground/sqlite_store.hpp"
#include "unit/soci_temporary_folder.hpp"

namespace backupctl::testing {
namespace {

using soci::TemporaryFolder;

std::string url_of(const TemporaryFolder& folder) { return "sqlite://" + (folder / "controller.db").string(); }

// A repository together with the folder that it lies in.
class WithFolder final : public BlockingRepository {
 public:
  WithFolder() : engine_(soci::open_blocking(url_of(folder_)).value()) {}
  std::vector<Outcome> apply(const std::vector<Command>& commands) override { return engine_->apply(commands); }
  Result<std::vector<BackupRequest>> claim(const ClaimOrder& order) override { return engine_->claim(order); }
  Result<BeatReply> beat(const InstanceBeat& beat) override { return engine_->beat(beat); }
  Result<void> leave(InstanceId id) override { return engine_->leave(id); }
  Result<std::optional<BackupRequest>> find_request(RequestId id) override { return engine_->find_request(id); }
  Result<std::vector<BackupRequest>> list_requests(const RequestQuery& q) override { return engine_->list_requests(q); }
  Result<std::vector<HistoryEntry>> history(RequestId id) override { return engine_->history(id); }
  Result<std::optional<Backup>> find_backup(BackupId id) override { return engine_->find_backup(id); }
  Result<std::vector<Backup>> list_backups(const BackupQuery& q) override { return engine_->list_backups(q); }
  Result<std::vector<ResultRecord>> waiting_results(std::int64_t n) override { return engine_->waiting_results(n); }
  Result<std::vector<WaitingNotice>> claim_notices(const NoticeClaim& c) override { return engine_->claim_notices(c); }
  Result<std::vector<AuditRecord>> list_audit(const AuditQuery& q) override { return engine_->list_audit(q); }
  Result<std::vector<AuditHead>> audit_heads() override { return engine_->audit_heads(); }
  Result<std::vector<ParkedResult>> list_parked(const ParkedQuery& q) override { return engine_->list_parked(q); }
  Result<DueWork> due(const DueQuery& query) override { return engine_->due(query); }
  Result<StoreSurvey> survey(Timestamp now) override { return engine_->survey(now); }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<BlockingRepository> engine_;
};

const RepositoryFactory factory{"Sqlite", [] { return std::make_unique<WithFolder>(); }};
INSTANTIATE_TEST_SUITE_P(Sqlite, RepositoryContract, ::testing::Values(factory));

class SqliteRepositoryTest : public RepositoryContract {
 protected:
  std::unique_ptr<BlockingRepository> open() { return soci::open_blocking(url_of(folder)).value(); }
  ::soci::session raw() { return ::soci::session(::soci::sqlite3, "db=" + (folder / "controller.db").string()); }
  Result<BeatReply> beat(BlockingRepository& repository, int instance) {
    return repository.beat({instance_id(instance), "test", at(0), at(1), std::chrono::hours(1)});
  }
  TemporaryFolder folder;
};
INSTANTIATE_TEST_SUITE_P(Engine, SqliteRepositoryTest, ::testing::Values(factory));

TEST_P(SqliteRepositoryTest, WhatWasAppliedIsThereForTheNextProcess) {
  open()->apply({AdmitRequest{sent(1), {}}});
  EXPECT_EQ(open()->find_request(request_id(1)).value(), sent(1));
}

TEST_P(SqliteRepositoryTest, ACommandThatBreaksARuleOfTheStoreFailsAlone) {
  auto repository = open();
  auto impossible = sent(3);
  impossible.progress.checked = at(-1);  // before it was received
  auto no_terms = sent(5);
  no_terms.progress.terms.reset();
  const auto outcomes =
      repository->apply({AdmitRequest{sent(1), {}}, AdmitRequest{sent(2), {}}, AdmitRequest{impossible, {}},
                         AdmitRequest{sent(4), {}}, AdmitRequest{no_terms, {}}});
  ASSERT_EQ(outcomes.size(), 5u);
  for (const std::size_t good : {0u, 1u, 3u}) {
    EXPECT_EQ(outcomes[good].status, OutcomeStatus::applied);
    EXPECT_FALSE(outcomes[good].error);
  }
  for (const std::size_t bad : {2u, 4u}) {
    EXPECT_EQ(outcomes[bad].status, OutcomeStatus::failed);
    EXPECT_EQ(outcomes[bad].error.value().code, "store-constraint");
  }
  EXPECT_NE(outcomes[2].error->detail.find("checked_follows_received"), std::string::npos) << outcomes[2].error->detail;
  EXPECT_EQ(repository->list_requests({}).value().size(), 3u);
}

TEST_P(SqliteRepositoryTest, ASecondBackupOfOneRequestIsRefused) {
  auto repository = open();
  ASSERT_EQ(repository->apply({AdmitRequest{sent(1), {}}, AdmitRequest{sent(2), {}}}).size(), 2u);
  ChangeRequest change{request_id(1), RequestState::sent, succeeded(sent(1), backup_id(1))};
  change.backup = backup_of(sent(1), 1);
  ASSERT_EQ(repository->apply({change}).at(0).status, OutcomeStatus::applied);
  ChangeRequest twice{request_id(2), RequestState::sent, succeeded(sent(2), backup_id(2))};
  twice.backup = backup_of(sent(1), 2);
  const auto outcome = repository->apply({twice}).at(0);
  EXPECT_EQ(outcome.status, OutcomeStatus::failed);
  EXPECT_EQ(repository->find_request(request_id(2)).value(), sent(2));
}

TEST_P(SqliteRepositoryTest, TheViewShowsWhatWouldBeStuck) {
  auto repository = open();
  auto stuck = sent(1);
  stuck.progress.next_action.reset();
  repository->apply({AdmitRequest{stuck, {}}, AdmitRequest{sent(2), {}}});
  EXPECT_EQ(repository->survey(Timestamp{}).value().rows_without_next_step, 1);
  auto sql = raw();
  std::string id;
  sql << "SELECT backup_request_id FROM row_without_next_step", ::soci::into(id);
  EXPECT_EQ(id, request_id(1).to_string());
}

TEST_P(SqliteRepositoryTest, TheRowsOfAKilledProcessAreFreedAtTheNextBeat) {
  auto survivor = open();
  ASSERT_TRUE(beat(*survivor, 1));
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto repository = open();
    const bool began = beat(*repository, 2).has_value() &&
                       repository->apply({AdmitRequest{owned(received(1), instance_id(2)), {}}}).at(0).status ==
                           OutcomeStatus::applied;
    if (began && ::write(ready[1], "x", 1) == 1) ::pause();
    ::_exit(1);
  }
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  auto reply = beat(*survivor, 1).value();
  EXPECT_EQ(reply.alive.size(), 2u);
  EXPECT_EQ(reply.rows_freed, 0);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  reply = beat(*survivor, 1).value();
  EXPECT_EQ(reply.alive.size(), 1u);
  EXPECT_EQ(reply.rows_freed, 1);
  EXPECT_EQ(survivor->find_request(request_id(1)).value()->progress.owner, std::nullopt);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_P(SqliteRepositoryTest, TheWorkAtHandIsFoundByIndex) {
  auto repository = open();
  auto sql = raw();
  const auto plan = [&](const std::string& query) {
    std::string all, detail;
    std::int64_t ignored = 0;
    ::soci::statement explain = (sql.prepare << "EXPLAIN QUERY PLAN " << query, ::soci::into(ignored),
                                 ::soci::into(ignored), ::soci::into(ignored), ::soci::into(detail));
    for (bool more = explain.execute(true); more; more = explain.fetch()) all += detail + "; ";
    return all;
  };
  const std::string open_rows = " AND (state_code = 'Received' OR state_code = 'Allowed' OR state_code = 'Sent')";
  const std::string claim = plan(
      "SELECT backup_request_id FROM backup_request WHERE state_code = ?1 AND zone IS ?2 AND next_action_time <= ?3"
      " AND owner_instance_id IS NULL" +
      open_rows + " ORDER BY next_action_time, received_time LIMIT ?4");
  EXPECT_NE(claim.find("backup_request_open (state_code=? AND zone=? AND next_action_time<?)"), std::string::npos)
      << claim;
  EXPECT_EQ(claim.find("TEMP B-TREE"), std::string::npos) << claim;
  const std::string places = plan(
      "SELECT count(*) FROM backup_request WHERE state_code = 'Allowed' AND zone = ?1"
      " AND next_action_time IS NULL AND owner_instance_id IS NOT NULL" +
      open_rows);
  EXPECT_NE(places.find("backup_request_open (state_code=? AND zone=? AND next_action_time=?)"), std::string::npos)
      << places;
  const std::string guard =
      plan("UPDATE backup_request SET fence = 1 WHERE backup_request_id = ?1 AND +state_code = ?2");
  EXPECT_NE(guard.find("(backup_request_id=?)"), std::string::npos) << guard;
  const std::string dead = plan(
      "UPDATE backup_request SET fence = 1 WHERE owner_instance_id IS NOT NULL"
      " AND owner_instance_id NOT IN (SELECT instance_id FROM controller_instance)");
  EXPECT_NE(dead.find("backup_request_owner"), std::string::npos) << dead;
  const std::string job =
      plan("SELECT 1 FROM backup_request WHERE backup_job_id = ?1 ORDER BY backup_request_id DESC LIMIT 1");
  EXPECT_NE(job.find("backup_request_job (backup_job_id=?)"), std::string::npos) << job;

  const std::string page = " AND backup_request_id < ?2 ORDER BY backup_request_id DESC LIMIT ?3";
  const std::string state =
      plan("SELECT 1 FROM backup_request WHERE state_code = ?1 AND state_code <> 'Succeeded'" + page);
  EXPECT_NE(state.find("backup_request_state (state_code=? AND backup_request_id<?)"), std::string::npos) << state;
  const std::string requester = plan("SELECT 1 FROM backup_request WHERE (requester_id = ?1)" + page);
  EXPECT_NE(requester.find("backup_request_requester (requester_id=? AND backup_request_id<?)"), std::string::npos)
      << requester;
}

TEST_P(SqliteRepositoryTest, ConditionsHoldAndCostNoTableOfTheirOwn) {
  auto repository = open();
  repository->apply({AdmitRequest{sent(1), {{RequestState::sent, at(0), {}}}}});
  auto sql = raw();
  const auto refused = [&](const std::string& statement) {
    try {
      sql << statement;
      return false;
    } catch (const ::soci::soci_error& error) {
      return std::string(error.what()).find("CHECK constraint failed") != std::string::npos;
    }
  };
  const std::string states[] = {
      "UPDATE backup_request SET state_code = 'Lost'",   "UPDATE backup_request SET transport = 'Pigeon'",
      "UPDATE backup_request SET sent_time = NULL",      "UPDATE backup_request SET state_code = 'Received'",
      "UPDATE backup_request SET state_code = 'Failed'", "UPDATE request_history SET state_code = 'Lost'"};
  for (const auto& statement : states) EXPECT_TRUE(refused(statement)) << statement;
  EXPECT_TRUE(
      refused("INSERT INTO zone_result (command_id, zone, body, received_time, problem, result_code)"
              " VALUES ('1', 'files', '', 0, '', 'Perhaps')"));

  const std::string written[] = {"UPDATE backup_request SET state_code = ?1, zone = ?2 WHERE rowid = ?3",
                                 "INSERT INTO request_history (state_code) VALUES (?1)",
                                 "INSERT INTO zone_result (result_code) VALUES (?1)",
                                 "INSERT INTO backup (state_code) VALUES (?1)"};
  for (const auto& statement : written) {
    std::string code;
    std::int64_t address = 0;
    ::soci::statement explain = (sql.prepare << "EXPLAIN " << statement, ::soci::into(address), ::soci::into(code));
    for (bool more = explain.execute(true); more; more = explain.fetch()) EXPECT_NE(code, "OpenEphemeral") << statement;
  }
}

// A filled store of every earlier version becomes one of today's, with its rows and its conditions.
TEST_P(SqliteRepositoryTest, AnOlderStoreIsBroughtUpToDateWithWhatItHolds) {
  auto ended = sent(2);
  ended.progress = succeeded(sent(2), backup_id(2));
  open()->apply({AdmitRequest{sent(1), {{RequestState::sent, at(0), {}}}},
                 AdmitRequest{ended, {{RequestState::succeeded, at(3), {}}}},
                 KeepResult{result(request_id(1), "body")}});
  const auto rows = open()->list_requests({}).value();
  ASSERT_EQ(rows.size(), 2u);

  const auto migrations = embedded::controller_migrations();
  for (std::size_t version = 1; version < migrations.size(); ++version) {
    TemporaryFolder older;
    const auto path = older / "controller.db";
    soci::SqliteStore::open(path, {"controller", soci::controller_application_id, migrations.first(version)}, {}, at(0))
        .value();
    {
      ::soci::session sql(::soci::sqlite3, "db=" + path.string());
      sql << "ATTACH '" << (folder / "controller.db").string() << "' AS filled";
      for (const char* table : {"backup_request", "request_history", "zone_result"})
        sql << "INSERT INTO main." << table << " SELECT * FROM filled." << table;
      sql << "UPDATE request_history SET position = 1";  // entries were counted once
    }
    auto repository = soci::open_blocking(url_of(older)).value();
    EXPECT_EQ(repository->list_requests({}).value(), rows) << "from version " << version;
    EXPECT_EQ(repository->waiting_results(10).value().size(), 1u);
    EXPECT_EQ(repository->apply({AdmitRequest{sent(3), {}}}).at(0).status, OutcomeStatus::applied);
    const HistoryEntry entry{RequestState::failed, at(3), {}};
    repository->apply({ChangeRequest{request_id(1), RequestState::sent, failed(sent(1)), {entry}}});
    EXPECT_EQ(repository->history(request_id(1)).value().back(), entry);

    ::soci::session sql(::soci::sqlite3, "db=" + path.string());
    std::string verdict;
    sql << "PRAGMA integrity_check", ::soci::into(verdict);
    EXPECT_EQ(verdict, "ok");
    EXPECT_THROW(sql << "UPDATE backup_request SET state_code = 'Lost'", ::soci::soci_error);
    std::string from_older, from_new;
    const std::string schema = "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema ORDER BY name)";
    sql << schema, ::soci::into(from_older);
    auto today = raw();
    today << schema, ::soci::into(from_new);
    EXPECT_EQ(from_older, from_new);
  }
}

// A list that walks the whole store must not keep a thread that reads, and there are few, for minutes.
TEST_P(SqliteRepositoryTest, AReadThatTakesTooLongIsGivenUp) {
  std::vector<Command> many;
  for (int i = 1; i <= 1000; ++i) many.push_back(AdmitRequest{sent(i), {}});
  open()->apply(many);
  const auto repository = soci::open_blocking(url_of(folder), {.sqlite_read_timeout = {}}).value();
  const auto list = repository->list_requests({.zone = zone("tapes")});
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code, "store-slow") << list.error().detail;
  EXPECT_EQ(list.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(repository->find_request(request_id(500)).value()) << "what is found at once is not given up";
  EXPECT_EQ(repository->apply({AdmitRequest{sent(1001), {}}}).at(0).status, OutcomeStatus::applied);
  EXPECT_EQ(open()->list_requests({.zone = zone("tapes")}).value().size(), 0u);
}

// What is remembered of the last look must not hide what others do to the file.
TEST_P(SqliteRepositoryTest, WhatOthersLeaveIsDueAtTheNextLook) {
  const auto idle = open();
  const auto due = [&] { return idle->due({.now = at(5), .zones = {zone()}}); };
  for (int look = 0; look < 2; ++look) ASSERT_FALSE(due().value().check);
  open()->apply({AdmitRequest{received(1), {}}});
  EXPECT_TRUE(due().value().check) << "of another connection";
  EXPECT_TRUE(due().value().check);
  raw() << "UPDATE backup_request SET next_action_time = next_action_time + 10000000";
  EXPECT_FALSE(due().value().check) << "of another program";
  EXPECT_EQ(due().value().next, at(10));
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(open()->apply({KeepResult{result(request_id(1), "a")}}).at(0).status == OutcomeStatus::applied ? 0 : 1);
  }
  int status = 1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_TRUE(due().value().results) << "of another process";
}

TEST_P(SqliteRepositoryTest, AStoreThatHasGoneIsToldThoughNothingIsDue) {
  const auto idle = open();
  const auto due = [&] { return idle->due({.now = at(5), .zones = {zone()}}); };
  for (int look = 0; look < 2; ++look) ASSERT_TRUE(due());
  std::filesystem::rename(folder / "controller.db", folder / "elsewhere.db");
  const auto gone = due();
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, "store-vanished");
  std::filesystem::rename(folder / "elsewhere.db", folder / "controller.db");
  idle->apply({AdmitRequest{received(1), {}}});
  EXPECT_TRUE(due().value().check);
}

TEST_P(SqliteRepositoryTest, SeveralThreadsMayAskWhatIsDueWhileOneWrites) {
  const auto repository = open();
  std::atomic<bool> written = false;
  std::vector<std::thread> threads;
  for (int n = 0; n < 3; ++n) {
    threads.emplace_back([&, zones = std::vector{zone(n == 0 ? "tapes" : "files")}] {
      while (!written) EXPECT_TRUE(repository->due({.now = at(5), .zones = zones}));
      const auto work = repository->due({.now = at(5), .zones = zones}).value();
      EXPECT_EQ(work.send, zones);
      EXPECT_TRUE(work.check);
    });
  }
  for (int n = 1; n <= 50; ++n) repository->apply({AdmitRequest{received(n), {}}});
  repository->apply({AdmitRequest{allowed(51), {}}, AdmitRequest{allowed(52, "tapes"), {}}});
  written = true;
  for (auto& thread : threads) thread.join();
}

TEST_P(SqliteRepositoryTest, ADamagedRowIsToldNotGuessed) {
  auto repository = open();
  repository->apply({AdmitRequest{sent(1), {}}, AdmitRequest{sent(2), {}}});
  raw() << "UPDATE backup_request SET data_as_of_date = 'soon' WHERE backup_request_id = '" << request_id(1).to_string()
        << "'";
  const auto found = repository->find_request(request_id(1));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::corrupt);
  EXPECT_NE(found.error().detail.find("data_as_of_date"), std::string::npos) << found.error().detail;
  EXPECT_TRUE(repository->find_request(request_id(2)));
}

TEST(SqliteStoreFrontDoor, RefusesWhatItCannotOpen) {
  EXPECT_EQ(soci::open("mysql://host/db").error().kind, ErrorKind::invalid);
  EXPECT_EQ(soci::open("postgresql://127.0.0.1:1/db").error().code, "store-unreachable");
  TemporaryFolder folder;
  auto missing = soci::open(url_of(folder), {.create = false});
  EXPECT_EQ(missing.error().code, "store-missing");
  auto made = soci::open(url_of(folder));
  EXPECT_TRUE(made);
}

}  // namespace
}  // namespace backupctl::testing
