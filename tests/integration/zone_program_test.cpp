// The zone as its peers see it: over HTTP, killed, stopped, started again.
#include <atomic>
#include <deque>
#include <mutex>
#include <thread>

#include "backupctl/serial_executor.hpp"
#include "http/server.hpp"
#include "integration/zone_process.hpp"
#include "integration/zone_silent_logger.hpp"
#include "integration/zone_tree.hpp"
#include "wire/manifest_json.hpp"
#include "wire/problem.hpp"
#include "wire/zone_command_json.hpp"
#include "wire/zone_result_json.hpp"

namespace backupctl::zone {
namespace {

namespace fs = std::filesystem;
using testing::noise;
using testing::SilentLogger;
using testing::TemporaryFolder;
using testing::write_file;
using testing::ZoneProcess;

// A controller as far as results go: answers with `answers` in turn, then with 202.
class ResultStore {
 public:
  explicit ResultStore(std::deque<int> answers = {}) : answers_(std::move(answers)) {
    server_.emplace(
        runtime_, http::ServerOptions{.listen = "127.0.0.1:0"},
        [this](http::Request request, const http::Respond& respond) { respond(answer(request)); }, logger_, clock_,
        random_);
    address_ = server_->start().value();
    thread_ = std::thread{[this] { runtime_.run(); }};
  }
  ~ResultStore() {
    runtime_.stop();
    thread_.join();
  }

  std::string url() const { return "http://" + address_; }
  std::size_t calls() const { return calls_; }
  std::vector<ZoneResult> taken() const {
    const std::lock_guard lock{mutex_};
    return taken_;
  }

 private:
  http::Response answer(const http::Request& request) {
    const std::lock_guard lock{mutex_};
    ++calls_;
    if (!answers_.empty()) {
      const int status = answers_.front();
      answers_.pop_front();
      return http::empty_response(status);
    }
    if (auto result = wire::read_zone_result(request.body)) taken_.push_back(*std::move(result));
    return http::empty_response(202);
  }

  mutable std::mutex mutex_;
  std::deque<int> answers_;
  std::vector<ZoneResult> taken_;
  std::atomic<std::size_t> calls_{0};
  SilentLogger logger_;
  SystemClock clock_;
  SystemRandom random_;
  http::Runtime runtime_;
  std::optional<http::Server> server_;
  std::string address_;
  std::thread thread_;
};

constexpr const char* id_1 = "01900000-0000-7000-8000-000000000001";
constexpr const char* id_2 = "01900000-0000-7000-8000-000000000002";

class ZoneProgram : public ::testing::Test {
 protected:
  ZoneProgram() {
    fs::create_directories(root);
    fs::create_directories(source);
  }
  std::vector<std::string> settings(const ResultStore& results) const {
    return {"zone.sources=" + source.string(), "files.root=" + root.string(),
            "zone.state=" + (temporary / "zone.db").string(), "zone.workers=1", "results.url=" + results.url()};
  }
  std::string body(const std::string& id, const std::string& path, const std::string& date = "2021-01-08") const {
    return R"({"apiVersion":"2026-11-01","commandType":"CreateBackup","backupRequestId":")" + id +
           R"(","backupJobId":"01900000-0000-7000-8000-0000000000aa","backupSourcePath":")" + path +
           R"(","storagePath":"ledger","dataAsOfDate":")" + date + R"("})";
  }
  static std::string target(const std::string& id) { return "/zone/commands/" + id; }
  static std::string code_of(const http::ClientResponse& answer) {
    const auto problem = wire::parse_problem(answer.body);
    return problem ? problem->code : "no problem: " + answer.body;
  }
  static StatusReply status(ZoneProcess& zone, const std::string& id) {
    const auto answer = zone.call("GET", target(id));
    auto reply = wire::read_command_status(answer.body);
    return reply ? *std::move(reply) : StatusReply{CommandState::unanswered, answer.body};
  }
  // Asks until the command has ended; a test's own time-out bounds it.
  static ZoneResult result(ZoneProcess& zone, const std::string& id) {
    for (;;) {
      auto reply = status(zone, id);
      if (reply.state == CommandState::finished) return reply.result.value();
      if (reply.state != CommandState::accepted && reply.state != CommandState::running) {
        ADD_FAILURE() << reply.detail;
        return {*RequestId::parse(id), ResultCode::failed, {}, *ZoneName::parse("none")};
      }
    }
  }
  // Until the archive of the command is being written.
  static void wait_for_copying(ZoneProcess& zone, const std::string& id) {
    for (std::string text; text.find(R"("phase":"copying")") == text.npos;) {
      text = zone.call("GET", target(id)).body;
      ASSERT_EQ(text.find("Finished"), text.npos) << text;
      ASSERT_NE(text.find("stateCode"), text.npos) << text;
    }
  }
  std::vector<std::string> stored() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      if (entry.is_regular_file()) names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  static void wait_for_results(const ResultStore& results, std::size_t count) {
    while (results.taken().size() < count) std::this_thread::yield();
  }

  TemporaryFolder temporary;
  fs::path root = temporary / "backups";
  fs::path source = temporary / "source";
};

TEST_F(ZoneProgram, MakesABackupAndBringsTheResultThoughRefusedAtFirst) {
  write_file(source / "day/a", noise(10'000, 1));
  ResultStore results{{503, 500}};
  ZoneProcess zone{settings(results)};
  ASSERT_FALSE(zone.address().empty()) << zone.said();
  const auto put = zone.call("PUT", target(id_1), body(id_1, (source / "day").string()));
  EXPECT_EQ(put.status, 202) << put.body;
  const auto told = result(zone, id_1);
  EXPECT_EQ(told.code, ResultCode::succeeded) << told.message;
  wait_for_results(results, 1);
  EXPECT_EQ(results.taken()[0], told);
  EXPECT_EQ(results.calls(), 3u);

  const auto again = zone.call("PUT", target(id_1), body(id_1, (source / "day").string()));
  EXPECT_EQ(again.status, 200) << again.body;
  const auto list = wire::read_manifest_list(zone.call("GET", "/zone/backups").body);
  ASSERT_TRUE(list) << list.error().detail;
  ASSERT_EQ(list->items.size(), 1u);
  EXPECT_EQ(list->items[0].verify_hash, told.verify_hash);
  EXPECT_FALSE(list->next_cursor);

  EXPECT_EQ(zone.call("GET", "/livez").status, 200);
  EXPECT_EQ(zone.call("GET", "/readyz").status, 200);
  const auto metrics = zone.call("GET", "/metrics").body;
  EXPECT_NE(metrics.find("backupctl_zone_commands{state=\"Finished\"} 1\n"), metrics.npos) << metrics;
  EXPECT_EQ(zone.end(SIGTERM), 0) << zone.said();
}

TEST_F(ZoneProgram, SaysNoToWhatItMustNot) {
  write_file(temporary / "secret/key", "secret");
  fs::create_symlink(temporary / "secret", source / "link");
  write_file(source / "a", "a");
  ResultStore results;
  ZoneProcess zone{settings(results)};
  const auto put = [&](const std::string& text, const std::string& fence = "5") {
    return zone.call("PUT", target(id_1), text, fence);
  };
  const auto expect = [](const http::ClientResponse& answer, int answer_status, const std::string& code) {
    EXPECT_EQ(answer.status, answer_status) << answer.body;
    EXPECT_EQ(code_of(answer), code) << answer.body;
  };
  expect(zone.call("GET", target(id_1)), 404, "command-not-found");
  expect(put(body(id_1, (temporary / "secret").string())), 422, "source-not-allowed");
  expect(put(body(id_1, (source / "link/key").string())), 422, "source-not-allowed");
  expect(put(body(id_1, source.string() + "/../secret")), 422, "invalid-request");
  expect(put(body(id_2, source.string())), 422, "invalid-request");
  expect(put("{"), 400, "malformed-json");
  expect(put(body(id_1, source.string()), "x"), 422, "invalid-request");
  expect(put(R"({"apiVersion":"2026-11-01","commandType":"DeleteBackup","deleteRequestId":"x"})"), 422,
         "unsupported-command");
  expect(zone.call("GET", "/zone/backups?cursor=xyz"), 422, "invalid-request");
  expect(zone.call("GET", "/zone/backups?limit=0"), 422, "invalid-request");
  expect(zone.call("GET", target(id_1)), 404, "command-not-found");
  EXPECT_TRUE(stored().empty());

  EXPECT_EQ(put(body(id_1, source.string())).status, 202);
  expect(put(body(id_1, source.string(), "2021-01-09")), 409, "command-conflict");
  expect(put(body(id_1, source.string()), "4"), 412, "stale-fence");
  expect(zone.call("DELETE", target(id_1), {}, "4"), 412, "stale-fence");
  // Spaces and the order of members make no other body.
  auto spaced = body(id_1, source.string());
  spaced.insert(1, " \n ");
  EXPECT_EQ(put(spaced, "6").status, 200);
  expect(put(body(id_1, source.string()), "5"), 412, "stale-fence");
  EXPECT_EQ(result(zone, id_1).code, ResultCode::succeeded);
  expect(zone.call("DELETE", target(id_1), {}, "6"), 409, "command-finished");
}

TEST_F(ZoneProgram, ACommandCancelledBeforeItCameNeverRuns) {
  write_file(source / "a", "a");
  ResultStore results;
  {
    ZoneProcess zone{settings(results)};
    EXPECT_EQ(zone.call("DELETE", target(id_1)).status, 202);
    wait_for_results(results, 1);
    EXPECT_EQ(results.taken()[0].code, ResultCode::cancelled);
    EXPECT_EQ(zone.end(SIGKILL), -SIGKILL);
  }
  ZoneProcess zone{settings(results)};
  EXPECT_EQ(zone.call("DELETE", target(id_1)).status, 202);
  EXPECT_EQ(zone.call("PUT", target(id_1), body(id_1, source.string())).status, 200);
  EXPECT_EQ(result(zone, id_1).code, ResultCode::cancelled);
  EXPECT_TRUE(stored().empty());
}

TEST_F(ZoneProgram, CancelledWhileItRunsOrWaitsItLeavesNothing) {
  write_file(source / "big", noise(120 << 20, 1));
  ResultStore results;
  ZoneProcess zone{settings(results)};
  EXPECT_EQ(zone.call("PUT", target(id_1), body(id_1, source.string())).status, 202);
  EXPECT_EQ(zone.call("PUT", target(id_2), body(id_2, source.string())).status, 202);
  wait_for_copying(zone, id_1);
  EXPECT_EQ(status(zone, id_2).state, CommandState::accepted);
  EXPECT_EQ(zone.call("DELETE", target(id_2)).status, 202);
  EXPECT_EQ(status(zone, id_2).state, CommandState::finished);
  EXPECT_EQ(zone.call("DELETE", target(id_1)).status, 202);
  EXPECT_EQ(result(zone, id_1).code, ResultCode::cancelled);
  EXPECT_TRUE(stored().empty());
  wait_for_results(results, 2);
}

TEST_F(ZoneProgram, KilledInTheMiddleOfAnArchiveItMakesItOnce) {
  write_file(source / "big", noise(120 << 20, 1));
  write_file(source / "small", "small");
  ResultStore results;
  {
    ZoneProcess zone{settings(results)};
    ASSERT_EQ(zone.call("PUT", target(id_1), body(id_1, source.string())).status, 202);
    wait_for_copying(zone, id_1);
    EXPECT_EQ(zone.end(SIGKILL), -SIGKILL);
  }
  EXPECT_EQ(stored(), std::vector<std::string>{std::string(id_1) + ".tar.zst.part"});
  ZoneProcess zone{settings(results)};
  const auto told = result(zone, id_1);
  EXPECT_EQ(told.code, ResultCode::succeeded) << told.message;
  wait_for_results(results, 1);
  EXPECT_EQ(results.taken().size(), 1u);
  EXPECT_EQ(stored(), (std::vector<std::string>{std::string(id_1) + ".manifest.json", std::string(id_1) + ".tar.zst"}));
  const auto command =
      "tar --zstd --compare -f '" + (root / told.storage_path).string() + "' -C '" + source.string() + "'";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST_F(ZoneProgram, StoppedInTheMiddleItGoesOnAtTheNextStart) {
  write_file(source / "big", noise(120 << 20, 1));
  ResultStore results;
  {
    ZoneProcess zone{settings(results)};
    ASSERT_EQ(zone.call("PUT", target(id_1), body(id_1, source.string())).status, 202);
    wait_for_copying(zone, id_1);
    EXPECT_EQ(zone.end(SIGTERM), 0) << zone.said();
  }
  EXPECT_TRUE(stored().empty());
  EXPECT_TRUE(results.taken().empty());
  ZoneProcess zone{settings(results)};
  EXPECT_EQ(result(zone, id_1).code, ResultCode::succeeded);
}

TEST_F(ZoneProgram, TwoOnOneStoreAreRefused) {
  ResultStore results;
  ZoneProcess first{settings(results)};
  ZoneProcess second{settings(results)};
  EXPECT_TRUE(second.address().empty());
  EXPECT_EQ(second.wait(), 1);
  EXPECT_NE(second.said().find("another backupctl-zone"), std::string::npos) << second.said();
}

TEST_F(ZoneProgram, RefusesToListenToOthersUnprotected) {
  ResultStore results;
  auto open = settings(results);
  open.push_back("zone.listen=0.0.0.0:0");
  ZoneProcess zone{open};
  EXPECT_TRUE(zone.address().empty());
  EXPECT_EQ(zone.wait(), 2) << zone.said();
}

}  // namespace
}  // namespace backupctl::zone
