#include "app/request_metrics.hpp"

namespace backupctl::app {
namespace {

std::string labels_of(const BackupRequest& row) {
  return "transport=\"" + std::string(to_string(row.order.transport)) + "\",zone=\"" +
         (row.progress.terms ? row.progress.terms->zone.str() : "") + "\"";
}

void count_in(Metrics& metrics, const BackupRequest& row, RequestState state) {
  metrics.count("backupctl_requests_total", "transport=\"" + std::string(to_string(row.order.transport)) +
                                                "\",state=\"" + std::string(to_string(state)) + "\"");
}

void observe(Metrics& metrics, const BackupRequest& row, std::string_view step, std::optional<Timestamp> from,
             std::optional<Timestamp> to) {
  if (!from || !to) return;
  metrics.observe("backupctl_step_seconds", labels_of(row) + ",step=\"" + std::string(step) + "\"", *to - *from);
}

}  // namespace

void count_received(Metrics& metrics, const BackupRequest& row) { count_in(metrics, row, RequestState::received); }

void count_state(Metrics& metrics, const BackupRequest& row, RequestState from) {
  const auto& p = row.progress;
  if (p.state == from) return;
  count_in(metrics, row, p.state);
  if (from == RequestState::received) observe(metrics, row, "received-checked", row.order.received, p.checked);
  if (from == RequestState::allowed) {
    observe(metrics, row, "checked-responded", p.checked, p.responded);
    observe(metrics, row, "responded-sent", p.responded, p.sent);
  }
  if (p.result_recorded) {
    observe(metrics, row, "sent-result", p.sent, p.result_received);
    observe(metrics, row, "result-recorded", p.result_received, p.result_recorded);
  }
}

}  // namespace backupctl::app
