// Counts, gauges and duration histograms, written out as Prometheus text. Thread-safe.
// Labels are closed sets (states, transports, configured zones): never ids or paths.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "backupctl/time.hpp"

namespace backupctl::app {

class Metrics {
 public:
  // `labels` is ready text such as transport="HTTP",state="Sent"; may be empty.
  void count(std::string_view name, std::string_view labels, std::int64_t by = 1);
  void gauge(std::string_view name, std::string_view labels, std::int64_t value);
  void observe(std::string_view name, std::string_view labels, Duration duration);
  std::string text() const;

 private:
  static constexpr std::array<double, 12> bounds_seconds{0.001, 0.005, 0.01, 0.05, 0.1,  0.5,
                                                         1,     5,     30,   300,  3600, 86400};
  struct Histogram {
    std::array<std::int64_t, bounds_seconds.size()> counts{};
    std::int64_t count = 0;
    double sum_seconds = 0;
  };
  template <class T>
  using Family = std::map<std::string, std::map<std::string, T, std::less<>>, std::less<>>;

  mutable std::mutex mutex_;
  Family<std::int64_t> counters_;
  Family<std::int64_t> gauges_;
  Family<Histogram> histograms_;
};

}  // namespace backupctl::app
