// Random Commands for a store, and what a store holds, to be compared.
// Thread rule: one thread at a time.
#pragma once

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "backupctl/repository.hpp"
#include "backupctl/testing/memory_repository.hpp"

namespace backupctl::testing {

// Everything that can be read through the port.
struct StoreContent {
  std::vector<BackupRequest> requests;
  std::map<RequestId, std::vector<HistoryEntry>> histories;
  std::vector<Backup> backups;
  std::vector<ResultRecord> results;
  std::vector<ParkedResult> parked;
  std::set<ZoneName> paused;

  friend bool operator==(const StoreContent&, const StoreContent&) = default;
};
Result<StoreContent> content_of(BlockingRepository& store);

// Empty, or where the store contradicts itself: history and state, backup and Succeeded, a row without a next step.
std::string contradiction_in(const StoreContent& content);

// Empty, or the first thing that differs.
std::string difference(const StoreContent& is, const StoreContent& should_be);

// Groups of Commands as the controller would write them, each entity once in a group; now and then one whose guard has
// been lost.
class StoreWorkload {
 public:
  explicit StoreWorkload(std::uint32_t seed) : random_(seed) {}

  // `store` is read for what the rows are now.
  std::vector<Command> next(MemoryRepository& store);

  std::mt19937& random() { return random_; }

 private:
  AdmitRequest admit();
  ChangeRequest change(const BackupRequest& row, MemoryRepository& store);
  bool chance(int of) { return below(of) == 0; }
  int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }
  Timestamp now() { return Timestamp{std::chrono::microseconds{1'790'000'000'000'000 + ++ticks_ * 1'000}}; }

  std::mt19937 random_;
  std::int64_t ticks_ = 0;
  int number_ = 0;  // of ids
};

}  // namespace backupctl::testing
