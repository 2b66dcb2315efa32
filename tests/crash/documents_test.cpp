// The pages for people on call are held against the code: every step, every code and every alert has its place.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "backupctl/fault_points.hpp"

namespace backupctl::testing {
namespace {

namespace fs = std::filesystem;
const fs::path root = BACKUPCTL_SOURCE_DIR;

std::string read(const fs::path& file) {
  std::ifstream stream(root / file, std::ios::binary);
  EXPECT_TRUE(stream) << file;
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string read_all(const std::vector<std::string>& folders, const std::string& extension = ".cpp") {
  std::string all;
  for (const auto& folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (entry.is_regular_file() && entry.path().extension() == extension)
        all += read(fs::relative(entry.path(), root));
    }
  }
  return all;
}

// The first group of each match.
std::set<std::string> found(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  std::set<std::string> all;
  for (std::sregex_iterator at(text.begin(), text.end(), expression), end; at != end; ++at) all.insert((*at)[1]);
  return all;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(CrashPoints, EveryStepHasItsRow) {
  const auto page = read("docs/crash-points.md");
  for (const auto step : fault_steps) EXPECT_TRUE(has(page, "`" + std::string(step) + "`")) << step;
}

TEST(CrashPoints, NoStepIsReachedThatIsNotListed) {
  const auto code = read_all({"lib/app"});
  auto reached = found(code, R"re(reach\("([a-z-]+)")re");
  reached.merge(found(read("lib/app/steps.cpp"), R"re("(write-[a-z-]+)")re"));
  EXPECT_GT(reached.size(), 15U);
  for (const auto& step : reached) {
    EXPECT_NE(std::find(fault_steps.begin(), fault_steps.end(), step), fault_steps.end()) << step;
  }
}

TEST(CrashPoints, EveryRowNamesATestThatIsThere) {
  const auto page = read("docs/crash-points.md");
  const auto tests = read_all({"tests"});
  std::istringstream lines(page);
  int rows = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| ") || line.starts_with("| the process dies")) continue;
    ++rows;
    const auto last = line.substr(line.rfind('|', line.size() - 2));
    const auto names = found(last, "`([A-Za-z]+\\.[A-Za-z]+)`");
    EXPECT_FALSE(names.empty()) << "names no test: " << line;
    for (const auto& name : names) {
      const auto dot = name.find('.');
      const auto pair = name.substr(0, dot) + ", " + name.substr(dot + 1) + ")";
      EXPECT_TRUE(has(tests, "TEST(" + pair) || has(tests, "TEST_F(" + pair) || has(tests, "TEST_P(" + pair)) << name;
    }
  }
  EXPECT_GT(rows, 15);
}

TEST(Runbook, HasEveryCodeOfTheStore) {
  const auto page = read("docs/runbook.md");
  // What a caller can never see: bugs of ours, told by their text.
  const std::set<std::string> ours{"store-sql", "store-constraint", "store-unique"};
  const auto codes = found(read_all({"lib/soci"}), R"re("(store-[a-z-]+)")re");
  EXPECT_GT(codes.size(), 15U);
  for (const auto& code : codes) EXPECT_TRUE(ours.contains(code) || has(page, "`" + code + "`")) << code;
}

TEST(Runbook, HasEveryReason) {
  const auto page = read("docs/runbook.md");
  const auto code = read_all({"lib/app", "lib/domain"});
  const auto parked = found(code, R"re((?:ParkIt\{|settle\(result, |zone_\.name, )"([a-z-]+)")re");
  EXPECT_GE(parked.size(), 6U);
  for (const auto& reason : parked) EXPECT_TRUE(has(page, "### " + reason)) << reason;
  const auto states = found(code, R"re(enter\(RequestState::\w+, "([a-z-]+)")re");
  EXPECT_GE(states.size(), 3U);
  for (const auto& reason : states) EXPECT_TRUE(has(page, "`" + reason + "`")) << reason;
}

TEST(Runbook, HasEveryAlertAndEveryAlertItsMetrics) {
  const auto rules = read("examples/alerts/backupctl.yaml");
  const auto page = read("docs/runbook.md");
  const auto metrics = read("docs/metrics.md");
  const auto alerts = found(rules, "- alert: (\\w+)");
  EXPECT_GE(alerts.size(), 5U);
  for (const auto& alert : alerts) {
    EXPECT_TRUE(has(page, "### " + alert)) << alert;
    std::string anchor = alert;
    for (char& c : anchor) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    EXPECT_TRUE(has(rules, "runbook: docs/runbook.md#" + anchor + "\n")) << anchor;
  }
  for (const auto& name : found(rules, "(backupctl_[a-z_]+)")) EXPECT_TRUE(has(metrics, "`" + name + "`")) << name;
  for (const auto& name : found(page, "### (Backupctl\\w+)")) EXPECT_TRUE(alerts.contains(name)) << name;
}

// Every rule has what Prometheus wants, at the depth at which it wants it.
TEST(Runbook, TheAlertsAreWellFormed) {
  std::istringstream lines(read("examples/alerts/backupctl.yaml"));
  const std::regex line_form(
      R"re(#.*|groups:|  - name: \w+|    rules:|      - alert: \w+|        (expr|for): \S.*|        (labels|annotations):|          (severity: (page|ticket)|summary: [^:]+\.|runbook: \S+))re");
  std::size_t rules = 0, expressions = 0;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(std::regex_match(line, line_form)) << line;
    rules += line.starts_with("      - alert:") ? 1 : 0;
    if (!line.starts_with("        expr:")) continue;
    ++expressions;
    EXPECT_EQ(std::count(line.begin(), line.end(), '('), std::count(line.begin(), line.end(), ')')) << line;
  }
  EXPECT_EQ(rules, expressions);
}

TEST(MetricsPage, NamesWhatTheZonePrints) {
  const auto printed = found(read("hosts/zone/metrics.cpp"), R"re(family\(text, "(backupctl_zone_\w+)")re");
  EXPECT_EQ(found(read("docs/metrics.md"), "\n\\| `(backupctl_zone_\\w+)`"), printed);
}

// What a process prints is compared in MetricsPage.NamesWhatTheControllerPrints; this also has what it seldom prints.
TEST(MetricsPage, NamesWhatTheControllerMayPrint) {
  const auto code =
      read_all({"lib/app", "lib/http", "lib/filedrop", "hosts/controller", "hosts/http", "hosts/filedrop"});
  EXPECT_EQ(found(read("docs/metrics.md"), "\n\\| `(backupctl_(?!zone_)\\w+)`"),
            found(code, R"re("(?:# TYPE )?(backupctl_[a-z_]+)[" {])re"));
}

}  // namespace
}  // namespace backupctl::testing
