// Removes what has lain in done/, rejected/ and outbox/ for longer than it is kept.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "filedrop/context.hpp"

namespace backupctl::filedrop {

// Thread rule: on the thread that works on the files. Files of requests that are still followed stay.
class AgeOut {
 public:
  explicit AgeOut(Context& context) : context_(context) {}
  // Looks at some files. Answers when it wants to be called again.
  Duration step();
  void forget();  // begins anew, soon

 private:
  void begin();
  void begin_folder();
  void look_at(const std::string& name);

  Context& context_;
  std::size_t folder_ = 0;  // 0 to 2; 3: nothing under way
  std::vector<std::string> names_;
  std::size_t next_name_ = 0;
  std::set<std::string, std::less<>> followed_;  // how their files in outbox/ begin
  std::int64_t removed_ = 0;
  Duration next_round_{};
};

}  // namespace backupctl::filedrop
