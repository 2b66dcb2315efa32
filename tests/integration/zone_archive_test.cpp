// The archive engine on real trees, judged by GNU tar.
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <mutex>
#include <set>

#include "integration/zone_silent_logger.hpp"
#include "integration/zone_tree.hpp"
#include "wire/zone_result_json.hpp"
#include "zone/drivers/files/archive_reader.hpp"
#include "zone/drivers/files/archiver.hpp"
#include "zone/drivers/files/files_driver.hpp"
#include "zone/drivers/files/safe_path.hpp"

namespace backupctl::zone::files {
namespace {

namespace fs = std::filesystem;
using ::backupctl::zone::testing::make_tree;
using ::backupctl::zone::testing::noise;
using ::backupctl::zone::testing::read_file;
using ::backupctl::zone::testing::SilentLogger;
using ::backupctl::zone::testing::TemporaryFolder;
using ::backupctl::zone::testing::write_file;

class TickingClock final : public Clock {
 public:
  Timestamp now() override {
    const std::lock_guard lock{mutex_};
    return now_ += std::chrono::seconds{1};
  }
  Duration monotonic() override { return now().time_since_epoch(); }

 private:
  std::mutex mutex_;
  Timestamp now_ = *parse_timestamp("2026-11-24T02:25:00Z");
};

struct Said {
  int exit_code = 0;
  std::string text;  // of stdout and stderr
};

Said run(const std::string& command) {
  Said said;
  std::FILE* pipe = ::popen(("LC_ALL=C.UTF-8 " + command + " 2>&1").c_str(), "r");
  std::array<char, 4096> buffer{};
  for (std::size_t size; (size = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    said.text.append(buffer.data(), size);
  }
  const int status = ::pclose(pipe);
  said.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return said;
}

CreateBackupCommand order_for(const fs::path& source, int number = 1) {
  return {*RequestId::parse("01900000-0000-7000-8000-00000000000" + std::to_string(number)),
          1,
          *JobId::parse("01900000-0000-7000-8000-0000000000aa"),
          *SourcePath::parse(source.string()),
          "ledger/daily",
          *CivilDate::parse("2021-01-08")};
}

class ZoneArchive : public ::testing::Test {
 protected:
  ZoneArchive() {
    fs::create_directories(root);
    fs::create_directories(source);
  }

  FilesDriver& driver() {
    if (!driver_) {
      auto opened = FilesDriver::open({*ZoneName::parse("files"), {source.string()}, root.string(), {}}, clock, logger);
      driver_ = std::move(opened).value();
    }
    return *driver_;
  }
  ZoneResult create(const CreateBackupCommand& order) {
    Monitor monitor;
    auto result = driver().create(order, monitor);
    EXPECT_TRUE(result);
    return *result;
  }
  fs::path folder() const { return root / "ledger/daily/2021-01-08"; }
  std::vector<std::string> stored() const {
    std::vector<std::string> names;
    if (!fs::exists(folder())) return names;
    for (const auto& entry : fs::directory_iterator(folder())) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
  Said compare(const ZoneResult& result, const fs::path& with) {
    return run("tar --zstd --compare --warning=no-unknown-keyword -f '" + (root / result.storage_path).string() +
               "' -C '" + with.string() + "'");
  }

  TemporaryFolder temporary;
  fs::path root = temporary / "backups";
  fs::path source = temporary / "source";
  TickingClock clock;
  SilentLogger logger;
  std::unique_ptr<FilesDriver> driver_;
};

TEST_F(ZoneArchive, TarFindsNoDifferenceToATreeOfAllKinds) {
  make_tree(source, 20'000);
  const auto result = create(order_for(source));
  ASSERT_EQ(result.code, ResultCode::succeeded) << result.message;
  EXPECT_TRUE(result.item_errors.empty()) << result.message;

  const auto said = compare(result, source);
  EXPECT_EQ(said.exit_code, 0);
  EXPECT_EQ(said.text, "");

  // And it is all there: as many members as entries.
  const auto members =
      run("tar --zstd -tf '" + (root / result.storage_path).string() + "' --quoting-style=escape 2>/dev/null | wc -l");
  const auto entries = run("find '" + source.string() + "' -printf x | wc -c");
  EXPECT_EQ(members.text, entries.text);
}

TEST_F(ZoneArchive, AChangeInTheSourceIsSeenByTar) {
  write_file(source / "a", "before");
  const auto result = create(order_for(source));
  write_file(source / "a", "later!");
  EXPECT_NE(compare(result, source).exit_code, 0);
}

TEST_F(ZoneArchive, HolesAndLinksComeBackOnExtraction) {
  make_tree(source, 0);
  const auto result = create(order_for(source));
  fs::create_directories(temporary / "back");
  const auto said = run("tar --zstd --warning=no-unknown-keyword -xpf '" + (root / result.storage_path).string() +
                        "' -C '" + (temporary / "back").string() + "'");
  EXPECT_EQ(said.exit_code, 0) << said.text;
  struct stat info {};
  ASSERT_EQ(::stat((temporary / "back/holes/hole only").c_str(), &info), 0);
  EXPECT_EQ(info.st_size, 3'000'001);
  EXPECT_LT(info.st_blocks, 64);
  ASSERT_EQ(::stat((temporary / "back/another name of it").c_str(), &info), 0);
  EXPECT_EQ(info.st_nlink, 3u);
  EXPECT_EQ(run("diff -r --no-dereference '" + source.string() + "' '" + (temporary / "back").string() + "'").text, "");
}

TEST_F(ZoneArchive, HashSizeAndManifestAreThoseOfTheFile) {
  make_tree(source, 10);
  const auto order = order_for(source);
  const auto result = create(order);
  const auto archive = root / result.storage_path;
  EXPECT_EQ("sha256:" + run("sha256sum < '" + archive.string() + "' | cut -d' ' -f1").text, result.verify_hash + "\n");
  EXPECT_EQ(static_cast<std::int64_t>(fs::file_size(archive)), result.byte_count);
  EXPECT_EQ(result.storage_path, "ledger/daily/2021-01-08/" + order.id.to_string() + ".tar.zst");
  EXPECT_LT(*result.copy_start, *result.copy_end);
  EXPECT_LT(*result.copy_end, *result.verify_start);
  EXPECT_LT(*result.verify_start, *result.verify_end);

  const auto manifest = wire::read_manifest(read_file(folder() / (order.id.to_string() + ".manifest.json")));
  ASSERT_TRUE(manifest);
  const Manifest expected{order.id,           order.job_id,        order.data_as_of,
                          order.source,       result.storage_path, result.byte_count,
                          result.verify_hash, *result.copy_end,    *ZoneName::parse("files")};
  EXPECT_EQ(*manifest, expected);
  EXPECT_EQ(stored().size(), 2u);
}

TEST_F(ZoneArchive, ASingleFileIsComparedWithItsFolder) {
  write_file(source / "report.csv", noise(300'000, 7));
  const auto result = create(order_for(source / "report.csv"));
  ASSERT_EQ(result.code, ResultCode::succeeded) << result.message;
  const auto said = compare(result, source);
  EXPECT_EQ(said.exit_code, 0);
  EXPECT_EQ(said.text, "");
}

// The size that was seen when the file was opened is not the one that reading finds.
TEST_F(ZoneArchive, AFileThatShrinksOrGrowsIsKeptAtItsFirstSizeAndTold) {
  const auto content = noise(600'000, 9);
  for (const std::int64_t seen : {600'000 + 300'000, 600'000 - 300'000}) {
    write_file(source / "a", content);
    OpenedSource opened;
    opened.fd = UniqueFd{::open((source / "a").c_str(), O_RDONLY)};
    ASSERT_EQ(::fstat(opened.fd.get(), &opened.info), 0);
    opened.info.st_size = seen;
    opened.info.st_blocks = seen / 512 + 1;
    opened.name = "a";
    const auto path = temporary / ("archive-" + std::to_string(seen));
    const UniqueFd archive{::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600)};
    Monitor monitor;
    ItemErrors item_errors{logger, order_for(source).id};
    const Utf8Names names;
    const auto written = archive_source(opened, archive.get(), {}, {}, monitor, item_errors);
    ASSERT_TRUE(written) << written.error().detail;
    ASSERT_EQ(item_errors.count(), 1);
    EXPECT_NE(item_errors.kept()[0].detail.find(seen > 600'000 ? "shrank" : "grew"), std::string::npos);
    const auto read = read_back(archive.get(), monitor);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->content, written->content);

    fs::create_directories(temporary / "back");
    EXPECT_EQ(run("tar --zstd -xf '" + path.string() + "' -C '" + (temporary / "back").string() + "'").text, "");
    auto expected = content;
    expected.resize(static_cast<std::size_t>(seen), '\0');
    EXPECT_EQ(read_file(temporary / "back/a"), expected);
  }
}

TEST_F(ZoneArchive, ReadingBackSeesEveryChangedByte) {
  write_file(source / "a", noise(50'000, 4));
  const auto result = create(order_for(source));
  const auto path = root / result.storage_path;
  const auto bytes = read_file(path);
  const Utf8Names names;
  Monitor monitor;
  for (std::size_t at = 0; at < bytes.size(); at += bytes.size() / 40) {
    auto damaged = bytes;
    damaged[at] ^= 0x10;
    write_file(path, damaged);
    const UniqueFd fd{::open(path.c_str(), O_RDONLY)};
    const auto read = read_back(fd.get(), monitor);
    EXPECT_TRUE(!read || read->hash != result.verify_hash) << at;
  }
}

TEST_F(ZoneArchive, PipesAndSocketsAreLeftOutAndTold) {
  write_file(source / "a", "a");
  ASSERT_EQ(::mkfifo((source / "pipe").c_str(), 0600), 0);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (source / "sock").string().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::close(listener);
  const auto result = create(order_for(source));
  EXPECT_EQ(result.code, ResultCode::succeeded);
  const std::vector<ItemError> expected{{"pipe", "a named pipe"}, {"sock", "a socket"}};
  EXPECT_EQ(result.item_errors, expected);
  EXPECT_EQ(compare(result, source).exit_code, 0);
}

TEST_F(ZoneArchive, TheZonesOwnStorageIsNotBackedUpIntoItself) {
  root = source / "backups";
  fs::create_directories(root);
  write_file(source / "a", "a");
  const auto result = create(order_for(source));
  EXPECT_EQ(result.code, ResultCode::succeeded);
  ASSERT_EQ(result.item_errors.size(), 1u);
  EXPECT_EQ(result.item_errors[0].path, "backups");
}

TEST_F(ZoneArchive, ManyItemErrorsStayWithinAMessage) {
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(::mkfifo((source / (std::string(200, '\x01') + std::to_string(i))).c_str(), 0600), 0);
  }
  const auto result = create(order_for(source));
  EXPECT_EQ(result.code, ResultCode::succeeded);
  EXPECT_NE(result.message.find("500 items"), std::string::npos) << result.message;
  std::string text;
  wire::JsonWriter json{text};
  wire::write_zone_result(json, result);
  EXPECT_LT(text.size(), 50'000u);
}

TEST_F(ZoneArchive, EscapesAreRefusedBeforeAndWhenItRuns) {
  write_file(temporary / "secret/key", "secret");
  fs::create_directories(source / "in");
  fs::create_symlink(temporary / "secret", source / "absolute");
  fs::create_symlink("../secret", source / "relative");
  fs::create_symlink("in", source / "inside");
  fs::create_symlink("../secret/key", source / "file");
  const std::vector<std::string> paths{(temporary / "secret").string(),
                                       (source / "absolute").string(),
                                       (source / "absolute/key").string(),
                                       (source / "relative/key").string(),
                                       (source / "inside").string(),
                                       (source / "file").string(),
                                       source.string() + "x",
                                       "/"};
  for (const auto& path : paths) {
    const auto admitted = driver().admit(order_for(path));
    ASSERT_FALSE(admitted) << path;
    EXPECT_EQ(admitted.error().code, "source-not-allowed") << path;
    const auto result = create(order_for(path));
    EXPECT_EQ(result.code, ResultCode::failed) << path;
    EXPECT_EQ(result.reason_code, "source-not-allowed") << path;
    EXPECT_TRUE(stored().empty()) << path;
  }
  EXPECT_FALSE(SourcePath::parse(source.string() + "/in/../../secret"));
  EXPECT_TRUE(driver().admit(order_for(source / "in")));
  EXPECT_TRUE(driver().admit(order_for(source)));
}

TEST_F(ZoneArchive, DotDotDoesNotLeaveTheRootEvenWhenItComesSoFar) {
  fs::create_directories(source / "in");
  const int folder = ::open(source.c_str(), O_PATH | O_DIRECTORY);
  EXPECT_LT(open_beneath(folder, "in/../../secret", O_RDONLY), 0);
  EXPECT_EQ(errno, EXDEV);
  EXPECT_LT(open_beneath(folder, "/etc", O_RDONLY), 0);
  ::close(folder);
}

TEST_F(ZoneArchive, StoragePathsCannotLeaveTheRoot) {
  for (const std::string path : {"", "/", "/x", "..", "a/../b", "a//b", "a/", ".hidden", "a/./b", "a\nb", "a\xff"}) {
    auto order = order_for(source);
    order.storage_path = path;
    const auto admitted = driver().admit(order);
    ASSERT_FALSE(admitted) << path;
    EXPECT_EQ(admitted.error().code, "invalid-storage-path") << path;
  }
  // A link that somebody put into the storage is not followed.
  fs::create_symlink(temporary / "elsewhere", root / "ledger");
  fs::create_directories(temporary / "elsewhere");
  EXPECT_EQ(create(order_for(source)).code, ResultCode::failed);
  EXPECT_TRUE(fs::is_empty(temporary / "elsewhere"));
}

TEST_F(ZoneArchive, AMissingSourceFails) {
  EXPECT_TRUE(driver().admit(order_for(source / "later")));
  const auto result = create(order_for(source / "later"));
  EXPECT_EQ(result.code, ResultCode::failed);
  EXPECT_EQ(result.reason_code, "source-missing");
  EXPECT_TRUE(stored().empty());
}

TEST_F(ZoneArchive, CancelledItLeavesNoFile) {
  make_tree(source, 10);
  Monitor monitor;
  monitor.cancel();
  const auto result = driver().create(order_for(source), monitor);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->code, ResultCode::cancelled);
  EXPECT_TRUE(stored().empty());
}

TEST_F(ZoneArchive, StoppedItSaysNothingAndLeavesNoFile) {
  make_tree(source, 10);
  Monitor monitor;
  monitor.stop();
  EXPECT_FALSE(driver().create(order_for(source), monitor));
  EXPECT_TRUE(stored().empty());
}

TEST_F(ZoneArchive, WhatACrashLeftIsRemovedAndMadeAgain) {
  write_file(source / "a", "a");
  const auto order = order_for(source);
  const auto id = order.id.to_string();
  write_file(folder() / (id + ".tar.zst.part"), "half");
  write_file(folder() / (id + ".manifest.json.part"), "{");
  write_file(folder() / (id + ".tar.zst"), "whole, but its manifest was never written");
  const auto result = create(order);
  EXPECT_EQ(result.code, ResultCode::succeeded);
  EXPECT_EQ(compare(result, source).exit_code, 0);
  EXPECT_EQ(stored(), (std::vector<std::string>{id + ".manifest.json", id + ".tar.zst"}));
}

TEST_F(ZoneArchive, AFinishedBackupIsVerifiedAndTakenAgain) {
  write_file(source / "a", "a");
  const auto order = order_for(source);
  const auto first = create(order);
  write_file(source / "a", "changed since");
  const auto bytes = read_file(root / first.storage_path);
  const auto second = create(order);
  EXPECT_EQ(second.code, ResultCode::succeeded);
  EXPECT_EQ(second.verify_hash, first.verify_hash);
  EXPECT_EQ(second.storage_path, first.storage_path);
  EXPECT_EQ(second.byte_count, first.byte_count);
  EXPECT_EQ(read_file(root / first.storage_path), bytes);
}

TEST_F(ZoneArchive, AFinishedBackupThatIsCancelledBeforeItWasToldIsRemoved) {
  write_file(source / "a", "a");
  create(order_for(source));
  ASSERT_EQ(stored().size(), 2u);
  Monitor stopping;
  stopping.stop();
  EXPECT_FALSE(driver().create(order_for(source), stopping));
  EXPECT_EQ(stored().size(), 2u);
  Monitor cancelling;
  cancelling.cancel();
  EXPECT_EQ(driver().create(order_for(source), cancelling)->code, ResultCode::cancelled);
  EXPECT_TRUE(stored().empty());
}

TEST_F(ZoneArchive, ADamagedFinishedBackupIsNotTakenNorOverwritten) {
  write_file(source / "a", noise(100'000, 5));
  const auto order = order_for(source);
  const auto first = create(order);
  auto bytes = read_file(root / first.storage_path);
  bytes[bytes.size() / 2] ^= 1;
  write_file(root / first.storage_path, bytes);
  const auto second = create(order);
  EXPECT_EQ(second.code, ResultCode::failed);
  EXPECT_EQ(read_file(root / first.storage_path), bytes);
}

TEST_F(ZoneArchive, BackupsAreListedInPages) {
  write_file(source / "a", "a");
  std::vector<std::string> expected;
  for (int day = 1; day <= 5; ++day) {
    for (const char* path : {"a", "a/b", "a-b", "x.manifest.json"}) {
      auto order = order_for(source, day);
      order.storage_path = path;
      order.data_as_of = *CivilDate::parse("2021-01-0" + std::to_string(day));
      expected.push_back(create(order).storage_path);
    }
  }
  write_file(root / "a" / "notes.txt", "not ours");
  write_file(root / "a" / "broken.manifest.json", "{");
  std::vector<std::string> listed;
  std::int64_t unreadable = 0;
  std::string after;
  do {
    const auto page = driver().backups(after, 3);
    ASSERT_TRUE(page);
    for (const auto& manifest : page->items) listed.push_back(manifest.storage_path);
    unreadable += page->unreadable;
    after = page->next_after;
  } while (!after.empty());
  EXPECT_EQ(unreadable, 1);
  EXPECT_EQ(std::set<std::string>(listed.begin(), listed.end()).size(), expected.size());
  std::sort(listed.begin(), listed.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(listed, expected);
}

TEST_F(ZoneArchive, AMissingStorageFolderIsSaidAndNotMade) {
  root = temporary / "not mounted";
  const auto opened =
      FilesDriver::open({*ZoneName::parse("files"), {source.string()}, root.string(), {}}, clock, logger);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().detail.find("not mounted"), std::string::npos);
  EXPECT_FALSE(fs::exists(root));
}

}  // namespace
}  // namespace backupctl::zone::files
