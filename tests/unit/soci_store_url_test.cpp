#include "soci/ground/store_url.hpp"

#include <gtest/gtest.h>

namespace backupctl::soci {
namespace {

std::string sqlite_path(std::string_view text) {
  auto url = parse_store_url(text);
  return url && std::holds_alternative<SqliteUrl>(*url) ? std::get<SqliteUrl>(*url).path.string() : "refused";
}

std::string shown(std::string_view text) {
  auto url = parse_store_url(text);
  return url && std::holds_alternative<PostgresqlUrl>(*url) ? std::get<PostgresqlUrl>(*url).shown : "refused";
}

TEST(StoreUrl, NamesASqliteFile) {
  EXPECT_EQ(sqlite_path("sqlite:///var/lib/backupctl/controller.db"), "/var/lib/backupctl/controller.db");
  EXPECT_EQ(sqlite_path("sqlite:/var/lib/c.db"), "/var/lib/c.db");
  EXPECT_EQ(sqlite_path("sqlite:backupctl-data/controller.db"), "backupctl-data/controller.db");
  EXPECT_EQ(sqlite_path("sqlite:a%20b%3F.db"), "a b?.db");
}

TEST(StoreUrl, NamesAPostgresqlDatabaseAndHidesThePassword) {
  EXPECT_EQ(shown("postgresql://ann@host:5432/db"), "postgresql://ann@host:5432/db");
  EXPECT_EQ(shown("postgresql://ann:secret@host/db"), "postgresql://ann@host/db");
  EXPECT_EQ(shown("postgresql://ann:se@cret@host/db"), "postgresql://ann@host/db");
  EXPECT_EQ(shown("postgresql:///db?user=ann&password=secret"), "postgresql:///db");
  EXPECT_EQ(shown("postgres://host/db"), "postgres://host/db");
}

TEST(StoreUrl, ReadsTheSchemaThatTheTablesLieIn) {
  const auto parsed = [](const char* text) { return std::get<PostgresqlUrl>(parse_store_url(text).value()); };
  EXPECT_EQ(parsed("postgresql://host/db").schema, "");
  EXPECT_EQ(parsed("postgresql://host/db?schema=backup_2").schema, "backup_2");
  EXPECT_EQ(parsed("postgresql://host/db?schema=backup").connection, "postgresql://host/db");
  EXPECT_EQ(parsed("postgresql://host/db?sslmode=require&schema=b&connect_timeout=3").connection,
            "postgresql://host/db?sslmode=require&connect_timeout=3");
  for (const char* text : {"postgresql://host/db?schema=", "postgresql://host/db?schema=a-b",
                           "postgresql://host/db?schema=Backup", "postgresql://host/db?schema=pg_catalog",
                           "postgresql://host/db?schema=1", "postgresql://host/db?schema=a%22b"}) {
    EXPECT_FALSE(parse_store_url(text)) << text;
  }
}

TEST(StoreUrl, ReadsHowLongAStatementMayTake) {
  const auto parsed = [](const char* text) { return std::get<PostgresqlUrl>(parse_store_url(text).value()); };
  EXPECT_EQ(parsed("postgresql://host/db").timeout, std::chrono::seconds(15));
  const auto url = parsed("postgresql://host/db?timeout=60&sslmode=require&schema=b&connect_timeout=3");
  EXPECT_EQ(url.timeout, std::chrono::seconds(60));
  EXPECT_EQ(url.schema, "b");
  EXPECT_EQ(url.connection, "postgresql://host/db?sslmode=require&connect_timeout=3");
  for (const char* text : {"", "0", "-1", "3601", "5s", "1.5"}) {
    EXPECT_FALSE(parse_store_url(std::string("postgresql://host/db?timeout=") + text)) << text;
  }
}

TEST(StoreUrl, RefusesWhatIsNeither) {
  for (const char* text :
       {"", "sqlite:", "sqlite://", "sqlite:///", "sqlite://host/x.db", "sqlite:x.db?mode=ro", "sqlite:x%2",
        "sqlite:x%00.db", "sqlite:\xff.db", "sqlite::memory:", "/var/lib/c.db", "mysql://host/db", "postgresql://host",
        "postgresql://host/", "postgresql://host/?x=y", "postgresql://h\n/db"}) {
    auto url = parse_store_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().kind, ErrorKind::invalid) << text;
    EXPECT_NE(url.error().detail.find("expected sqlite:///"), std::string::npos) << text;
  }
}

TEST(StoreUrl, AnErrorDoesNotRepeatAPassword) {
  auto url = parse_store_url("mysql://ann:secret@host/db");
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().detail.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace backupctl::soci
