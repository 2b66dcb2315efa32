// What the zone counts for Prometheus.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "backupctl/zone_result.hpp"
#include "zone/command_store.hpp"

namespace backupctl::zone {

// Since the process began. Thread-safe.
class Metrics {
 public:
  void count(const ZoneResult& result) {
    switch (result.code) {
      case ResultCode::succeeded:
        ++succeeded_;
        archive_bytes_ += result.byte_count;
        break;
      case ResultCode::failed:
        ++failed_;
        break;
      case ResultCode::cancelled:
        ++cancelled_;
        break;
    }
  }
  void count_delivery(bool is_delivered) { ++(is_delivered ? delivered_ : refused_); }
  void count_unreadable_manifests(std::int64_t count) { unreadable_manifests_ += count; }

  // Prometheus text exposition format 0.0.4. No ids in labels: their number has no bound.
  std::string text(const StoreCounts& counts, Timestamp now) const;

 private:
  std::atomic<std::int64_t> succeeded_{0};
  std::atomic<std::int64_t> failed_{0};
  std::atomic<std::int64_t> cancelled_{0};
  std::atomic<std::int64_t> archive_bytes_{0};
  std::atomic<std::int64_t> delivered_{0};
  std::atomic<std::int64_t> refused_{0};
  std::atomic<std::int64_t> unreadable_manifests_{0};
};

}  // namespace backupctl::zone
