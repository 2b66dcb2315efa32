// "backupctl store" as people use it: exit codes, and what each verb says.
#include <gtest/gtest.h>

#include "backupctl/soci/store.hpp"
#include "integration/support/postgresql_cluster.hpp"
#include "integration/support/process.hpp"

namespace backupctl::testing {
namespace {

struct Answer {
  int code = -1;
  std::string text;  // both streams
};

class CliStore : public ::testing::Test {
 protected:
  Answer ask(std::vector<std::string> words) {
    words.insert(words.begin(), "store");
    Process process({.program = BACKUPCTL_PROGRAM, .arguments = words, .log = folder_.path() / "log"});
    const auto code = process.wait();
    return {code.value_or(-1), process.log()};
  }
  std::string file() const { return "sqlite://" + (folder_.path() / "controller.db").string(); }

  TempDir folder_;
};

TEST_F(CliStore, ChecksAFile) {
  EXPECT_EQ(ask({"check", file()}).code, 1) << "there is none";
  ASSERT_TRUE(soci::open_blocking(file()));
  const auto checked = ask({"check", file()});
  EXPECT_EQ(checked.code, 0) << checked.text;
  EXPECT_NE(checked.text.find("backup_request: 0"), std::string::npos) << checked.text;
  EXPECT_NE(checked.text.find("all is well"), std::string::npos) << checked.text;
  EXPECT_EQ(ask({"check", "mysql://host/db"}).code, 2);
  EXPECT_EQ(ask({"copy", "--from", file(), "--to", file()}).code, 2);
  EXPECT_EQ(ask({"check", "postgresql://127.0.0.1:1/db"}).code, 1);
}

TEST_F(CliStore, MovesAStoreToPostgresql) {
  BACKUPCTL_NEEDS_POSTGRESQL();
  PostgresqlCluster cluster(PostgresqlCluster::Sync::on);
  const auto url = cluster.url("backups");
  ASSERT_TRUE(soci::open_blocking(file()));

  auto answer = ask({"check", url});
  EXPECT_EQ(answer.code, 1);
  EXPECT_NE(answer.text.find("no store yet"), std::string::npos) << answer.text;
  answer = ask({"migrate", "--print", url});
  EXPECT_EQ(answer.code, 0);
  EXPECT_NE(answer.text.find("CREATE TABLE backup_request"), std::string::npos) << answer.text;
  EXPECT_EQ(ask({"check", url}).code, 1) << "printing changes nothing";

  answer = ask({"copy", "--from", file(), "--to", url});
  EXPECT_EQ(answer.code, 0) << answer.text;
  answer = ask({"--output", "json", "check", url});
  EXPECT_EQ(answer.code, 0) << answer.text;
  EXPECT_NE(answer.text.find("\"problems\":[]"), std::string::npos) << answer.text;
  answer = ask({"migrate", url});
  EXPECT_EQ(answer.code, 0) << answer.text;
  EXPECT_NE(answer.text.find("the newest"), std::string::npos) << answer.text;
}

}  // namespace
}  // namespace backupctl::testing
