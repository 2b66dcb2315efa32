// Temporary folders and trees of files for the tests of the zone.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace backupctl::zone::testing {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = ::testing::TempDir() + "backupctl-zone-XXXXXX";
    if (!::mkdtemp(name.data())) std::abort();
    path_ = std::filesystem::canonical(name);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline void write_file(const std::filesystem::path& path, const std::string& content) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream{path, std::ios::binary} << content;
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>(in), {}};
}

// Bytes that compress badly, the same for the same seed.
inline std::string noise(std::size_t size, std::uint64_t seed) {
  std::string bytes(size, '\0');
  for (auto& byte : bytes) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<char>(seed >> 56);
  }
  return bytes;
}

inline void set_time(const std::filesystem::path& path, std::int64_t seconds, long nanoseconds) {
  const timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
  ::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW);
}

// All that a file system may hold, `entries` of it about.
inline void make_tree(const std::filesystem::path& top, int entries) {
  namespace fs = std::filesystem;
  fs::create_directories(top / "empty");
  fs::create_directories(top / "closed");
  write_file(top / "closed" / "in it", "x");
  ::chmod((top / "closed").c_str(), 0500);
  write_file(top / "odd" / "new\nline", "a");
  write_file(top / "odd" / "tab\tquote\"back\\slash", "b");
  write_file(top / "odd" / "-rf", "c");
  write_file(top / "odd" / " leading and trailing ", "d");
  write_file(top / "odd" / "caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac", "e");
  write_file(top / "odd" / "not utf-8 \xff\xfe", "f");
  write_file(top / "odd" / std::string(255, 'n'), "g");
  fs::create_symlink("not utf-8 \xff\xfe", top / "odd" / "link \xfe");
  auto deep = top / "deep";
  for (int i = 0; i < 12; ++i) deep /= std::string(60, static_cast<char>('a' + i));
  write_file(deep / "at the end", "deep");
  write_file(top / "mode" / "setuid", "s");
  ::chmod((top / "mode" / "setuid").c_str(), 06755);
  write_file(top / "mode" / "read only", "r");
  ::chmod((top / "mode" / "read only").c_str(), 0400);
  write_file(top / "mode" / "empty file", "");
  write_file(top / "time" / "old", "o");
  set_time(top / "time" / "old", 1, 1);
  write_file(top / "time" / "before 1970", "o");
  set_time(top / "time" / "before 1970", -86400, 0);
  write_file(top / "time" / "late", "l");
  set_time(top / "time" / "late", 7258118400, 999'999'999);
  fs::create_symlink("../nowhere", top / "link to nothing");
  fs::create_symlink("/etc/passwd", top / "absolute link");
  fs::create_symlink("many", top / "link to a folder");
  fs::create_symlink(std::string(300, 'x'), top / "link with a long target");
  write_file(top / "hard" / "first", noise(5000, 1));
  fs::create_hard_link(top / "hard" / "first", top / "hard" / "second");
  fs::create_hard_link(top / "hard" / "first", top / "another name of it");

  write_file(top / "holes" / "middle", "begin");
  {
    const int fd = ::open((top / "holes" / "middle").c_str(), O_WRONLY);
    EXPECT_EQ(::pwrite(fd, "middle", 6, 1 << 20), 6);
    EXPECT_EQ(::pwrite(fd, "end", 3, (5 << 20) + 17), 3);
    ::close(fd);
  }
  write_file(top / "holes" / "at the beginning", "");
  write_file(top / "holes" / "many", "");
  {
    const int first = ::open((top / "holes" / "at the beginning").c_str(), O_WRONLY);
    EXPECT_EQ(::pwrite(first, "end", 3, 700'001), 3);
    ::close(first);
    const int many = ::open((top / "holes" / "many").c_str(), O_WRONLY);
    for (off_t i = 0; i < 300; ++i) EXPECT_EQ(::pwrite(many, "some data", 9, i * 12'288 + i % 4096), 9);
    ::close(many);
  }
  write_file(top / "holes" / "hole only", "");
  fs::resize_file(top / "holes" / "hole only", 3'000'001);
  write_file(top / "holes" / "hole at the end", noise(10'000, 2));
  fs::resize_file(top / "holes" / "hole at the end", 9'000'000);
  write_file(top / "big", noise(40 << 20, 3));

  for (int i = 0; i < entries; ++i) {
    const auto folder = top / "many" / std::to_string(i % 97);
    write_file(folder / ("file " + std::to_string(i)), std::string(static_cast<std::size_t>(i % 700), 'a'));
  }
}

}  // namespace backupctl::zone::testing
