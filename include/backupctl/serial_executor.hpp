// The ground of a controller in a process that brings none of its own: an Executor with one thread, the system's clock
// and its random numbers. Hosts with an event loop bring their own Executor.
#pragma once

#include <memory>

#include "backupctl/executor.hpp"
#include "backupctl/ids.hpp"

namespace backupctl {

// Thread-safe. The destructor lets the running task end, drops the waiting ones and joins the thread.
class SerialExecutor final : public Executor {
 public:
  SerialExecutor();
  ~SerialExecutor() override;
  void post(Task task) override;
  void post_after(Duration delay, Task task) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Thread-safe.
class SystemClock final : public Clock {
 public:
  Timestamp now() override;
  Duration monotonic() override;
};

// Thread rule: one thread at a time.
class SystemRandom final : public Random {
 public:
  SystemRandom();
  ~SystemRandom() override;
  std::uint64_t next() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace backupctl
