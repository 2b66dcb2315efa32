// The ground under a file drop in tests: a folder, time that moves when told, requests kept in a map, and a place at
// which the process "dies". Nothing waits for real.
#pragma once

#include <sys/stat.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "filedrop/drop.hpp"
#include "filedrop/receipt.hpp"
#include "integration/support/temp_dir.hpp"

namespace backupctl::filedrop::test {

namespace fs = std::filesystem;

inline std::string request_json(const std::string& source = "/data/x", const std::string& more = {}) {
  return R"({"apiVersion":"2026-11-01","backupJobId":"01900000-0000-7000-8000-0000000000aa","backupSourcePath":")" +
         source + R"(","dataAsOfDate":"2021-01-08")" + more + "}";
}

class FakeClock final : public Clock {
 public:
  Timestamp wall{std::chrono::seconds(1'790'000'000)};
  Duration time{std::chrono::hours(1)};
  Timestamp now() override { return wall + time; }
  Duration monotonic() override { return time; }
};

class FakeRandom final : public Random {
 public:
  std::uint64_t next() override { return state_ = state_ * 6364136223846793005U + 1442695040888963407U; }

 private:
  std::uint64_t state_ = 42;
};

struct Crash {};

class FakeFaults final : public FaultPoints {
 public:
  std::string at;  // "drop-claim:before"
  int hits = 0;
  void reach(std::string_view step, bool after) override {
    if (at != std::string(step) + (after ? ":after" : ":before")) return;
    ++hits;
    at.clear();
    throw Crash{};
  }
};

class KeptLog final : public Logger {
 public:
  std::string text;
  void write(LogLevel, std::string_view message, std::initializer_list<LogField> fields) override {
    text += message;
    for (const auto& field : fields) {
      if (const auto* value = std::get_if<std::string>(&field.value))
        text += " " + std::string(field.name) + "=" + *value;
    }
    text += "\n";
  }
};

// A store and its controller: the same key is the same request.
class FakeRequests final : public Requests {
 public:
  std::map<std::pair<std::string, std::string>, RequestId> keys;
  std::map<RequestId, BackupRequest> rows;
  std::map<RequestId, History> passed;  // what came between being received and the state that the row has
  std::deque<Error> refusals;           // for the next submits
  bool is_away = false;
  RequestState first_state = RequestState::received;
  bool checks_at_once = false;  // what is submitted is Allowed when it is answered
  int finds = 0, histories_read = 0;
  int submits = 0;
  std::size_t held_most = 0;
  bool holds = false;
  std::vector<std::function<void()>> held;  // answers not given yet

  void submit(Submission submission, Handler<SubmitReply> handler) override {
    ++submits;
    auto reply = answer(submission);
    if (!holds) return handler(reply);
    held.push_back([handler = std::move(handler), reply] { handler(reply); });
    held_most = std::max(held_most, held.size());
  }
  void release() {
    for (auto waiting = std::exchange(held, {}); auto& one : waiting) one();
  }
  void find(std::vector<RequestId> ids, Handler<Result<std::vector<BackupRequest>>> handler) override {
    ++finds;
    if (is_away) return handler(unavailable("the store is away"));
    std::vector<BackupRequest> found;
    for (const auto id : ids) {
      if (const auto row = rows.find(id); row != rows.end()) found.push_back(row->second);
    }
    handler(std::move(found));
  }
  void histories(std::vector<RequestId> ids, Handler<Result<std::vector<History>>> handler) override {
    if (is_away) return handler(unavailable("the store is away"));
    std::vector<History> all;
    histories_read += static_cast<int>(ids.size());
    for (const auto id : ids) {
      History one{{RequestState::received}};
      if (const auto more = passed.find(id); more != passed.end())
        one.insert(one.end(), more->second.begin(), more->second.end());
      one.push_back({rows.at(id).progress.state});
      all.push_back(std::move(one));
    }
    handler(std::move(all));
  }
  void cancel(RequestId id, Act, Handler<Result<BackupRequest>> handler) override {
    auto& row = rows.at(id);
    if (is_terminal(row.progress.state)) return handler(Error{ErrorKind::conflict, "it has ended", false, "terminal"});
    row.progress.state = RequestState::cancelled;
    handler(row);
  }
  void end_all(RequestState state) {
    for (auto& [id, row] : rows) {
      if (!is_terminal(row.progress.state)) row.progress.state = state;
    }
  }

 private:
  SubmitReply answer(const Submission& submission) {
    if (is_away) return {{}, false, Error{ErrorKind::unavailable, "away", true, "store-unavailable"}};
    if (!refusals.empty()) {
      auto error = refusals.front();
      refusals.pop_front();
      return {{}, false, error};
    }
    EXPECT_TRUE(submission.key && submission.respond_async && submission.transport == TransportKind::file_drop);
    const std::pair name{submission.requester.str(), submission.key->str()};
    if (const auto known = keys.find(name); known != keys.end()) return {rows.at(known->second), true, {}};
    boost::uuids::uuid uuid{};
    const auto number = rows.size() + 1;
    uuid.data[13] = static_cast<std::uint8_t>(number >> 16);
    uuid.data[14] = static_cast<std::uint8_t>(number >> 8);
    uuid.data[15] = static_cast<std::uint8_t>(number);
    const RequestId id{uuid};
    BackupRequest row{{.id = id,
                       .job_id = submission.job_id,
                       .source = submission.source,
                       .data_as_of = submission.data_as_of,
                       .requester = submission.requester,
                       .key = submission.key}};
    row.progress.state = first_state;
    if (checks_at_once) {
      row.progress.state = RequestState::allowed;
      row.progress.checked = Timestamp{std::chrono::seconds(1'790'003'600)};
      passed[id] = {{RequestState::allowed}};
    }
    keys.emplace(name, id);
    rows.emplace(id, row);
    return {row, false, {}};
  }
};

inline std::string read_file(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class FileDropTest : public ::testing::Test {
 protected:
  FileDropTest() {
    options_.folder = (dir_.path() / "drop").string();
    restart();
  }

  // The process before has died: nothing of it is left but the files.
  void restart() {
    drop_.reset();
    drop_ = make_drop();
  }
  std::unique_ptr<Drop> make_drop() {
    auto drop = std::make_unique<Drop>(options_, DropPorts{requests_, clock_, random_, log_, &faults_},
                                       std::make_shared<Mailbox>([this] { has_come_ = true; }));
    const auto opened = drop->open();
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().detail);
    return drop;
  }

  fs::path folder(const std::string& name) const { return fs::path(options_.folder) / name; }
  void put(const std::string& name, const std::string& content) const {
    std::ofstream(folder("inbox") / name, std::ios::binary) << content;
  }
  // As a writer does that renames.
  void drop_in(const std::string& name, const std::string& content) {
    put("writer.tmp", content);
    fs::rename(folder("inbox") / "writer.tmp", folder("inbox") / name);
    drop_->came(name, true);
  }

  void tick(Duration least = Duration{0}) {
    has_come_ = false;
    const auto pause = drop_->tick();
    clock_.time += has_come_ ? least : std::max(least, std::min<Duration>(pause, std::chrono::seconds(1)));
  }
  template <class Condition>
  bool run_until(const Condition& condition) {
    for (int i = 0; i < 2000 && !condition(); ++i) tick(std::chrono::milliseconds(1));
    return condition();
  }
  bool run_until_exists(const std::string& name) {
    return run_until([&] { return fs::exists(fs::path(options_.folder) / name); });
  }
  void run(Duration time) {
    for (const auto until = clock_.time + time; clock_.time < until;) tick(std::chrono::milliseconds(10));
  }

  std::vector<std::string> names(const std::string& which) const {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(folder(which))) {
      const auto name = entry.path().filename().string();
      if (!name.starts_with(".")) all.push_back(name);
    }
    std::sort(all.begin(), all.end());
    return all;
  }
  std::string outbox(const std::string& name) const { return read_file(folder("outbox") / name); }
  // The one file in done/ or rejected/ whose name ends so.
  std::string only(const std::string& which, const std::string& ending) const {
    std::string found;
    for (const auto& name : names(which)) {
      if (!name.ends_with(ending)) continue;
      EXPECT_EQ(found, "") << "two of them";
      found = name;
    }
    return found;
  }

  backupctl::testing::TempDir dir_;
  FileDropOptions options_;
  FakeClock clock_;
  FakeRandom random_;
  KeptLog log_;
  FakeFaults faults_;
  FakeRequests requests_;
  bool has_come_ = false;  // an answer, into the mailbox
  std::unique_ptr<Drop> drop_;
};

}  // namespace backupctl::filedrop::test
