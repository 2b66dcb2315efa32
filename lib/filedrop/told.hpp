// What was heard of a file's requests while it was read: lines for its status file, which has no name yet. In memory,
// and beyond some of it in a nameless file. It goes with the process, and on trouble: the store tells as well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "filedrop/files.hpp"

namespace backupctl::filedrop {

// Thread rule: on the thread that works on the files.
class Told {
 public:
  // `text` is whole lines; `work` the folder where there is room for what is too much.
  void add(int work, std::string_view text);

  // Takes the next whole lines out, some of them at a time, in the order in which they came; empty when there are no
  // more. Errors: unavailable; what is left is lost then.
  Result<std::string> take();

 private:
  std::string text_;  // comes after what is in the file
  Descriptor file_;
  std::vector<std::size_t> parts_;  // in the file, in bytes: each is whole lines
  std::size_t taken_ = 0;           // parts
  std::int64_t position_ = 0;       // of the next part
  bool is_full_ = false;            // the file took no more: what comes now is not kept
};

}  // namespace backupctl::filedrop
