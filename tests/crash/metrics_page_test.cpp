// docs/metrics.md against what a running controller prints: names, types and labels.
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "integration/support/controller_process.hpp"

namespace backupctl::testing {
namespace {

struct Family {
  std::string type;
  std::set<std::string> labels;
  friend bool operator==(const Family&, const Family&) = default;
};
void PrintTo(const Family& family, std::ostream* out) {
  *out << family.type;
  for (const auto& label : family.labels) *out << " " << label;
}
using Families = std::map<std::string, Family>;

Families documented() {
  const auto page = read_file(std::filesystem::path(BACKUPCTL_SOURCE_DIR) / "docs" / "metrics.md");
  const std::regex row("\\| `(backupctl_\\w+)` \\| (\\w+) \\|([^|]*)\\|"), label("`(\\w+)`");
  Families families;
  for (std::sregex_iterator at(page.begin(), page.end(), row), end; at != end; ++at) {
    auto& family = families[(*at)[1]];
    family.type = (*at)[2];
    const std::string cell = (*at)[3];
    for (std::sregex_iterator l(cell.begin(), cell.end(), label); l != end; ++l) family.labels.insert((*l)[1]);
  }
  return families;
}

Families printed(const std::string& text) {
  Families families;
  std::istringstream lines(text);
  const std::regex type_line("# TYPE (\\w+) (\\w+)"), label("(\\w+)=\"");
  std::string current;
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, type_line)) {
      current = match[1];
      families[current].type = match[2];
    } else if (!line.starts_with("#")) {
      EXPECT_TRUE(line.starts_with(current)) << line;
      for (std::sregex_iterator l(line.begin(), line.end(), label), end; l != end; ++l) {
        if ((*l)[1] != "le") families[current].labels.insert((*l)[1]);
      }
    }
  }
  return families;
}

TEST(MetricsPage, NamesWhatTheControllerPrints) {
  FakeJobs jobs;
  FakeZone zone;
  ControllerProcess controller(jobs.url());
  controller.add_zone(zone);
  ASSERT_TRUE(controller.start());
  auto& http = controller.http();
  controller.wait_for(id_of(http.post("/api/backup-requests", request_body())), "Succeeded");
  EXPECT_EQ(http.post("/api/backup-requests", "{}").status, 422);
  EXPECT_EQ(http.put("/api/zone-results/01900000-0000-7000-8000-000000000001", "unreadable").status, 202);
  EXPECT_TRUE(eventually([&] { return !controller.items("/api/parked-results").empty(); }));

  const auto on_page = documented();
  ASSERT_GE(on_page.size(), 10U);
  const auto in_fact = printed(http.get("/metrics").text);
  for (const auto& [name, family] : in_fact) {
    ASSERT_TRUE(on_page.contains(name)) << name << " is not in docs/metrics.md";
    EXPECT_EQ(family, on_page.at(name)) << name;
  }
  // These are seen only when the store fails, or with somebody to tell.
  const std::set<std::string> seldom{"backupctl_store_failures_total", "backupctl_notices_total",
                                     "backupctl_notice_failures_total"};
  for (const auto& [name, family] : on_page) {
    if (name.starts_with("backupctl_zone_") || name.starts_with("backupctl_filedrop_") || seldom.contains(name))
      continue;
    EXPECT_TRUE(in_fact.contains(name)) << name << " is not printed";
  }
}

}  // namespace
}  // namespace backupctl::testing
