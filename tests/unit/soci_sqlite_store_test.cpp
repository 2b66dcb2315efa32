#include "soci/ground/sqlite_store.hpp"

#include <gtest/gtest.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "backupctl/soci/store.hpp"
#include "soci/ground/sqlite_raw.hpp"
#include "soci_temporary_folder.hpp"

namespace backupctl::soci {
namespace {

constexpr Timestamp now{std::chrono::microseconds{1'790'000'000'000'000}};

constexpr EmbeddedFile first{"0001_first.sql", "CREATE TABLE thing (id TEXT PRIMARY KEY CHECK (id <> '')); ", "aa"};
constexpr EmbeddedFile second{"0002_second.sql", "CREATE TABLE other (id TEXT REFERENCES thing (id));", "bb"};
constexpr EmbeddedFile second_edited{"0002_second.sql", "CREATE TABLE other (id TEXT);", "cc"};
constexpr EmbeddedFile broken{"0002_broken.sql", "CREATE TABLE half (id TEXT); CREATE TABLE thing (id TEXT);", "dd"};
constexpr EmbeddedFile v1[] = {first};
constexpr EmbeddedFile v2[] = {second, first};
constexpr EmbeddedFile v2_edited[] = {first, second_edited};
constexpr EmbeddedFile v2_broken[] = {first, broken};
constexpr EmbeddedFile gap[] = {second};

SqliteProduct product(std::span<const EmbeddedFile> migrations, std::int32_t id = zone_application_id) {
  return {"zone", id, migrations};
}

auto open(const std::filesystem::path& path, std::span<const EmbeddedFile> migrations = v1,
          SqliteOptions options = {}) {
  return SqliteStore::open(path, product(migrations), options, now);
}

std::string code_of(const Result<std::unique_ptr<SqliteStore>>& store) {
  return store ? "opened" : store.error().code.empty() ? store.error().detail : store.error().code;
}

std::int64_t count(SqliteSession& session, const char* from) {
  std::int64_t rows = -1;
  session.sql() << "SELECT count(*) FROM " << from, ::soci::into(rows);
  return rows;
}

Result<void> insert(SqliteSession& session, const std::string& id) {
  return session.write([&]() -> Result<void> {
    session.sql() << "INSERT INTO thing (id) VALUES (:id)", ::soci::use(id);
    return {};
  });
}

TEST(SqliteStore, IsMadeAndOpenedAgain) {
  TemporaryFolder folder;
  const auto path = folder.path() / "new folder" / "odd % name?.db";
  {
    auto store = open(path);
    ASSERT_EQ(code_of(store), "opened");
    auto session = (*store)->connect(Access::write).value();
    ASSERT_TRUE(insert(*session, "x"));
  }
  auto store = open(path, v1, {.create = Create::never});
  ASSERT_EQ(code_of(store), "opened");
  auto session = (*store)->connect(Access::read).value();
  EXPECT_EQ(count(*session, "thing"), 1);
  EXPECT_FALSE(std::filesystem::exists(path.string() + ".new"));
}

TEST(SqliteStore, ConnectsWithWhatDurabilityNeeds) {
  TemporaryFolder folder;
  auto store = open(folder / "s.db").value();
  for (const auto access : {Access::read, Access::write}) {
    auto session = store->connect(access).value();
    std::string mode;
    int synchronous = 0, foreign_keys = 0, timeout = 0;
    session->sql() << "PRAGMA journal_mode", ::soci::into(mode);
    session->sql() << "PRAGMA synchronous", ::soci::into(synchronous);
    session->sql() << "PRAGMA foreign_keys", ::soci::into(foreign_keys);
    session->sql() << "PRAGMA busy_timeout", ::soci::into(timeout);
    EXPECT_EQ(mode, "wal");
    EXPECT_EQ(synchronous, 2);
    EXPECT_EQ(foreign_keys, 1);
    EXPECT_EQ(timeout, 5000);
  }
}

bool takes_locks(const std::filesystem::path& path) {
  auto store = open(path).value();
  auto session = store->connect(Access::write).value();
  return raw::takes_locks(static_cast<::soci::sqlite3_session_backend*>(session->sql().get_backend())->conn_);
}

TEST(SqliteStore, ConnectionsTakeNoLocksWhereTheProgramSaysSoFirst) {
  TemporaryFolder folder;
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // the child has not used SQLite yet
  EXPECT_EXIT(std::exit(leave_out_sqlite_locks() && !takes_locks(folder / "s.db") ? 0 : 1),
              ::testing::ExitedWithCode(0), "");
  EXPECT_TRUE(takes_locks(folder / "s.db"));
  EXPECT_FALSE(leave_out_sqlite_locks());
  EXPECT_TRUE(takes_locks(folder / "s.db"));
}

TEST(SqliteStore, MissingIsAnErrorWhenItMustNotBeMade) {
  TemporaryFolder folder;
  EXPECT_EQ(code_of(open(folder / "s.db", v1, {.create = Create::never})), "store-missing");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_EQ(code_of(open(folder.path() / "a" / "b" / "s.db")), "store-missing");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(SqliteStore, VanishedIsNeverReplacedByAnEmptyOne) {
  TemporaryFolder folder;
  open(folder / "s.db").value();
  std::filesystem::remove(folder / "s.db");
  auto store = open(folder / "s.db");
  EXPECT_EQ(code_of(store), "store-vanished");
  EXPECT_FALSE(std::filesystem::exists(folder / "s.db"));
  EXPECT_EQ(code_of(open(folder / "s.db", v1, {.create = Create::never})), "store-vanished");
}

TEST(SqliteStore, RefusesWhatIsNotItsStoreAndChangesNothing) {
  TemporaryFolder folder;
  write_bytes(folder / "text.db", std::string(5000, 'x'));
  write_bytes(folder / "short.db", "SQLite format 3");
  write_bytes(folder / "empty.db", "");
  std::filesystem::create_directory(folder / "folder.db");
  {
    ::soci::session foreign(::soci::sqlite3, "db=" + (folder / "foreign.db").string());
    foreign << "CREATE TABLE t (x)";
  }
  SqliteStore::open(folder / "jobs.db", {"jobs", jobs_application_id, v1}, {}, now).value();
  open(folder / "newer.db", v2).value();
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"text.db", "store-foreign"},      {"short.db", "store-foreign"},      {"empty.db", "store-empty"},
      {"foreign.db", "store-foreign"},   {"jobs.db", "store-other-product"}, {"newer.db", "store-newer"},
      {"folder.db", "store-is-a-folder"}};
  for (const auto& [name, code] : cases) {
    const bool is_file = std::filesystem::is_regular_file(folder / name);
    const auto before = is_file ? bytes_of(folder / name) : "";
    const auto written = std::filesystem::last_write_time(folder / name);
    auto store = open(folder / name);
    EXPECT_EQ(code_of(store), code) << name;
    if (store) continue;
    EXPECT_NE(store.error().detail.find(name), std::string::npos) << store.error().detail;
    EXPECT_EQ(is_file ? bytes_of(folder / name) : "", before) << name;
    EXPECT_EQ(std::filesystem::last_write_time(folder / name), written) << name;
  }
}

TEST(SqliteStore, SaysWhenThereIsNoPermission) {
  TemporaryFolder folder;
  open(folder / "s.db").value();
  namespace fs = std::filesystem;
  fs::permissions(folder.path(), fs::perms::owner_all | fs::perms::others_read | fs::perms::others_exec);
  fs::permissions(folder / "s.db", fs::perms::owner_read | fs::perms::others_read);
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t nobody = 65534;
    if (::geteuid() == 0 && ::setuid(nobody) != 0) ::_exit(2);
    const bool told = code_of(open(folder / "s.db")) == "store-no-permission" &&
                      code_of(open(folder / "other.db")) == "store-no-permission";
    ::_exit(told ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  fs::permissions(folder.path(), fs::perms::owner_all);
}

TEST(SqliteStore, MigratesStepByStepAndOnlyOnce) {
  TemporaryFolder folder;
  open(folder / "s.db", v1).value();
  for (int i = 0; i < 2; ++i) {
    auto store = open(folder / "s.db", v2);
    ASSERT_EQ(code_of(store), "opened");
    auto session = (*store)->connect(Access::read).value();
    EXPECT_EQ(count(*session, "schema_migration WHERE applied_time = 1790000000000000"), 2);
    EXPECT_EQ(count(*session, "schema_migration WHERE number = 2 AND name = 'second' AND checksum = 'bb'"), 1);
    EXPECT_EQ(count(*session, "other"), 0);
  }
}

TEST(SqliteStore, RefusesANewerSchemaThatIsStillInTheLog) {
  TemporaryFolder folder;
  auto older = open(folder / "s.db", v1).value();
  auto reader = older->connect(Access::read).value();  // the log is not written back as long as this is open
  open(folder / "s.db", v2).value();
  EXPECT_EQ(code_of(open(folder / "s.db", v1)), "store-newer");
}

TEST(SqliteStore, RefusesASchemaBuiltByAnotherMigration) {
  TemporaryFolder folder;
  open(folder / "s.db", v2).value();
  auto store = open(folder / "s.db", v2_edited);
  EXPECT_EQ(code_of(store), "store-changed");
  EXPECT_NE(store.error().detail.find("checksum bb"), std::string::npos) << store.error().detail;
}

TEST(SqliteStore, AFailedMigrationLeavesTheStoreAsItWas) {
  TemporaryFolder folder;
  open(folder / "s.db", v1).value();
  EXPECT_EQ(code_of(open(folder / "s.db", v2_broken)), "store-sql");
  auto store = open(folder / "s.db", v1);
  ASSERT_EQ(code_of(store), "opened");
  auto session = (*store)->connect(Access::read).value();
  EXPECT_EQ(count(*session, "sqlite_schema WHERE name = 'half'"), 0);
}

TEST(SqliteStore, KnowsABadListOfMigrations) {
  TemporaryFolder folder;
  auto store = open(folder / "s.db", gap);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().kind, ErrorKind::internal);
  constexpr EmbeddedFile misnamed[] = {{"1_first.sql", "", ""}};
  EXPECT_FALSE(open(folder / "s.db", misnamed));
}

TEST(SqliteStore, ManyMayMakeItInTheSameMoment) {
  TemporaryFolder folder;
  std::vector<std::string> codes(8);
  std::vector<std::thread> threads;
  for (auto& code : codes) threads.emplace_back([&] { code = code_of(open(folder / "s.db", v2)); });
  for (auto& thread : threads) thread.join();
  for (const auto& code : codes) EXPECT_EQ(code, "opened");
  auto store = open(folder / "s.db", v2).value();
  EXPECT_EQ(count(*store->connect(Access::read).value(), "schema_migration"), 2);
}

// Opening writes the log out again. A program that knows nothing of our turnstile may be writing to it.
TEST(SqliteStore, IsNotOpenedInTheMiddleOfAnotherProgramsTransaction) {
  TemporaryFolder folder;
  const auto path = folder / "s.db";
  auto store = open(path).value();
  auto session = store->connect(Access::write).value();
  ASSERT_TRUE(insert(*session, "x"));
  ::soci::session other(::soci::sqlite3, "db=" + path.string());
  other << "BEGIN IMMEDIATE";
  const SqliteOptions impatient{.busy_timeout = std::chrono::milliseconds{20}};
  EXPECT_EQ(code_of(open(path, v1, impatient)), "store-busy");
  other << "ROLLBACK";
  EXPECT_EQ(code_of(open(path, v1, impatient)), "opened");
}

TEST(SqliteStore, OpeningItAgainInOneProcessKeepsTheLocksOfTheFirst) {
  TemporaryFolder folder;
  auto one = open(folder / "s.db").value();
  auto session = one->connect(Access::write).value();
  auto written = session->write([&]() -> Result<void> {
    session->sql() << "INSERT INTO thing (id) VALUES ('x')";
    auto again = open(folder / "s.db", v1, {.busy_timeout = std::chrono::milliseconds{1}});
    again = Error{};  // closed while our transaction goes on
    const pid_t child = ::fork();
    if (child == 0) {
      // Without the locks another process could begin to write now.
      ::soci::session other(::soci::sqlite3, "db=" + (folder / "s.db").string());
      try {
        other << "BEGIN IMMEDIATE";
      } catch (const std::exception&) {
        ::_exit(0);
      }
      ::_exit(1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    return {};
  });
  EXPECT_TRUE(written);
}

}  // namespace
}  // namespace backupctl::soci
