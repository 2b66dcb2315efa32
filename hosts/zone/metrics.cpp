#include "zone/metrics.hpp"

#include <algorithm>

namespace backupctl::zone {
namespace {

void family(std::string& text, const char* name, const char* type, const char* help) {
  text += std::string("# HELP ") + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
}

void sample(std::string& text, const std::string& name, std::int64_t value) {
  text += name + " " + std::to_string(value) + "\n";
}

}  // namespace

std::string Metrics::text(const StoreCounts& counts, Timestamp now) const {
  std::string text;
  family(text, "backupctl_zone_commands", "gauge", "Commands in the store, by state.");
  sample(text, R"(backupctl_zone_commands{state="Accepted"})", counts.accepted);
  sample(text, R"(backupctl_zone_commands{state="Running"})", counts.running);
  sample(text, R"(backupctl_zone_commands{state="Finished"})", counts.finished);
  family(text, "backupctl_zone_outbox_entries", "gauge", "Results that the result store does not have yet.");
  sample(text, "backupctl_zone_outbox_entries", counts.outbox);
  family(text, "backupctl_zone_outbox_oldest_seconds", "gauge", "How long the oldest of them has been waiting.");
  const auto age = counts.oldest_undelivered ? now - *counts.oldest_undelivered : Duration{0};
  sample(text, "backupctl_zone_outbox_oldest_seconds",
         std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(age).count()));
  family(text, "backupctl_zone_results_total", "counter", "Commands finished by this process, by result.");
  sample(text, R"(backupctl_zone_results_total{code="Succeeded"})", succeeded_);
  sample(text, R"(backupctl_zone_results_total{code="Failed"})", failed_);
  sample(text, R"(backupctl_zone_results_total{code="Cancelled"})", cancelled_);
  family(text, "backupctl_zone_backup_bytes_total", "counter", "Bytes of the backups made by this process.");
  sample(text, "backupctl_zone_backup_bytes_total", archive_bytes_);
  family(text, "backupctl_zone_deliveries_total", "counter", "Attempts to deliver a result, by outcome.");
  sample(text, R"(backupctl_zone_deliveries_total{outcome="delivered"})", delivered_);
  sample(text, R"(backupctl_zone_deliveries_total{outcome="kept"})", refused_);
  family(text, "backupctl_zone_unreadable_manifests_total", "counter", "Manifests met in lists that cannot be read.");
  sample(text, "backupctl_zone_unreadable_manifests_total", unreadable_manifests_);
  return text;
}

}  // namespace backupctl::zone
