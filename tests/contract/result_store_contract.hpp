// What every result store does. Thread rule: one test at a time.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "backupctl/soci/result_store.hpp"

namespace backupctl::testing {

using soci::LeftResult;

struct ResultEngine {
  std::string name;
  std::function<std::string()> new_url;
};
inline void PrintTo(const ResultEngine& engine, std::ostream* out) { *out << engine.name; }

class ResultStoreContract : public ::testing::TestWithParam<ResultEngine> {
 protected:
  std::unique_ptr<soci::ResultStore> open() { return soci::open_results(url_).value(); }
  static LeftResult left(const std::string& command, std::string body) {
    return {0, command, "files", std::move(body), Timestamp{Duration{1'790'000'000'123'456}}};
  }
  static std::vector<std::string> bodies(soci::ResultStore& store, std::int64_t limit = 100) {
    const auto found = store.oldest(limit).value();
    std::vector<std::string> texts;
    for (const auto& one : found) texts.push_back(one.body);
    return texts;
  }
  std::string url_ = GetParam().new_url();
};

TEST_P(ResultStoreContract, KeepsResultsInTheOrderOfArrivalUntilTheyAreRemoved) {
  const auto zone = open();
  const auto controller = open();
  for (const auto* body : {"a", "b", "c"}) ASSERT_TRUE(zone->put(left("1", body)));
  EXPECT_EQ(bodies(*controller), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(bodies(*controller, 2), (std::vector<std::string>{"a", "b"}));
  const auto first = controller->oldest(1).value().front();
  auto expected = left("1", "a");
  expected.arrival = first.arrival;
  EXPECT_EQ(first, expected);
  ASSERT_TRUE(controller->remove({first.arrival, 999'999}));
  EXPECT_EQ(bodies(*zone), (std::vector<std::string>{"b", "c"}));
  ASSERT_TRUE(controller->remove({}));
}

TEST_P(ResultStoreContract, TheSameIsKeptOnceAndAContradictionBesideIt) {
  const auto store = open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(store->put(left("1", "a")));
  ASSERT_TRUE(store->put(left("1", "contradiction")));
  ASSERT_TRUE(store->put(left("2", "a")));
  EXPECT_EQ(bodies(*store).size(), 3U);
}

TEST_P(ResultStoreContract, ABodyIsKeptWhateverItsBytes) {
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  const auto store = open();
  ASSERT_TRUE(store->put(left("no id at all", all)));
  EXPECT_EQ(bodies(*open()), std::vector<std::string>{all});
}

}  // namespace backupctl::testing
