// Pages of lists on SQLite are read by index, from where they begin and no further.
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "backupctl/soci/store.hpp"
#include "contract/list_plans.hpp"
#include "soci/sqlite/select.hpp"
#include "unit/soci_temporary_folder.hpp"

namespace backupctl::testing {
namespace {

std::string plan_of(::soci::session& sql, const std::string& select) {
  std::string all, detail;
  std::int64_t ignored = 0;
  ::soci::statement explain = (sql.prepare << "EXPLAIN QUERY PLAN " << select, ::soci::into(ignored),
                               ::soci::into(ignored), ::soci::into(ignored), ::soci::into(detail));
  for (bool more = explain.execute(true); more; more = explain.fetch()) all += detail + "; ";
  return all;
}

void expect_index(::soci::session& sql) {
  for (const auto& [what, select, index, sorts, begins] : ListPlans<soci::Select>::all()) {
    const auto plan = plan_of(sql, select), told = what + ": " + select + "\n" + plan;
    const bool of_backups = select.find("FROM backup ") != std::string::npos;
    const auto key = std::string("sqlite_autoindex_") + (of_backups ? "backup_1" : "backup_request_1");
    EXPECT_NE((plan + " ")
                  .find("USING INDEX " + (index.empty() ? key : index) + (plan.find('(') < plan.find(';') ? " " : ";")),
              std::string::npos)
        << told;
    if (sorts) continue;
    EXPECT_EQ(plan.find("TEMP B-TREE"), std::string::npos) << told;
    EXPECT_EQ(begins, plan.find("_id<?") != std::string::npos) << told;
  }
}

TEST(SqliteLists, AreReadByIndexWhateverSqliteKnowsOfTheStore) {
  soci::TemporaryFolder folder;
  const auto path = (folder / "controller.db").string();
  soci::open_blocking("sqlite://" + path).value();
  ::soci::session sql(::soci::sqlite3, "db=" + path);
  expect_index(sql);
  sql << many_ended_requests;
  sql << backups_of_them;
  expect_index(sql);
  sql << "ANALYZE";
  expect_index(sql);
}

}  // namespace
}  // namespace backupctl::testing
