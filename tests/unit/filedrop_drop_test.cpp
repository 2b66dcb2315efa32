// Files on their way through the folders: taken when they are ready, each line once, receipts whole, an end at the end.
#include <gtest/gtest.h>

#include "unit/support/filedrop_ground.hpp"

namespace backupctl::filedrop::test {
namespace {

using namespace std::chrono_literals;

TEST_F(FileDropTest, AFileThatIsRenamedInIsTakenAtOnceAndFollowedToItsEnd) {
  drop_in("ledger.jsonl", request_json("/data/1") + "\r\n\n" + "{}\n" + request_json("/data/2"));
  ASSERT_TRUE(run_until_exists("outbox/ledger.receipt.jsonl"));
  EXPECT_LT(clock_.time, 1h + 1s);
  const auto receipt = outbox("ledger.receipt.jsonl");
  EXPECT_EQ(std::count(receipt.begin(), receipt.end(), '\n'), 3);
  EXPECT_TRUE(receipt.starts_with(R"({"line":1,"backupRequestId":")"));
  EXPECT_NE(receipt.find(R"({"line":3,"problem":{)"), std::string::npos);
  EXPECT_NE(receipt.find(R"({"line":4,"backupRequestId":")"), std::string::npos);
  EXPECT_EQ(requests_.rows.size(), 2U);
  EXPECT_TRUE(run_until([&] { return !only("done", "-ledger.jsonl").empty(); }));
  EXPECT_TRUE(names("inbox").empty());

  run(3s);
  EXPECT_FALSE(fs::exists(folder("outbox") / "ledger.end.json"));
  requests_.end_all(RequestState::succeeded);
  ASSERT_TRUE(run_until_exists("outbox/ledger.end.json"));
  EXPECT_NE(outbox("ledger.status.jsonl").find(R"("stateCode":"Succeeded")"), std::string::npos);
  EXPECT_TRUE(outbox("ledger.end.json").starts_with(R"({"outcome":"Invalid","file":"ledger.jsonl",)"));
  EXPECT_NE(outbox("ledger.end.json").find(R"("lines":3,"problems":1,"counts":{"Succeeded":2,)"), std::string::npos);
  EXPECT_TRUE(names("work").empty());
  EXPECT_FALSE(fs::exists(folder("work") / ".name-ledger"));
}

TEST_F(FileDropTest, AFileWrittenInPlaceIsTakenOnceItHasSettledOrItsMarkIsThere) {
  put("slow.json", "{");
  run(2s);
  put("slow.json", request_json());
  run(2s);
  EXPECT_EQ(names("inbox"), std::vector<std::string>{"slow.json"});
  ASSERT_TRUE(run_until_exists("outbox/slow.receipt.jsonl"));
  EXPECT_GE(clock_.time, 1h + 5s);

  const auto before = clock_.time;
  put("marked.json", request_json());
  put("marked.json.ready", "");
  drop_->came("marked.json.ready", false);
  ASSERT_TRUE(run_until_exists("outbox/marked.receipt.jsonl"));
  EXPECT_LT(clock_.time, before + 1s);
  EXPECT_TRUE(names("inbox").empty()) << "the mark goes with its file";
}

TEST_F(FileDropTest, AMarkThatIsOlderThanItsFileSaysNothing) {
  put("a.json.ready", "");
  const auto long_ago = fs::file_time_type::clock::now() - 10s;
  fs::last_write_time(folder("inbox") / "a.json.ready", long_ago);
  put("a.json", "{");
  run(2s);
  EXPECT_EQ(names("inbox").size(), 2U);
  EXPECT_EQ(requests_.submits, 0);
}

TEST_F(FileDropTest, TemporaryAndOtherFilesAreLeftAlone) {
  for (const auto* name : {"a.tmp", "b.txt", "c.jsonl.ready", "README"}) put(name, request_json());
  run(10s);
  EXPECT_EQ(names("inbox").size(), 4U);
  EXPECT_EQ(requests_.submits, 0);
  EXPECT_NE(drop_->metrics().find("backupctl_filedrop_other_files 2\n"), std::string::npos) << drop_->metrics();
}

TEST_F(FileDropTest, WithoutAGoodLineAFileIsRejectedWithTheReasonBesideIt) {
  drop_in("bad.json", "nonsense");
  drop_in("empty.jsonl", "");
  drop_in("blank.json", " \n");
  for (const auto* name : {"bad", "empty", "blank"}) {
    ASSERT_TRUE(run_until_exists("outbox/" + std::string(name) + ".end.json")) << name;
    EXPECT_TRUE(outbox(std::string(name) + ".end.json").starts_with(R"({"outcome":"Invalid")")) << name;
  }
  const auto reason = only("rejected", "-bad.json.reason.json");
  EXPECT_NE(read_file(folder("rejected") / reason).find("outbox/bad.receipt.jsonl says why"), std::string::npos);
  EXPECT_NE(only("rejected", "-bad.json"), "");
  EXPECT_NE(outbox("empty.receipt.jsonl").find("empty-file"), std::string::npos);
  EXPECT_TRUE(names("done").empty());
}

TEST_F(FileDropTest, TooManyLinesAreOneProblem) {
  options_.most_lines = 3;
  restart();
  drop_in("many.jsonl", request_json("/data/1") + "\n" + request_json("/data/2") + "\n\n" + request_json("/data/4") +
                            "\n" + request_json("/data/5") + "\n");
  ASSERT_TRUE(run_until_exists("outbox/many.receipt.jsonl"));
  EXPECT_EQ(requests_.rows.size(), 2U);
  EXPECT_NE(outbox("many.receipt.jsonl").find(R"({"line":4,"problem":)"), std::string::npos);
  EXPECT_EQ(outbox("many.receipt.jsonl").find(R"({"line":5)"), std::string::npos);
}

TEST_F(FileDropTest, TheSameNameAgainGetsNamesOfItsOwn) {
  drop_in("a.jsonl", request_json("/data/1"));
  ASSERT_TRUE(run_until_exists("outbox/a.receipt.jsonl"));
  const auto first = outbox("a.receipt.jsonl");
  // The same content is the same request; another content another one.
  drop_in("a.jsonl", request_json("/data/1"));
  ASSERT_TRUE(run_until([&] { return names("done").size() == 2U; }));
  EXPECT_EQ(requests_.rows.size(), 1U);
  drop_in("a.json", request_json("/data/2"));
  drop_in("a.jsonl", request_json("/data/3"));
  ASSERT_TRUE(run_until([&] { return names("done").size() == 4U; }));
  EXPECT_EQ(outbox("a.receipt.jsonl"), first) << "never replaced";
  EXPECT_EQ(requests_.rows.size(), 3U);
  requests_.end_all(RequestState::succeeded);
  EXPECT_TRUE(run_until([&] { return names("work").empty(); }));
  EXPECT_EQ(names("outbox").size(), 12U);  // a receipt, a status and an end each
}

TEST_F(FileDropTest, AReceiptThatWasTakenAwayDoesNotFreeItsNameWhileRequestsAreOpen) {
  drop_in("a.json", request_json("/data/1"));
  ASSERT_TRUE(run_until_exists("outbox/a.receipt.jsonl"));
  fs::remove(folder("outbox") / "a.receipt.jsonl");
  drop_in("a.json", request_json("/data/2"));
  ASSERT_TRUE(run_until([&] { return names("outbox").size() == 1U; }));
  EXPECT_NE(names("outbox").front(), "a.receipt.jsonl");
  requests_.end_all(RequestState::failed);
  ASSERT_TRUE(run_until_exists("outbox/a.end.json"));
  EXPECT_TRUE(run_until([&] { return names("work").empty(); }));
}

TEST_F(FileDropTest, WhatCannotBeStoredNowIsSubmittedAgainAndNeverDropped) {
  requests_.refusals.assign(5, Error{ErrorKind::overloaded, "too much", true, "overloaded"});
  drop_in("a.jsonl", request_json("/data/1") + "\n" + request_json("/data/2") + "\n" + request_json("/data/3"));
  run(100ms);
  EXPECT_TRUE(names("outbox").empty());
  requests_.is_away = true;
  run(60s);
  EXPECT_TRUE(names("outbox").empty());
  EXPECT_LT(requests_.submits, 60);
  requests_.is_away = false;
  ASSERT_TRUE(run_until_exists("outbox/a.receipt.jsonl"));
  EXPECT_EQ(requests_.rows.size(), 3U);
  EXPECT_EQ(outbox("a.receipt.jsonl").find("problem"), std::string::npos);
}

TEST_F(FileDropTest, AKeyThatWasUsedForSomethingElseIsAProblemOfItsLine) {
  requests_.refusals.push_back({ErrorKind::conflict, "used before", false, "idempotency-key-reused"});
  drop_in("a.jsonl", request_json("/data/1") + "\n" + request_json("/data/2"));
  ASSERT_TRUE(run_until_exists("outbox/a.receipt.jsonl"));
  EXPECT_NE(outbox("a.receipt.jsonl").find(R"("code":"idempotency-key-reused")"), std::string::npos);
}

TEST_F(FileDropTest, OfALongFileOnlySomeLinesAreUnderWay) {
  requests_.holds = true;
  std::string lines;
  for (int i = 0; i < 5000; ++i) lines += request_json("/data/" + std::to_string(i)) + "\n";
  drop_in("long.jsonl", lines);
  ASSERT_TRUE(run_until([&] {
    requests_.release();
    return fs::exists(folder("outbox") / "long.receipt.jsonl");
  }));
  EXPECT_LE(requests_.held_most, 1024U);
  EXPECT_GE(requests_.held_most, 256U);
  EXPECT_EQ(requests_.rows.size(), 5000U);
  // In the order of the file.
  std::int64_t last = 0;
  std::istringstream receipt(outbox("long.receipt.jsonl"));
  for (std::string line; std::getline(receipt, line);) EXPECT_EQ(parse_receipt_line(line).value().line, ++last);
  EXPECT_EQ(last, 5000);
}

TEST_F(FileDropTest, WhatWasCheckedAtOnceIsToldWithoutAskingTheStore) {
  requests_.checks_at_once = true;
  std::string lines;
  for (int i = 0; i < 5000; ++i) lines += request_json("/data/" + std::to_string(i)) + "\n";
  drop_in("long.jsonl", lines);
  ASSERT_TRUE(run_until([&] {
    const auto status = outbox("long.status.jsonl");
    return std::count(status.begin(), status.end(), '\n') == 5000;
  }));
  EXPECT_EQ(requests_.finds, 0);
  const auto receipt = outbox("long.receipt.jsonl");
  EXPECT_EQ(receipt.find("Allowed"), std::string::npos) << "it tells that they were received";
  std::istringstream status(outbox("long.status.jsonl"));
  std::int64_t last = 0;
  for (std::string line; std::getline(status, line);) {
    EXPECT_EQ(parse_receipt_line(line).value().line, ++last);
    EXPECT_NE(line.find(R"("stateCode":"Allowed","time":"2026-09-21T15:13:20.000000Z")"), std::string::npos) << line;
  }
  run(3s);
  EXPECT_GT(requests_.finds, 0) << "what comes after it is asked for";
  requests_.end_all(RequestState::succeeded);
  ASSERT_TRUE(run_until_exists("outbox/long.end.json"));
  const auto all = outbox("long.status.jsonl");
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 10000);
}

TEST_F(FileDropTest, WhatWasCheckedSinceIsToldByItsRowAlone) {
  drop_in("a.json", request_json());
  ASSERT_TRUE(run_until_exists("outbox/a.receipt.jsonl"));
  auto& progress = requests_.rows.begin()->second.progress;
  progress.state = RequestState::not_allowed;
  progress.reason = "the job is not approved";
  progress.checked = Timestamp{std::chrono::seconds(1'790'003'600)};
  ASSERT_TRUE(run_until_exists("outbox/a.end.json"));
  EXPECT_NE(outbox("a.status.jsonl")
                .find(R"("stateCode":"NotAllowed","time":"2026-09-21T15:13:20.000000Z",)"
                      R"("stateReason":"the job is not approved"})"),
            std::string::npos)
      << outbox("a.status.jsonl");
  EXPECT_EQ(requests_.histories_read, 0);
}

TEST_F(FileDropTest, AFileThatIsChangedWhileItIsReadIsReadAgain) {
  requests_.holds = true;
  drop_in("a.jsonl", request_json("/data/1") + "\n");
  ASSERT_TRUE(run_until([&] { return !requests_.held.empty(); }));
  std::ofstream(folder("work") / names("work").front(), std::ios::app) << request_json("/data/2") << "\n";
  requests_.holds = false;
  requests_.release();
  ASSERT_TRUE(run_until_exists("outbox/a.receipt.jsonl"));
  EXPECT_EQ(requests_.rows.size(), 2U);
  EXPECT_NE(outbox("a.receipt.jsonl").find(R"({"line":2,)"), std::string::npos);
}

TEST_F(FileDropTest, ARequestThatIsGoneFromTheStoreEndsItsLine) {
  drop_in("a.json", request_json());
  ASSERT_TRUE(run_until_exists("outbox/a.receipt.jsonl"));
  requests_.is_away = true;
  run(5s);
  requests_.rows.clear();
  requests_.is_away = false;
  ASSERT_TRUE(run_until_exists("outbox/a.end.json"));
  EXPECT_NE(outbox("a.status.jsonl").find("request-gone"), std::string::npos);
  EXPECT_TRUE(outbox("a.end.json").starts_with(R"({"outcome":"Invalid")"));
}

TEST_F(FileDropTest, WhenSomebodyClearsUpInWorkTheFileIsFollowedNoMore) {
  drop_in("a.json", request_json());
  ASSERT_TRUE(run_until_exists("outbox/a.receipt.jsonl"));
  const auto is_open = [&] { return drop_->metrics().find("backupctl_filedrop_open_files 1\n") != std::string::npos; };
  EXPECT_TRUE(is_open());
  for (const auto& entry : std::filesystem::directory_iterator(folder("work"))) std::filesystem::remove(entry);
  run(1min);
  EXPECT_FALSE(is_open()) << drop_->metrics();
}

TEST_F(FileDropTest, StoppedItTakesAndReadsNoMore) {
  requests_.holds = true;
  drop_in("a.json", request_json());
  ASSERT_TRUE(run_until([&] { return !requests_.held.empty(); }));
  drop_->stop_taking();
  EXPECT_FALSE(drop_->health().ready);
  EXPECT_FALSE(drop_->is_idle());
  drop_in("b.json", request_json("/data/b"));
  run(5s);
  EXPECT_EQ(names("inbox"), std::vector<std::string>{"b.json"});
  requests_.release();
  tick();
  EXPECT_TRUE(drop_->is_idle());
  requests_.holds = false;
  restart();
  ASSERT_TRUE(run_until_exists("outbox/a.receipt.jsonl"));
  ASSERT_TRUE(run_until_exists("outbox/b.receipt.jsonl"));
  EXPECT_EQ(requests_.rows.size(), 2U);
}

TEST_F(FileDropTest, AFileWrittenInPlaceIsNotTakenForAnEarlierOneThatWasRenamedIn) {
  auto other = make_drop();
  put("writer.tmp", request_json("/data/1"));
  fs::rename(folder("inbox") / "writer.tmp", folder("inbox") / "a.jsonl");
  for (auto* drop : {drop_.get(), other.get()}) drop->came("a.jsonl", true);
  other->tick();  // has taken it
  ASSERT_TRUE(names("inbox").empty());
  put("a.jsonl", request_json("/data/2") + "\n{\"half\":");
  run(2s);
  EXPECT_EQ(names("inbox"), std::vector<std::string>{"a.jsonl"}) << "somebody still writes it";
}

TEST_F(FileDropTest, AFileThatWaitsToBeTakenMayBeAnotherByThen) {
  requests_.holds = true;
  for (int i = 0; i < 40; ++i) put(std::to_string(i) + ".json", request_json("/data/" + std::to_string(i)));
  run(6s);  // as many as are read at once are taken
  const auto left = names("inbox");
  ASSERT_FALSE(left.empty());
  fs::remove(folder("inbox") / left.front());
  put(left.front(), "{\"half\":");
  requests_.holds = false;
  requests_.release();
  run(2s);
  EXPECT_EQ(names("inbox"), std::vector<std::string>{left.front()});
}

TEST_F(FileDropTest, AResultThatWasCorrectedBetweenTwoLooksIsToldInFull) {
  using S = RequestState;
  drop_in("a.json", request_json());
  ASSERT_TRUE(run_until_exists("outbox/a.receipt.jsonl"));
  const auto id = requests_.rows.begin()->first;
  requests_.passed[id] = {{S::allowed}, {S::sent}, {S::failed}};
  requests_.end_all(S::succeeded);
  ASSERT_TRUE(run_until_exists("outbox/a.end.json"));
  const auto status = outbox("a.status.jsonl");
  std::size_t at = 0;
  for (const auto* state : {"Allowed", "Sent", "Failed", "Succeeded"}) {
    at = status.find(R"("stateCode":")" + std::string(state), at);
    ASSERT_NE(at, std::string::npos) << state << " is missing, or in another place: " << status;
  }
  EXPECT_EQ(std::count(status.begin(), status.end(), '\n'), 4) << status;
  EXPECT_TRUE(outbox("a.end.json").starts_with(R"({"outcome":"Succeeded")"));
}

TEST_F(FileDropTest, ACorrectedResultIsRememberedAcrossARestart) {
  using S = RequestState;
  drop_in("a.jsonl", request_json("/data/1") + "\n" + request_json("/data/2"));
  ASSERT_TRUE(run_until_exists("outbox/a.receipt.jsonl"));
  auto& [id, row] = *requests_.rows.begin();
  requests_.passed[id] = {{S::failed}};
  row.progress.state = S::succeeded;
  ASSERT_TRUE(run_until([&] { return outbox("a.status.jsonl").find("Succeeded") != std::string::npos; }));
  restart();
  requests_.end_all(S::succeeded);
  ASSERT_TRUE(run_until_exists("outbox/a.end.json"));
  EXPECT_TRUE(outbox("a.end.json").starts_with(R"({"outcome":"Succeeded")")) << outbox("a.end.json");
}

TEST_F(FileDropTest, ACancelReachesWhatHasNotEnded) {
  drop_in("a.jsonl", request_json("/data/1") + "\n" + request_json("/data/2"));
  drop_in("b.json", request_json("/data/3"));
  ASSERT_TRUE(run_until_exists("outbox/a.receipt.jsonl"));
  ASSERT_TRUE(run_until_exists("outbox/b.receipt.jsonl"));
  requests_.rows.begin()->second.progress.state = RequestState::succeeded;
  drop_in("a.cancel", "");
  ASSERT_TRUE(run_until_exists("outbox/a.end.json"));
  EXPECT_TRUE(outbox("a.end.json").starts_with(R"({"outcome":"Cancelled")")) << outbox("a.end.json");
  EXPECT_NE(outbox("a.end.json").find(R"("Succeeded":1)"), std::string::npos);
  EXPECT_NE(only("done", "-a.cancel"), "");
  EXPECT_FALSE(fs::exists(folder("outbox") / "b.end.json"));
  drop_in("nothing.cancel", "");
  ASSERT_TRUE(run_until([&] { return !only("rejected", "-nothing.cancel").empty(); }));
}

TEST_F(FileDropTest, ACancelWaitsForItsFile) {
  requests_.holds = true;
  drop_in("a.json", request_json());
  drop_in("a.cancel", "");
  run(5s);
  requests_.holds = false;
  requests_.release();
  ASSERT_TRUE(run_until_exists("outbox/a.end.json"));
  EXPECT_TRUE(outbox("a.end.json").starts_with(R"({"outcome":"Cancelled")"));
}

TEST_F(FileDropTest, OldFilesAreRemovedButNotThoseOfOpenRequests) {
  drop_in("ended.json", request_json("/data/1"));
  drop_in("bad.json", "x");
  ASSERT_TRUE(run_until_exists("outbox/ended.receipt.jsonl"));
  requests_.end_all(RequestState::succeeded);
  ASSERT_TRUE(run_until_exists("outbox/ended.end.json"));
  drop_in("open.json", request_json("/data/2"));
  ASSERT_TRUE(run_until_exists("outbox/open.receipt.jsonl"));
  std::ofstream(folder("outbox") / "notes.txt") << "an operator's";
  struct stat status {};
  ASSERT_EQ(::stat((folder("outbox") / "ended.end.json").c_str(), &status), 0);
  clock_.wall = Timestamp{std::chrono::seconds(status.st_ctim.tv_sec)} - clock_.time + options_.keep_for - 2h;
  run(10s);
  EXPECT_EQ(names("done").size(), 2U);
  clock_.time += 3h;
  run(10s);
  EXPECT_TRUE(names("done").empty());
  EXPECT_TRUE(names("rejected").empty());
  EXPECT_EQ(names("outbox"), (std::vector<std::string>{"notes.txt", "open.receipt.jsonl"}));
}

}  // namespace
}  // namespace backupctl::filedrop::test
