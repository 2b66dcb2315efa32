#include "soci/ground/sqlite_session.hpp"

#include <gtest/gtest.h>

#include "soci/ground/sqlite_store.hpp"
#include "soci_temporary_folder.hpp"

namespace backupctl::soci {
namespace {

constexpr EmbeddedFile things_schema[] = {
    {"0001_thing.sql", "CREATE TABLE thing (id TEXT PRIMARY KEY CHECK (id <> ''), n BIGINT)", "aa"}};

struct InsertThing {
  explicit InsertThing(::soci::session& sql)
      : insert(
            (sql.prepare << "INSERT INTO thing (id, n) VALUES (:id, :n)", ::soci::use(id, "id"), ::soci::use(n, "n"))) {
    ++made;
  }
  std::string id;
  std::int64_t n = 0;
  ::soci::statement insert;
  static inline int made = 0;
};

struct SelectThings {
  explicit SelectThings(::soci::session& sql)
      : select((sql.prepare << "SELECT id FROM thing ORDER BY id", ::soci::into(id))) {}
  std::string id;
  ::soci::statement select;
};

class SqliteSessionTest : public testing::Test {
 protected:
  Result<void> insert(SqliteSession& session, const std::string& id) {
    auto& statement = session.prepared<InsertThing>();
    statement.id = id;
    statement.n = 7;
    statement.insert.execute(true);
    return {};
  }
  Result<void> write(SqliteSession& session, const std::string& id) {
    return session.write([&] { return insert(session, id); });
  }
  std::int64_t rows() {
    std::int64_t count = -1;
    reader->sql() << "SELECT count(*) FROM thing", ::soci::into(count);
    return count;
  }

  TemporaryFolder folder;
  std::unique_ptr<SqliteStore> store = SqliteStore::open(folder / "s.db", {"zone", zone_application_id, things_schema},
                                                         {.busy_timeout = std::chrono::milliseconds{20}}, Timestamp{})
                                           .value();
  std::unique_ptr<SqliteSession> writer = store->connect(Access::write).value();
  std::unique_ptr<SqliteSession> reader = store->connect(Access::read).value();
};

TEST_F(SqliteSessionTest, CommitsWhatSucceeds) {
  ASSERT_TRUE(write(*writer, "a"));
  EXPECT_EQ(rows(), 1);
}

TEST_F(SqliteSessionTest, AnErrorOrAnExceptionLeavesNothing) {
  auto failed = writer->write([&]() -> Result<int> {
    if (auto done = insert(*writer, "a"); !done) return done.error();
    return Error{ErrorKind::conflict, "no"};
  });
  EXPECT_EQ(failed.error().detail, "no");
  auto threw = writer->write([&]() -> Result<int> {
    if (auto done = insert(*writer, "a"); !done) return done.error();
    throw std::runtime_error("oh");
  });
  EXPECT_EQ(threw.error().kind, ErrorKind::internal);
  EXPECT_EQ(rows(), 0);
  EXPECT_TRUE(write(*writer, "a"));
}

TEST_F(SqliteSessionTest, AStoreThatWasTakenAwayIsNotWrittenTo) {
  ASSERT_TRUE(write(*writer, "a"));
  std::filesystem::rename(folder / "s.db", folder / "away.db");
  EXPECT_EQ(write(*writer, "b").error().code, "store-vanished");
  EXPECT_EQ(reader->read([&]() -> Result<std::int64_t> { return rows(); }).error().code, "store-vanished");
  write_bytes(folder / "s.db", "another file");
  EXPECT_EQ(write(*writer, "b").error().code, "store-vanished");
  std::filesystem::remove(folder / "s.db");
  std::filesystem::rename(folder / "away.db", folder / "s.db");
  EXPECT_TRUE(write(*writer, "b"));
  EXPECT_EQ(rows(), 2);
}

TEST_F(SqliteSessionTest, AFullDiskLosesNothingAndEndsByItself) {
  ASSERT_TRUE(write(*writer, "a"));
  std::int64_t pages = 0;
  writer->sql() << "PRAGMA max_page_count = 1", ::soci::into(pages);  // SQLite makes it as many as there are
  const auto refused = write(*writer, std::string(100'000, 'x'));
  EXPECT_EQ(refused.error().code, "store-full");
  EXPECT_TRUE(refused.error().retryable);
  EXPECT_EQ(rows(), 1);
  writer->sql() << "PRAGMA max_page_count = 1000000", ::soci::into(pages);
  EXPECT_TRUE(write(*writer, std::string(100'000, 'x')));
}

TEST_F(SqliteSessionTest, StatementsAreMadeOnce) {
  InsertThing::made = 0;
  for (const char* id : {"a", "b", "c"}) ASSERT_TRUE(write(*writer, id));
  EXPECT_EQ(InsertThing::made, 1);
}

TEST_F(SqliteSessionTest, FailuresAreToldByTheirKind) {
  ASSERT_TRUE(write(*writer, "a"));
  EXPECT_EQ(write(*writer, "a").error().code, "store-unique");
  EXPECT_EQ(write(*writer, "").error().code, "store-constraint");
  EXPECT_EQ(writer->write([&] { return writer->run("nonsense"); }).error().code, "store-sql");
  EXPECT_EQ(write(*reader, "b").error().kind, ErrorKind::internal);
  EXPECT_EQ(reader->read([&] { return insert(*reader, "b"); }).error().code, "store-read-only");
  EXPECT_EQ(rows(), 1);
}

TEST_F(SqliteSessionTest, AnotherWriterMakesItBusyNotBroken) {
  auto other = store->connect(Access::write).value();
  auto written = writer->write([&]() -> Result<void> {
    auto refused = write(*other, "b");
    EXPECT_EQ(refused.error().code, "store-busy");
    EXPECT_TRUE(refused.error().retryable);
    return insert(*writer, "a");
  });
  ASSERT_TRUE(written);
  EXPECT_TRUE(write(*other, "b"));
}

TEST_F(SqliteSessionTest, AStatementLeftOnARowDoesNotHoldAnOldView) {
  ASSERT_TRUE(write(*writer, "a"));
  ASSERT_TRUE(write(*writer, "b"));
  auto& statement = writer->prepared<SelectThings>();
  auto looked = writer->read([&]() -> Result<bool> { return statement.select.execute(true); });
  ASSERT_TRUE(looked.value());
  auto other = store->connect(Access::write).value();
  ASSERT_TRUE(write(*other, "c"));
  EXPECT_TRUE(write(*writer, "d")) << "a read that still stands on a row cannot become a write";
}

TEST_F(SqliteSessionTest, AReadSeesOneMoment) {
  auto read = reader->read([&]() -> Result<std::int64_t> {
    EXPECT_EQ(rows(), 0);
    EXPECT_TRUE(write(*writer, "a"));
    return rows();
  });
  EXPECT_EQ(read.value(), 0);
  EXPECT_EQ(rows(), 1);
}

TEST(SqliteError, ACommitThatFailedOnTheDiskIsUnknown) {
  constexpr int ioerr_fsync = 10 | (4 << 8);
  constexpr int full = 13;
  EXPECT_EQ(sqlite_commit_error(ioerr_fsync, "disk I/O error").kind, ErrorKind::unknown_outcome);
  EXPECT_FALSE(sqlite_commit_error(ioerr_fsync, "disk I/O error").retryable);
  EXPECT_EQ(sqlite_commit_error(full, "database or disk is full").code, "store-full");
  EXPECT_EQ(sqlite_error(ioerr_fsync, "reading", "disk I/O error").code, "store-io-error");
  EXPECT_EQ(sqlite_error(11, "reading", "malformed").kind, ErrorKind::corrupt);
  EXPECT_EQ(sqlite_error(8, "writing", "readonly").code, "store-read-only");
}

}  // namespace
}  // namespace backupctl::soci
