// backupctl-filedrop as a program: the whole shop without backupctl-http, beside it, and with peers that are away.
#include <gtest/gtest.h>

#include "backupctl/serial_executor.hpp"
#include "backupctl/soci/result_store.hpp"
#include "filedrop/drop_process.hpp"

namespace backupctl::testing {
namespace {

class FileDropProgram : public ::testing::Test {
 protected:
  FileDropProgram() { shop_.add_zone(zone_); }

  FakeJobs jobs_;
  FakeZone zone_;
  Shop shop_{jobs_.url()};
  DropProcess drop_{shop_};
};

TEST_F(FileDropProgram, IsAWholeShopAlone) {
  ASSERT_TRUE(drop_.start()) << drop_.process().log();
  EXPECT_EQ(drop_.process().logged("watching", "folder"), shop_.drop().string());
  shop_.put("night.jsonl", request_line() + "\n{\"no\":\"request\"}\n" + request_line("/etc") + "\n");
  ASSERT_TRUE(shop_.wait_for("outbox/night.end.json")) << drop_.process().log();

  const auto receipt = json_lines(shop_.outbox("night.receipt.jsonl"));
  ASSERT_EQ(receipt.size(), 3U);
  EXPECT_EQ(HttpAnswer::text_of(receipt[0], "stateCode"), "Received");
  EXPECT_EQ(HttpAnswer::text_of(receipt[1].at("problem"), "code"), "invalid-request");
  std::string states;
  for (const auto& line : json_lines(shop_.outbox("night.status.jsonl"))) {
    if (line.at("line").as_int64() == 1) states += HttpAnswer::text_of(line, "stateCode") + " ";
    if (line.at("line").as_int64() == 3) {
      EXPECT_EQ(HttpAnswer::text_of(line, "stateCode"), "NotAllowed");
    }
  }
  EXPECT_EQ(states, "Allowed Sent Succeeded ");
  const auto end = boost::json::parse(shop_.outbox("night.end.json"));
  EXPECT_EQ(HttpAnswer::text_of(end, "outcome"), "NotAllowed");
  EXPECT_EQ(end.at("counts").at("Succeeded").as_int64(), 1);
  EXPECT_EQ(end.at("problems").as_int64(), 1);

  // The same API, but for the call that asks.
  const auto id = HttpAnswer::text_of(receipt[0], "backupRequestId");
  const auto request = drop_.http().get("/api/backup-requests/" + id);
  EXPECT_EQ(request["transport"], "FileDrop");
  EXPECT_EQ(request["requesterId"], "batch");
  EXPECT_EQ(drop_.http().get("/api/backups?backupRequestId=" + id).json.at("items").as_array().size(), 1U);
  EXPECT_EQ(drop_.http().post("/api/backup-requests", request_line()).status, 405);
  EXPECT_EQ(drop_.http().get("/readyz").status, 200);
  const std::string ended = "backupctl_filedrop_files_total{step=\"ended\"} 1";
  EXPECT_TRUE(eventually([&] { return drop_.http().get("/metrics").text.find(ended) != std::string::npos; }));
  EXPECT_EQ(drop_.stop(), 0) << drop_.process().log();
}

TEST_F(FileDropProgram, NeedsNoListener) {
  ASSERT_TRUE(drop_.start({}, ""));
  shop_.put("refused.json", request_line("/etc"));
  ASSERT_TRUE(shop_.wait_for("outbox/refused.end.json"));
  EXPECT_TRUE(shop_.outbox("refused.end.json").starts_with(R"({"outcome":"NotAllowed")"));
  EXPECT_EQ(drop_.process().log().find("listening"), std::string::npos);
  EXPECT_EQ(drop_.stop(), 0);
}

TEST_F(FileDropProgram, IsAWholeShopWithoutAListenerWhereZonesLeaveResultsInAStoreOfTheirOwn) {
  const auto url = "sqlite://" + (shop_.folder().path() / "results.db").string();
  shop_.configure("[results]\nurl = \"" + url + "\"");
  zone_.set(Work::keep_on);
  ASSERT_TRUE(drop_.start({}, ""));
  shop_.put("night.jsonl", request_line() + "\n" + request_line("/data/ledger/2") + "\n");
  ASSERT_TRUE(eventually([&] { return zone_.runs().size() == 2; })) << drop_.process().log();
  drop_.kill();
  const auto results = soci::open_results(url).value();
  for (const auto& [id, runs] : zone_.runs()) {
    ASSERT_TRUE(results->put({0, id, "files", text_of(success_of(id)), SystemClock{}.now()}));
  }
  ASSERT_TRUE(drop_.start({}, ""));
  ASSERT_TRUE(shop_.wait_for("outbox/night.end.json")) << drop_.process().log();
  EXPECT_TRUE(shop_.outbox("night.end.json").starts_with(R"({"outcome":"Succeeded")"));
  EXPECT_TRUE(eventually([&] { return results->oldest(1).value().empty(); }));
}

TEST_F(FileDropProgram, TakesFilesWhileTheJobServiceIsAwayAndChecksThemLater) {
  jobs_.server().set(Mood::broken);
  ASSERT_TRUE(drop_.start());
  shop_.put("a.json", request_line());
  ASSERT_TRUE(shop_.wait_for("outbox/a.receipt.jsonl"));
  ASSERT_TRUE(eventually([&] { return jobs_.server().calls() > 1; })) << "tried again by itself";
  EXPECT_FALSE(fs::exists(shop_.in("outbox") / "a.end.json"));
  jobs_.server().set(Mood::well);
  ASSERT_TRUE(shop_.wait_for("outbox/a.end.json"));
  EXPECT_TRUE(shop_.outbox("a.end.json").starts_with(R"({"outcome":"Succeeded")"));
}

TEST_F(FileDropProgram, StandsBesideTheOtherKindOnOneStore) {
  zone_.set(Work::keep_on);
  ASSERT_TRUE(drop_.start());
  DropProcess http(shop_, "http", BACKUPCTL_HTTP_PROGRAM);
  ASSERT_TRUE(http.start()) << http.process().log();
  shop_.put("a.json", request_line());
  shop_.put("b.json", request_line("/data/ledger/b"));
  ASSERT_TRUE(shop_.wait_for("outbox/a.receipt.jsonl"));
  ASSERT_TRUE(shop_.wait_for("outbox/b.receipt.jsonl"));
  const auto id = HttpAnswer::text_of(json_lines(shop_.outbox("a.receipt.jsonl")).front(), "backupRequestId");
  // What the other one does is seen here, and the other way round.
  EXPECT_EQ(http.http().post("/api/backup-requests/" + id + "/cancel").status, 202);
  ASSERT_TRUE(shop_.wait_for("outbox/a.end.json"));
  EXPECT_TRUE(shop_.outbox("a.end.json").starts_with(R"({"outcome":"Cancelled")"));
  shop_.put("b.cancel", "");
  ASSERT_TRUE(shop_.wait_for("outbox/b.end.json")) << drop_.process().log();
  EXPECT_TRUE(shop_.outbox("b.end.json").starts_with(R"({"outcome":"Cancelled")"));
  EXPECT_EQ(drop_.stop(), 0);
  EXPECT_EQ(http.stop(), 0);
}

TEST_F(FileDropProgram, IsNotReadyWhileItsFolderIsAway) {
  ASSERT_TRUE(drop_.start());
  fs::rename(shop_.drop(), shop_.folder().path() / "away");
  ASSERT_TRUE(eventually([&] { return drop_.http().get("/readyz").status == 503; }));
  EXPECT_EQ(drop_.http().get("/readyz")["code"], "transport-unavailable");
  EXPECT_EQ(drop_.http().get("/livez").status, 200);
  EXPECT_FALSE(fs::exists(shop_.drop()));
  fs::rename(shop_.folder().path() / "away", shop_.drop());
  ASSERT_TRUE(eventually([&] { return drop_.http().get("/readyz").status == 200; }));
  shop_.put("a.json", request_line());
  ASSERT_TRUE(shop_.wait_for("outbox/a.end.json"));
}

TEST_F(FileDropProgram, ChecksItsConfiguration) {
  const auto run = [&](std::vector<std::string> arguments) {
    Process process({.program = BACKUPCTL_FILEDROP_PROGRAM,
                     .arguments = std::move(arguments),
                     .log = shop_.folder().path() / "run.log"});
    const auto code = process.wait();
    return std::pair(code, process.log());
  };
  const auto bad = shop_.folder().write(
      "bad.toml", "[filedrop]\nfolder = \"\"\ntrusted = \"root\"\nkeepFor = \"0s\"\nscanEvry = \"1s\"\n");
  const auto [code, text] = run({"--config", bad, "--check-config"});
  EXPECT_EQ(code, 2);
  for (const auto* problem : {"bad.toml:2: filedrop.folder", "filedrop.trusted", "filedrop.keepFor",
                              "filedrop.scanEvry: is not a key of this program; did you mean filedrop.scanEvery?"})
    EXPECT_NE(text.find(problem), std::string::npos) << problem << "\n" << text;
  const auto [help_code, help] = run({"--help"});
  EXPECT_EQ(help_code, 0);
  for (const auto* part : {"Examples:", "[filedrop]", "keepFor = \"90d\"", "scanEvery = \"1s\""})
    EXPECT_NE(help.find(part), std::string::npos) << part;
  const auto good = shop_.folder().write("good.toml", shop_.config());
  EXPECT_EQ(run({"--config", good, "--check-config"}).first, 0);
  EXPECT_TRUE(fs::is_empty(shop_.drop())) << "and does nothing else";
  const auto [failed, why] = run({"--config", good, "--set", "filedrop.folder=/nowhere/drop"});
  EXPECT_EQ(failed, 1);
  EXPECT_NE(why.find("/nowhere/drop"), std::string::npos) << why;
}

}  // namespace
}  // namespace backupctl::testing
