// Tells of files that come into inbox/ as they come. A help to be quick, never relied on: folders are looked at anyway.
#pragma once

#include <functional>
#include <string>

#include "filedrop/files.hpp"

namespace backupctl::filedrop {

// Thread rule: one thread at a time.
class Watch {
 public:
  using Came = std::function<void(const std::string& name, bool by_rename)>;

  // Watches FOLDER/inbox from now on. Where the kernel cannot, nothing ever comes.
  void begin(const std::string& folder);
  int descriptor() const { return inotify_.get(); }  // readable when something came; -1: nothing ever does
  // False when something was missed, or the folder is not watched any more.
  bool read(const Came& came);

 private:
  Descriptor inotify_;
};

}  // namespace backupctl::filedrop
