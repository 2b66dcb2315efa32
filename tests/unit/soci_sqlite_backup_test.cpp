#include "soci/ground/sqlite_backup.hpp"

#include <gtest/gtest.h>

#include "soci/ground/sqlite_store.hpp"
#include "soci_temporary_folder.hpp"

namespace backupctl::soci {
namespace {

constexpr EmbeddedFile schema[] = {{"0001_thing.sql", "CREATE TABLE thing (id TEXT PRIMARY KEY)", "aa"}};

class SqliteBackup : public testing::Test {
 protected:
  std::unique_ptr<SqliteStore> open(const char* name) {
    return SqliteStore::open(folder / name, {"zone", zone_application_id, schema}, {}, Timestamp{}).value();
  }
  static Result<void> insert(SqliteSession& session, const std::string& id) {
    return session.write([&]() -> Result<void> {
      session.sql() << "INSERT INTO thing (id) VALUES (:id)", ::soci::use(id);
      return {};
    });
  }
  static std::int64_t rows(SqliteStore& store) {
    const auto session = store.connect(Access::read).value();
    std::int64_t count = -1;
    session->sql() << "SELECT count(*) FROM thing", ::soci::into(count);
    return count;
  }
  std::string code_of(const Result<StoreCopy>& copy) { return copy ? "copied" : copy.error().code; }

  TemporaryFolder folder;
};

TEST_F(SqliteBackup, CopiesAStoreThatIsBeingWrittenTo) {
  auto store = open("s.db");
  auto writer = store->connect(Access::write).value();
  ASSERT_TRUE(insert(*writer, "a"));
  // What is not committed is not in it, and the writer does not have to wait.
  const auto written = writer->write([&]() -> Result<void> {
    writer->sql() << "INSERT INTO thing (id) VALUES ('b')";
    const auto copy = back_up_sqlite(folder / "s.db", folder / "copy.db");
    EXPECT_EQ(code_of(copy), "copied");
    if (!copy) return {};
    EXPECT_EQ(copy->product, "zone");
    EXPECT_EQ(copy->schema, 1U);
    EXPECT_EQ(copy->byte_count, std::filesystem::file_size(folder / "copy.db"));
    return {};
  });
  ASSERT_TRUE(written);
  EXPECT_EQ(rows(*store), 2);
  EXPECT_EQ(rows(*open("copy.db")), 1);
  EXPECT_FALSE(std::filesystem::exists(folder / "copy.db.new"));
}

TEST_F(SqliteBackup, WritesOverNothing) {
  open("s.db");
  write_bytes(folder / "copy.db", "mine");
  EXPECT_EQ(code_of(back_up_sqlite(folder / "s.db", folder / "copy.db")), "file-exists");
  EXPECT_EQ(bytes_of(folder / "copy.db"), "mine");
  write_bytes(folder / "other.db.new", "mine");
  EXPECT_EQ(code_of(back_up_sqlite(folder / "s.db", folder / "other.db")), "file-exists");
  EXPECT_EQ(bytes_of(folder / "other.db.new"), "mine");
}

TEST_F(SqliteBackup, MakesNoCopyOfWhatIsNoSoundStore) {
  EXPECT_EQ(code_of(back_up_sqlite(folder / "none.db", folder / "copy.db")), "store-missing");
  write_bytes(folder / "text.db", std::string(5000, 'x'));
  EXPECT_EQ(code_of(back_up_sqlite(folder / "text.db", folder / "copy.db")), "store-foreign");
  open("s.db");
  auto bytes = bytes_of(folder / "s.db");
  ASSERT_GT(bytes.size(), 3 * 4096U);
  bytes.replace(2 * 4096, 4096, std::string(4096, '\x55'));
  write_bytes(folder / "damaged.db", bytes);
  EXPECT_EQ(code_of(back_up_sqlite(folder / "damaged.db", folder / "copy.db")), "store-corrupt");
  EXPECT_FALSE(std::filesystem::exists(folder / "copy.db"));
  EXPECT_FALSE(std::filesystem::exists(folder / "copy.db.new"));
  EXPECT_EQ(code_of(back_up_sqlite(folder / "s.db", folder / "no folder" / "copy.db")), "");
}

}  // namespace
}  // namespace backupctl::soci
