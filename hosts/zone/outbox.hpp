// Brings results to the result store of the controller, each until it is there.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "backupctl/executor.hpp"
#include "backupctl/ids.hpp"
#include "backupctl/log.hpp"
#include "system/worker_threads.hpp"
#include "zone/command_store.hpp"
#include "zone/destination.hpp"
#include "zone/metrics.hpp"

namespace backupctl::zone {

struct OutboxOptions {
  std::size_t max_in_flight = 8;
  Duration first_delay = std::chrono::seconds{1};    // doubled at each attempt, with jitter
  Duration max_delay = std::chrono::seconds{30};     // while nobody answers, or says to come again
  Duration refused_delay = std::chrono::minutes{5};  // at most, after an answer that a person has to act on
};

// How long to wait after attempt number `attempts` (from 0): between half of the doubled delay and all of it.
Duration retry_delay(const OutboxOptions& options, bool is_refused, std::int64_t attempts, std::uint64_t random);
// On the executor; what it borrows must outlive it. Entries wait in the store, each with its own time: one that is
// refused never holds up another.
class Outbox {
 public:
  Outbox(Executor& executor, CommandStore& store, std::unique_ptr<Destination> destination, Clock& clock,
         Random& random, Logger& logger, Metrics& metrics, OutboxOptions options);

  void look();  // for what is due; from any task on the executor, as often as one likes
  void stop();  // starts no more deliveries

 private:
  void found(std::vector<OutboxEntry> entries, std::optional<Timestamp> next_due);
  void send(const OutboxEntry& entry);
  void answered(const OutboxEntry& entry, const Delivery& delivery);
  void settle(RequestId id, std::function<Result<void>()> write);
  void look_after(Duration delay);

  Executor& executor_;
  CommandStore& store_;
  std::unique_ptr<Destination> destination_;
  Clock& clock_;
  Random& random_;
  Logger& logger_;
  Metrics& metrics_;
  const OutboxOptions options_;

  bool is_stopped_ = false;
  bool is_looking_ = false;
  bool look_again_ = false;
  std::optional<Duration> timer_at_;  // monotonic; the soonest that is set
  std::vector<RequestId> in_flight_;
  WorkerThreads store_thread_{1};  // the last member: its tasks end before the others go
};

}  // namespace backupctl::zone
