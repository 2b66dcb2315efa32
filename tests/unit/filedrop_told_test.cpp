// What was told before there is a file for it: in order, whole lines, however much it is.
#include <fcntl.h>
#include <gtest/gtest.h>

#include "filedrop/told.hpp"
#include "integration/support/temp_dir.hpp"

namespace backupctl::filedrop::test {
namespace {

std::string all_of(Told& told) {
  std::string all;
  while (true) {
    auto part = told.take();
    EXPECT_TRUE(part);
    if (!part || part->empty()) return all;
    EXPECT_LT(part->size(), 1U << 20);
    EXPECT_EQ(part->back(), '\n') << "whole lines";
    all += *part;
  }
}

TEST(Told, AFewLinesStayInMemory) {
  Told told;
  told.add(-1, "a\n");
  told.add(-1, "b\n");
  EXPECT_EQ(all_of(told), "a\nb\n");
  EXPECT_EQ(all_of(told), "");
}

TEST(Told, VeryManyComeBackInTheirOrderAndLeaveNoFile) {
  const backupctl::testing::TempDir folder;
  const Descriptor work{::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY)};
  Told told;
  std::string expected;
  for (int i = 0; i < 300'000; ++i) {
    const auto line = std::to_string(i) + "\n";
    expected += line;
    told.add(work.get(), line);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_TRUE(all_of(told) == expected);
}

TEST(Told, WithoutAPlaceForThemTheFirstAreKept) {
  Told told;
  std::string expected;
  for (int i = 0; i < 300'000; ++i) {
    const auto line = std::to_string(i) + "\n";
    expected += line;
    told.add(-1, line);
  }
  const auto kept = all_of(told);
  EXPECT_GT(kept.size(), 0U);
  EXPECT_LT(kept.size(), expected.size());
  EXPECT_TRUE(expected.starts_with(kept));
}

}  // namespace
}  // namespace backupctl::filedrop::test
