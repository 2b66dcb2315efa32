// Every kept input once, and every beginning of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "fuzz/targets.hpp"

namespace backupctl::fuzz {
namespace {

namespace fs = std::filesystem;

const fs::path corpus = fs::path{BACKUPCTL_SOURCE_DIR} / "tests/fuzz/corpus";

class Corpus : public ::testing::TestWithParam<Target> {};

TEST_P(Corpus, IsReadWithoutHarm) {
  int inputs = 0;
  for (const auto& entry : fs::directory_iterator(corpus / GetParam().name)) {
    std::ifstream in{entry.path(), std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    const auto step = std::max<std::size_t>(1, bytes.size() / 64);
    for (std::size_t length = 0; length < bytes.size(); length += step) GetParam().read(bytes.substr(0, length));
    GetParam().read(bytes);
    ++inputs;
  }
  EXPECT_GT(inputs, 0);
}

INSTANTIATE_TEST_SUITE_P(Kept, Corpus, ::testing::ValuesIn(targets().begin(), targets().end()), [](const auto& target) {
  std::string name(target.param.name);
  std::ranges::replace(name, '-', '_');
  return name;
});

}  // namespace
}  // namespace backupctl::fuzz
