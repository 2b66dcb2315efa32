// Pages of lists on PostgreSQL are read by index, from where they begin and no further.
#include <regex>

#include "contract/list_plans.hpp"
#include "contract/postgresql_store.hpp"
#include "soci/ground/postgresql_session.hpp"
#include "soci/postgresql/select.hpp"

namespace backupctl::testing {
namespace {

// As it is planned for a parameter that is not known: that is how it is run.
Result<std::string> plan_of(soci::PostgresqlSession& session, const std::string& select) {
  return session.read([&]() -> Result<std::string> {
    int parameters = 0;
    std::string text;
    auto rest = select.cbegin();
    static const std::regex parameter(":p([0-9]+)");
    for (std::smatch found; std::regex_search(rest, select.cend(), found, parameter); rest = found.suffix().first) {
      const int number = std::stoi(found[1]) + 1;
      parameters = std::max(parameters, number);
      text.append(found.prefix()).append("$").append(std::to_string(number));
    }
    text.append(rest, select.cend());
    std::string nulls = "NULL";
    for (int i = 1; i < parameters; ++i) nulls += ", NULL";
    session.sql() << "PREPARE page AS " + text;
    std::string plan;
    const ::soci::rowset<std::string> lines = (session.sql().prepare << "EXPLAIN EXECUTE page (" + nulls + ")");
    for (const auto& line : lines) plan += line + "\n";
    session.sql() << "DEALLOCATE page";
    return plan;
  });
}

void expect_index(soci::PostgresqlSession& session) {
  for (const auto& [what, select, index, sorts, begins] : ListPlans<soci::postgresql::Select>::all()) {
    const auto planned = plan_of(session, select);
    ASSERT_TRUE(planned) << planned.error().detail;
    const auto& plan = *planned;
    const auto told = what + ": " + select + "\n" + plan;
    const bool of_backups = select.find("FROM backup ") != std::string::npos;
    const auto key = std::string(of_backups ? "backup_pkey" : "backup_request_pkey");
    EXPECT_NE(plan.find((index.empty() ? key : index) + " on "), std::string::npos) << told;
    EXPECT_EQ(plan.find("Seq Scan"), std::string::npos) << told;
    if (sorts) continue;
    EXPECT_EQ(plan.find("Sort"), std::string::npos) << told;
    EXPECT_EQ(begins, std::regex_search(plan, std::regex("Index Cond: .*_id\\)? < "))) << told;
  }
}

TEST(PostgresqlLists, AreReadByIndexWhateverPostgresqlKnowsOfTheStore) {
  const auto schema = new_schema();
  open_store(schema);
  soci::PostgresqlSession session(parsed_url(cluster().url(schema)));
  for (const char* statement : {many_ended_requests, backups_of_them}) ASSERT_TRUE(session.run(statement));
  expect_index(session);
  ASSERT_TRUE(session.run("ANALYZE"));
  expect_index(session);
}

}  // namespace
}  // namespace backupctl::testing
