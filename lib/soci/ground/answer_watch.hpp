// Cuts the connections of those who have waited too long for an answer. libpq waits for ever for a server that is there
// and says nothing: its time-outs and the kernel's only find one whose machine has gone.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "backupctl/serial_executor.hpp"
#include "backupctl/time.hpp"

namespace backupctl::soci {

// Thread-safe; one thread of its own.
class AnswerWatch {
 public:
  // The one of this process, for as long as somebody has it.
  static std::shared_ptr<AnswerWatch> shared();

  AnswerWatch();
  ~AnswerWatch();
  AnswerWatch(const AnswerWatch&) = delete;
  AnswerWatch& operator=(const AnswerWatch&) = delete;

  // `socket` is shut down when it has been silent for so long, unless `who` says otherwise before. Asked again, the
  // later word counts.
  void expect(const void* who, int socket, Duration patience);
  // Nothing is waited for any more: the socket may be closed from now on. True: it was shut down.
  bool end(const void* who);

 private:
  struct Waiting {
    int socket = -1;
    Duration until{};  // monotonic
    bool cut = false;
  };

  void run();

  SystemClock clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::unordered_map<const void*, Waiting> waiting_;
  Duration planned_ = Duration::max();  // when the thread looks again
  bool over_ = false;
  std::thread thread_;  // the last member
};

}  // namespace backupctl::soci
