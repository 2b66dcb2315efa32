// What could not be copied as it was, within bounds: a result must fit into one message, however much went wrong.
#pragma once

#include <string>
#include <vector>

#include "backupctl/log.hpp"
#include "backupctl/zone_result.hpp"

namespace backupctl::zone::files {

// Thread rule: one thread at a time.
class ItemErrors {
 public:
  ItemErrors(Logger& logger, const RequestId& id) : logger_(logger), id_(id.to_string()) {}

  // `path` is relative to the source, and may hold any bytes.
  void add(const std::string& path, std::string detail);

  std::int64_t count() const { return count_; }
  // The first of them.
  const std::vector<ItemError>& kept() const { return kept_; }
  // "" or a sentence on how many there are.
  std::string summary() const;

 private:
  static constexpr std::size_t most_kept = 100;
  static constexpr std::size_t most_kept_bytes = 16 * 1024;
  static constexpr std::int64_t most_logged = 1000;

  Logger& logger_;
  std::string id_;
  std::vector<ItemError> kept_;
  std::size_t kept_bytes_ = 0;
  std::int64_t count_ = 0;
};

// Bytes that are no UTF-8, and control characters, as \xHH: for people, not for reading back.
std::string printable(std::string_view path);

}  // namespace backupctl::zone::files
