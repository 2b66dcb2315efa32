// One long file: every line becomes one request, in memory that does not grow with the file. BACKUPCTL_LINES=1000000
// for the longest there may be. And very many files of one request each: BACKUPCTL_FILES=100000.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "backupctl/serial_executor.hpp"
#include "filedrop/drop_process.hpp"

namespace backupctl::testing {
namespace {

std::int64_t kilobytes(pid_t process, const std::string& field) {
  const auto status = read_file("/proc/" + std::to_string(process) + "/status");
  const auto at = status.find(field + ":");
  return at == std::string::npos ? 0 : std::atoll(status.c_str() + at + field.size() + 1);
}

std::int64_t wanted(const char* variable, std::int64_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::atoll(text) : otherwise;
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

TEST(LongFile, IsTakenInFlatMemory) {
  const auto lines = wanted("BACKUPCTL_LINES", 5'000);
  FakeJobs jobs;
  Shop shop(jobs.url());
  DropProcess drop(shop);
  ASSERT_TRUE(drop.start());
  const auto before = kilobytes(drop.process().id(), "VmRSS");
  {
    std::ofstream file(shop.in("inbox") / "long.tmp", std::ios::binary);
    for (std::int64_t i = 0; i < lines; ++i) file << request_line("/etc/" + std::to_string(i)) << '\n';
  }
  SystemClock clock;
  const auto began = clock.monotonic();
  fs::rename(shop.in("inbox") / "long.tmp", shop.in("inbox") / "long.jsonl");
  const auto patience = std::chrono::minutes{2} + std::chrono::milliseconds{lines * 4};
  ASSERT_TRUE(shop.wait_for("outbox/long.receipt.jsonl", patience)) << drop.process().log();
  const auto taken = clock.monotonic();
  ASSERT_TRUE(shop.wait_for("outbox/long.end.json", patience)) << drop.process().log();
  const auto ended = clock.monotonic();
  const auto most = kilobytes(drop.process().id(), "VmHWM");
  const auto end = boost::json::parse(shop.outbox("long.end.json"));
  EXPECT_EQ(end.at("counts").at("NotAllowed").as_int64(), lines);
  EXPECT_EQ(end.at("problems").as_int64(), 0);
  std::printf(
      "%lld lines: all durable after %.1f s (%.0f lines/s), all checked and told after %.1f s; "
      "resident memory %lld kB before, %lld kB at most\n",
      static_cast<long long>(lines), seconds(taken - began), static_cast<double>(lines) / seconds(taken - began),
      seconds(ended - began), static_cast<long long>(before), static_cast<long long>(most));
#ifndef __SANITIZE_ADDRESS__  // which keeps what was freed, to see it used
  // One byte a line, and what 2,000 requests under way and the store's own cache take.
  EXPECT_LT(most - before, 64 * 1024);
#endif
}

TEST(ManyFiles, EachGetsItsReceiptAndItsEnd) {
  const auto files = wanted("BACKUPCTL_FILES", 200);
  FakeJobs jobs;
  Shop shop(jobs.url());
  DropProcess drop(shop);
  ASSERT_TRUE(drop.start());
  const auto before = kilobytes(drop.process().id(), "VmRSS");
  const auto count = [&shop](const std::string& folder, std::string_view ending) {
    const auto names = shop.names(folder);
    return std::count_if(names.begin(), names.end(), [&](const auto& name) { return name.ends_with(ending); });
  };
  SystemClock clock;
  const auto began = clock.monotonic();
  for (std::int64_t i = 0; i < files; ++i) {
    shop.put(std::to_string(i) + ".json", request_line("/etc/" + std::to_string(i)));
  }
  const auto dropped = clock.monotonic();
  const auto patience = std::chrono::minutes{2} + std::chrono::milliseconds{files * 100};
  ASSERT_TRUE(eventually([&] { return shop.names("inbox").empty(); }, patience)) << drop.process().log();
  ASSERT_TRUE(eventually([&] { return count("outbox", ".end.json") == files; }, patience)) << drop.process().log();
  const auto ended = clock.monotonic();
  const auto most = kilobytes(drop.process().id(), "VmHWM");
  EXPECT_EQ(count("outbox", ".receipt.jsonl"), files);
  EXPECT_EQ(count("done", ".json"), files);
  EXPECT_TRUE(eventually([&] { return shop.is_empty(); }));
  std::printf(
      "%lld files of one request: dropped within %.1f s, all checked, told and ended after %.1f s (%.0f files/s); "
      "resident memory %lld kB before, %lld kB at most\n",
      static_cast<long long>(files), seconds(dropped - began), seconds(ended - began),
      static_cast<double>(files) / seconds(ended - began), static_cast<long long>(before),
      static_cast<long long>(most));
}

}  // namespace
}  // namespace backupctl::testing
