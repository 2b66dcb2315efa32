// A result store of its own: a SQLite file or a PostgreSQL schema in which zones leave results, also while every
// controller is down, and from which controllers fetch them. It has a version and grants of its own, so that a zone
// never needs to open the controller's store.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backupctl/result.hpp"
#include "backupctl/time.hpp"

namespace backupctl::soci {

// As a zone left it. Nothing is checked here: what cannot be read is parked by the controller.
struct LeftResult {
  std::int64_t arrival = 0;  // its number in this store
  std::string command_id;
  std::string zone;
  std::string body;  // any bytes
  Timestamp received{};

  friend bool operator==(const LeftResult&, const LeftResult&) = default;
};

// Blocks; one thread at a time. Errors of all: unavailable (retryable), corrupt.
class ResultStore {
 public:
  virtual ~ResultStore() = default;
  // Durable on return. The same command and body again changes nothing. `arrival` does not count.
  virtual Result<void> put(const LeftResult& result) = 0;
  virtual Result<std::vector<LeftResult>> oldest(std::int64_t limit) = 0;
  // Those that are there; others are left out silently.
  virtual Result<void> remove(const std::vector<std::int64_t>& arrivals) = 0;
};

// sqlite:///path or postgresql://…; made when missing. Errors: those of open() in store.hpp. With `wait_for_server` a
// PostgreSQL that is away, starting or too busy is none: each call tries anew, and answers with these errors.
Result<std::unique_ptr<ResultStore>> open_results(std::string_view url, bool wait_for_server = false);

}  // namespace backupctl::soci
