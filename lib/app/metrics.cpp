#include "app/metrics.hpp"

#include <array>
#include <cstdio>

namespace backupctl::app {
namespace {

template <class Families, class Value = typename Families::mapped_type::mapped_type>
Value& entry(Families& families, std::string_view name, std::string_view labels) {
  auto family = families.find(name);
  if (family == families.end()) family = families.try_emplace(std::string(name)).first;
  auto found = family->second.find(labels);
  if (found == family->second.end()) found = family->second.try_emplace(std::string(labels)).first;
  return found->second;
}

std::string number(double value) {
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.6g", value);
  return buffer.data();
}

void sample(std::string& text, std::string_view name, std::string_view suffix, std::string_view labels,
            std::string_view more, std::string_view value) {
  text.append(name).append(suffix);
  if (!labels.empty() || !more.empty()) {
    text.append("{").append(labels).append(!labels.empty() && !more.empty() ? "," : "").append(more).append("}");
  }
  text.append(" ").append(value).append("\n");
}

}  // namespace

void Metrics::count(std::string_view name, std::string_view labels, std::int64_t by) {
  const std::lock_guard lock(mutex_);
  entry(counters_, name, labels) += by;
}

void Metrics::gauge(std::string_view name, std::string_view labels, std::int64_t value) {
  const std::lock_guard lock(mutex_);
  entry(gauges_, name, labels) = value;
}

void Metrics::observe(std::string_view name, std::string_view labels, Duration duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  const std::lock_guard lock(mutex_);
  auto& histogram = entry(histograms_, name, labels);
  for (std::size_t i = 0; i < bounds_seconds.size(); ++i) {
    if (seconds <= bounds_seconds[i]) ++histogram.counts[i];
  }
  ++histogram.count;
  histogram.sum_seconds += seconds;
}

std::string Metrics::text() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  const auto write = [&text](const auto& families, std::string_view type) {
    for (const auto& [name, family] : families) {
      text.append("# TYPE ").append(name).append(" ").append(type).append("\n");
      for (const auto& [labels, value] : family) sample(text, name, "", labels, "", std::to_string(value));
    }
  };
  write(counters_, "counter");
  write(gauges_, "gauge");
  for (const auto& [name, family] : histograms_) {
    text.append("# TYPE ").append(name).append(" histogram\n");
    for (const auto& [labels, histogram] : family) {
      for (std::size_t i = 0; i < bounds_seconds.size(); ++i) {
        sample(text, name, "_bucket", labels, "le=\"" + number(bounds_seconds[i]) + "\"",
               std::to_string(histogram.counts[i]));
      }
      sample(text, name, "_bucket", labels, "le=\"+Inf\"", std::to_string(histogram.count));
      sample(text, name, "_sum", labels, "", number(histogram.sum_seconds));
      sample(text, name, "_count", labels, "", std::to_string(histogram.count));
    }
  }
  return text;
}

}  // namespace backupctl::app
