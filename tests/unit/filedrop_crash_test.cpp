// The process dies before and after each step, with one or two more at work on the folder: each line is one request all
// the same, every receipt is whole, and the end is right.
#include <gtest/gtest.h>

#include "unit/support/filedrop_ground.hpp"

namespace backupctl::filedrop::test {
namespace {

class DropCrash : public FileDropTest, public ::testing::WithParamInterface<std::string> {
 protected:
  void crash_once();
  void check() {
    EXPECT_EQ(requests_.rows.size(), 3U);
    const auto receipt = outbox("a.receipt.jsonl");
    EXPECT_EQ(std::count(receipt.begin(), receipt.end(), '\n'), 4) << receipt;
    for (const auto& [id, row] : requests_.rows) {
      if (row.order.source.str() == "/data/b") continue;
      EXPECT_NE(receipt.find(id.to_string()), std::string::npos) << receipt;
      const auto status = outbox("a.status.jsonl");
      const auto line = R"("backupRequestId":")" + id.to_string() + R"(","stateCode":"Succeeded")";
      EXPECT_EQ(status.find(line) != std::string::npos, row.progress.state == RequestState::succeeded) << status;
    }
    EXPECT_NE(outbox("a.end.json").find(R"("lines":4,"problems":2,)"), std::string::npos) << outbox("a.end.json");
    EXPECT_NE(only("done", "-a.jsonl"), "");
    EXPECT_NE(only("rejected", "-bad.json"), "");
    EXPECT_NE(only("rejected", "-bad.json.reason.json"), "");
    EXPECT_NE(only("done", "-b.cancel"), "");
    EXPECT_TRUE(outbox("b.end.json").starts_with(R"({"outcome":"Cancelled")")) << outbox("b.end.json");
    EXPECT_TRUE(names("work").empty()) << names("work").front();
    EXPECT_TRUE(names("inbox").empty());
    EXPECT_EQ(names("outbox"),
              (std::vector<std::string>{"a.end.json", "a.receipt.jsonl", "a.status.jsonl", "b.end.json",
                                        "b.receipt.jsonl", "b.status.jsonl", "bad.end.json", "bad.receipt.jsonl"}));
  }
};

void DropCrash::crash_once() {
  faults_.at = GetParam();
  bool is_cancelled = false;
  int crashes = 0;
  put("a.jsonl", request_json("/data/1") + "\nbad\n" + request_json("/data/2") + "\n{}");
  put("b.json", request_json("/data/b"));
  put("bad.json", "bad");
  for (const auto* name : {"a.jsonl", "b.json", "bad.json"}) drop_->came(name, true);
  const auto step = [&] {
    try {
      tick(std::chrono::milliseconds(1));
    } catch (const Crash&) {
      ++crashes;
      restart();
    }
    if (!is_cancelled && fs::exists(folder("outbox") / "b.receipt.jsonl")) {
      is_cancelled = true;
      put("b.cancel", "");
    }
    if (is_cancelled && fs::exists(folder("outbox") / "a.receipt.jsonl") && !only("done", "-b.cancel").empty()) {
      requests_.end_all(RequestState::succeeded);
    }
  };
  const auto is_over = [&] {
    return fs::exists(folder("outbox") / "a.end.json") && fs::exists(folder("outbox") / "b.end.json") &&
           fs::exists(folder("outbox") / "bad.end.json") && names("work").empty() && names("inbox").empty();
  };
  for (int i = 0; i < 3000 && !is_over(); ++i) step();
  EXPECT_TRUE(is_over());
  EXPECT_EQ(crashes, 1) << GetParam() << " was not reached";
  check();
}

TEST_P(DropCrash, EachLineIsOneRequestAndTheEndIsRight) { crash_once(); }

std::vector<std::string> all_faults() {
  std::vector<std::string> faults;
  for (const auto step : file_drop_fault_steps)
    for (const auto* side : {":before", ":after"}) faults.push_back(std::string(step) + side);
  return faults;
}
std::string name_of(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-' || c == ':'; }, '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Steps, DropCrash, ::testing::ValuesIn(all_faults()), name_of);

// The same where each is checked before it is answered.
class DropCrashCheckedAtOnce : public DropCrash {};
TEST_P(DropCrashCheckedAtOnce, EachLineIsOneRequestAndTheEndIsRight) {
  requests_.checks_at_once = true;
  crash_once();
  const auto told = outbox("a.receipt.jsonl") + outbox("a.status.jsonl");
  std::size_t allowed = 0;
  for (auto at = told.find("Allowed"); at != std::string::npos; at = told.find("Allowed", at + 1)) ++allowed;
  EXPECT_GE(allowed, 2U) << told;
}
INSTANTIATE_TEST_SUITE_P(Steps, DropCrashCheckedAtOnce, ::testing::ValuesIn(all_faults()), name_of);

TEST_F(FileDropTest, TwoOnOneFolderShareTheWorkAndTakeOverFromADeadOne) {
  auto other = make_drop();
  std::string lines;
  for (int i = 0; i < 300; ++i) lines += request_json("/data/" + std::to_string(i)) + "\n";
  for (int file = 0; file < 20; ++file) put("f" + std::to_string(file) + ".jsonl", lines);
  const auto both = [&] {
    tick(std::chrono::milliseconds(1));
    other->tick();
  };
  for (int i = 0; i < 200 && requests_.rows.size() < 1500; ++i) both();
  const auto metrics = [](const Drop& drop) {
    const auto text = drop.metrics();
    const auto at = text.find("step=\"taken\"} ") + 14;
    return std::stoi(text.substr(at));
  };
  EXPECT_EQ(metrics(*drop_) + metrics(*other), 20);
  EXPECT_GT(requests_.rows.size(), 0U);
  other.reset();  // dies
  requests_.first_state = RequestState::succeeded;
  ASSERT_TRUE(run_until([&] {
    requests_.end_all(RequestState::succeeded);
    return names("work").empty() && names("inbox").empty();
  }));
  EXPECT_EQ(requests_.rows.size(), 20U * 300U);
  for (int file = 0; file < 20; ++file) {
    const auto receipt = outbox("f" + std::to_string(file) + ".receipt.jsonl");
    EXPECT_EQ(std::count(receipt.begin(), receipt.end(), '\n'), 300);
    EXPECT_TRUE(outbox("f" + std::to_string(file) + ".end.json").starts_with(R"({"outcome":"Succeeded")"));
  }
}

TEST_F(FileDropTest, AStatusFileThatWasCutIsMadeWholeAgain) {
  drop_in("a.jsonl", request_json("/data/1") + "\n" + request_json("/data/2"));
  ASSERT_TRUE(run_until_exists("outbox/a.receipt.jsonl"));
  auto& first = requests_.rows.begin()->second;
  first.progress.state = RequestState::succeeded;
  ASSERT_TRUE(run_until_exists("outbox/a.status.jsonl"));
  const auto whole = outbox("a.status.jsonl");
  std::ofstream(folder("outbox") / "a.status.jsonl", std::ios::app) << R"({"line":2,"backupReq)";
  restart();
  requests_.end_all(RequestState::failed);
  ASSERT_TRUE(run_until_exists("outbox/a.end.json"));
  const auto status = outbox("a.status.jsonl");
  EXPECT_TRUE(status.starts_with(whole));
  EXPECT_EQ(std::count(status.begin(), status.end(), '\n'), 2) << "nothing was told again: " << status;
  EXPECT_TRUE(outbox("a.end.json").starts_with(R"({"outcome":"Failed")"));
}

}  // namespace
}  // namespace backupctl::filedrop::test
