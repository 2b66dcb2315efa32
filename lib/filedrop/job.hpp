// A file that was taken and is worked on. Each job has the lock of its id for as long as it lives.
#pragma once

#include "filedrop/context.hpp"

namespace backupctl::filedrop {

// Thread rule: on the thread that works on the files.
class Job {
 public:
  virtual ~Job() = default;
  // Does a bounded amount of work. Answers when it wants to be called again, unless it is woken before. Errors:
  // unavailable; it is called again later.
  virtual Result<Duration> step() = 0;
  virtual bool is_over() const = 0;
  virtual bool is_reading() const { return false; }  // holds files open: not too many at once
};

}  // namespace backupctl::filedrop
