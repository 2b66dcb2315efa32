// What may lie in a folder, and what may become of the folder itself.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "filedrop/access.hpp"
#include "unit/support/filedrop_ground.hpp"

namespace backupctl::filedrop::test {
namespace {

using namespace std::chrono_literals;

TEST_F(FileDropTest, WhatIsNoRegularFileOfItsOwnIsRejectedAndNeverRead) {
  const auto secret = dir_.write("secret", request_json("/data/secret"));
  fs::create_symlink(secret, folder("inbox") / "link.json");
  fs::create_symlink("nowhere", folder("inbox") / "broken.jsonl");
  ASSERT_EQ(::mkfifo((folder("inbox") / "fifo.jsonl").c_str(), 0600), 0);
  fs::create_directory(folder("inbox") / "folder.json");
  std::ofstream(folder("inbox") / "folder.json" / "inside.json") << request_json();
  put("long" + std::string(230, 'x') + ".json", request_json());
  fs::create_hard_link(secret, folder("inbox") / "hard.json");
  fs::create_symlink(secret, folder("inbox") / "link.cancel");
  ASSERT_TRUE(run_until([&] { return names("rejected").size() == 14U; })) << names("rejected").size();
  EXPECT_TRUE(names("inbox").empty());
  EXPECT_EQ(requests_.submits, 0);
  EXPECT_TRUE(names("outbox").empty());
  for (const auto& name : names("rejected")) EXPECT_TRUE(FileId::parse(name.substr(0, 36))) << name;
  const auto reason = read_file(folder("rejected") / only("rejected", "-link.json.reason.json"));
  EXPECT_NE(reason.find("symbolic link"), std::string::npos) << reason;
  EXPECT_EQ(read_file(secret), request_json("/data/secret"));
}

TEST_F(FileDropTest, ASecondNameThatIsGoneSoonIsAWritersWay) {
  put("writer.tmp", request_json());
  fs::create_hard_link(folder("inbox") / "writer.tmp", folder("inbox") / "a.json");
  run(1s);
  fs::remove(folder("inbox") / "writer.tmp");
  ASSERT_TRUE(run_until_exists("outbox/a.receipt.jsonl"));
}

TEST_F(FileDropTest, NamesMayBeAnyBytes) {
  const std::string odd = "\xFF\n\x01 \"quote\" -rf";
  drop_in(odd + ".json", request_json("/data/odd"));
  ASSERT_TRUE(run_until_exists("outbox/" + odd + ".receipt.jsonl"));
  requests_.end_all(RequestState::succeeded);
  ASSERT_TRUE(run_until_exists("outbox/" + odd + ".end.json"));
  EXPECT_NE(outbox(odd + ".end.json").find(R"(\n\u0001 \"quote\" -rf.json)"), std::string::npos)
      << outbox(odd + ".end.json");
}

TEST_F(FileDropTest, TheFoldersAreMadeAndUsedAgain) {
  for (const auto* name : {"inbox", "work", "outbox", "done", "rejected"}) EXPECT_TRUE(fs::is_directory(folder(name)));
  EXPECT_EQ(fs::status(folder("work")).permissions(), fs::perms::owner_all);
  fs::permissions(folder("outbox"), fs::perms::owner_all | fs::perms::others_exec);
  restart();
  EXPECT_EQ(fs::status(folder("outbox")).permissions(), fs::perms::owner_all | fs::perms::others_exec);
  EXPECT_FALSE(Spool::create((dir_.path() / "nowhere" / "drop").string()));
}

TEST_F(FileDropTest, AFolderThatGoesAwayIsWaitedForAndNeverMadeAgain) {
  drop_in("a.json", request_json());
  ASSERT_TRUE(run_until_exists("outbox/a.receipt.jsonl"));
  ASSERT_TRUE(drop_->health().ready);
  fs::rename(options_.folder, dir_.path() / "away");
  run(3s);
  EXPECT_FALSE(drop_->health().ready);
  EXPECT_NE(drop_->health().detail.find("inbox"), std::string::npos) << drop_->health().detail;
  EXPECT_FALSE(fs::exists(options_.folder));
  // Another one in its place is not ours until it has all the folders.
  fs::create_directory(options_.folder);
  run(3s);
  EXPECT_TRUE(fs::is_empty(options_.folder));
  fs::remove(options_.folder);

  fs::rename(dir_.path() / "away", options_.folder);
  put("b.json", request_json("/data/b"));
  ASSERT_TRUE(run_until_exists("outbox/b.receipt.jsonl"));
  EXPECT_TRUE(drop_->health().ready);
  requests_.end_all(RequestState::succeeded);
  EXPECT_TRUE(run_until_exists("outbox/a.end.json")) << "what was open before goes on";
}

class Mounted : public FileDropTest {
 protected:
  void TearDown() override {
    drop_.reset();
    if (is_mounted_) ::umount(at_.c_str());
  }
  bool mount(const fs::path& at, const char* options) {
    at_ = at;
    return is_mounted_ = ::mount("none", at.c_str(), "tmpfs", 0, options) == 0;
  }

 private:
  fs::path at_;
  bool is_mounted_ = false;
};

TEST_F(Mounted, FoldersOnTwoFileSystemsAreRefused) {
  drop_.reset();
  if (!mount(folder("done"), "size=1m")) GTEST_SKIP() << "may not mount";
  const auto spool = Spool::create(options_.folder);
  ASSERT_FALSE(spool);
  EXPECT_EQ(spool.error().kind, ErrorKind::invalid);
  EXPECT_NE(spool.error().detail.find("different file systems"), std::string::npos) << spool.error().detail;
  EXPECT_TRUE(names("outbox").empty());
  EXPECT_TRUE(names("inbox").empty());
}

TEST_F(Mounted, AFullDiskAcknowledgesNothingAndGoesOnByItself) {
  drop_.reset();
  const auto disk = dir_.path() / "disk";
  fs::create_directory(disk);
  if (!mount(disk, "size=256k")) GTEST_SKIP() << "may not mount";
  options_.folder = (disk / "drop").string();
  restart();
  std::string lines;
  for (int i = 0; i < 300; ++i) lines += request_json("/data/" + std::to_string(i)) + "\n";
  drop_in("a.jsonl", lines);
  {
    std::ofstream filler(disk / "filler", std::ios::binary);
    filler << std::string(1 << 20, 'x');
  }
  run(30s);
  EXPECT_TRUE(names("outbox").empty());
  EXPECT_FALSE(drop_->health().ready);
  EXPECT_NE(drop_->health().detail.find("No space left"), std::string::npos) << drop_->health().detail;
  fs::remove(disk / "filler");
  ASSERT_TRUE(run_until_exists("outbox/a.receipt.jsonl"));
  EXPECT_EQ(requests_.rows.size(), 300U);
  EXPECT_TRUE(run_until([&] { return drop_->health().ready; }));

  {
    std::ofstream filler(disk / "filler", std::ios::binary);
    filler << std::string(1 << 20, 'x');
  }
  requests_.end_all(RequestState::succeeded);
  run(30s);
  EXPECT_FALSE(fs::exists(folder("outbox") / "a.end.json"));
  fs::remove(disk / "filler");
  ASSERT_TRUE(run_until_exists("outbox/a.end.json"));
  const auto status = outbox("a.status.jsonl");
  EXPECT_EQ(std::count(status.begin(), status.end(), '\n'), 300);
  EXPECT_EQ(status.back(), '\n');
}

TEST_F(FileDropTest, OnlyTheSubmitterReadsWhatIsWrittenForIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "cannot make files of other users";
  constexpr uid_t submitter = 12345, somebody = 12346;
  put("writer.tmp", request_json());
  ASSERT_EQ(::chown((folder("inbox") / "writer.tmp").c_str(), submitter, submitter), 0);
  fs::rename(folder("inbox") / "writer.tmp", folder("inbox") / "a.json");
  drop_->came("a.json", true);
  ASSERT_TRUE(run_until_exists("outbox/a.receipt.jsonl"));
  EXPECT_EQ(requests_.rows.begin()->second.order.requester.str(), "uid:12345");
  requests_.end_all(RequestState::succeeded);
  ASSERT_TRUE(run_until_exists("outbox/a.end.json"));
  const auto reads = [&](uid_t user, const std::string& name) {
    fs::permissions(dir_.path(), fs::perms::all);
    fs::permissions(options_.folder, fs::perms::all);
    fs::permissions(folder("outbox"), fs::perms::all);
    EXPECT_EQ(::seteuid(user), 0);
    const bool can = ::access((folder("outbox") / name).c_str(), F_OK) == 0 &&
                     Descriptor{::open((folder("outbox") / name).c_str(), O_RDONLY | O_CLOEXEC)};
    const bool writes{Descriptor{::open((folder("outbox") / name).c_str(), O_WRONLY | O_CLOEXEC)}};
    EXPECT_EQ(::seteuid(0), 0);
    EXPECT_FALSE(writes);
    return can;
  };
  for (const auto* name : {"a.receipt.jsonl", "a.status.jsonl", "a.end.json"}) {
    EXPECT_TRUE(reads(submitter, name)) << name;
    EXPECT_FALSE(reads(somebody, name)) << name;
  }
}

TEST_F(FileDropTest, OneIsAtWorkOnAFileAtATime) {
  auto one = Spool::create(options_.folder).value();
  auto other = Spool::open(options_.folder).value();
  const auto id = FileId::parse("01900000-0000-7000-8000-000000000001").value();
  const auto next = FileId::parse("01900000-0000-7000-8000-000000000011").value();
  EXPECT_TRUE(one.try_lock(id).value());
  EXPECT_FALSE(other.try_lock(id).value());
  EXPECT_TRUE(other.try_lock(next).value());
  one.unlock(id);
  EXPECT_TRUE(other.try_lock(id).value());
  { const auto gone = std::move(other); }
  EXPECT_TRUE(one.try_lock(id).value()) << "the kernel frees what a dead process had";
  EXPECT_TRUE(one.try_lock(next).value());
}

}  // namespace
}  // namespace backupctl::filedrop::test
