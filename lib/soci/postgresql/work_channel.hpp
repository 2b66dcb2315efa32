// Tells the other controllers on a store that there is work, and hears them: NOTIFY and LISTEN, on a connection and a
// thread of their own. A NOTIFY holds a lock of the whole server until its commit is on the disk, so those that many
// writes could cause never go with the writes: they are gathered and said a few times a second at most.
// A lost connection is made again; what was said meanwhile is not heard.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>

#include "backupctl/serial_executor.hpp"
#include "soci/ground/postgresql_session.hpp"

namespace backupctl::soci {

// Thread rule: any thread. `hear` is called on the channel's own thread until the destructor has returned.
class WorkChannel {
 public:
  WorkChannel(PostgresqlUrl url, std::function<void()> hear);
  ~WorkChannel();
  WorkChannel(const WorkChannel&) = delete;
  WorkChannel& operator=(const WorkChannel&) = delete;

  void announce();

 private:
  using Wait = std::chrono::milliseconds;

  void run();
  Result<void> listen();  // until the connection is lost or it is over
  // Until the alarm, the socket (when there is a connection) or the time.
  void pause(int socket, Wait at_most);
  void sound_alarm();

  const std::function<void()> hear_;
  SystemClock clock_;
  PostgresqlSession session_;  // of the thread
  const int alarm_;            // an eventfd
  std::atomic<bool> over_ = false;
  std::atomic<bool> to_announce_ = false;
  std::thread thread_;
};

}  // namespace backupctl::soci
