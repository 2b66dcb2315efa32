// Those who drop files: in every way in which files may be written, with good lines and bad ones, under new names and
// used ones; and those who cancel by file.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "backupctl/names.hpp"
#include "sim_drop/drop_shop.hpp"

namespace backupctl::sim {

struct WrittenLine {
  std::int64_t number = 0;
  std::string text{};
  bool is_request = false;
  // Of a request:
  std::optional<JobId> job{};
  std::string source{};
  std::string as_of{};
  std::string key{};  // of its own; empty: none
};

struct WrittenFile {
  std::string name;  // "night.jsonl"
  std::string content;
  std::vector<WrittenLine> lines;  // without the blank ones
};

class DropWriters {
 public:
  // Told of each file as the kernel would tell.
  using Came = std::function<void(const std::string& name, bool by_rename)>;
  DropWriters(DropShop& drop_shop, Came came) : all_(drop_shop), shop_(drop_shop.shop), came_(std::move(came)) {}

  void plan(Duration until);
  bool are_done() const { return coming_ == 0; }
  const std::vector<WrittenFile>& files() const { return files_; }
  const std::vector<std::string>& cancels() const { return cancels_; }  // file names
  const std::vector<std::string>& odd() const { return odd_; }          // what can never be taken

 private:
  enum class Way { renamed, in_place, with_mark };
  WrittenFile some_file();
  WrittenLine some_request(std::int64_t number);
  void drop(WrittenFile file, Way way);
  void mark(const std::string& name);
  void drop_cancel(const std::string& name);
  void drop_odd(const std::string& name, int kind);
  // False: not now; it is tried again.
  bool may_write(const std::string& name) const;
  template <class Write>
  void when_possible(Duration at, const std::string& name, Write write);

  DropShop& all_;
  Shop& shop_;
  Came came_;
  std::vector<WrittenFile> files_;
  std::vector<std::string> cancels_, odd_;
  std::int64_t coming_ = 0;
};

}  // namespace backupctl::sim
