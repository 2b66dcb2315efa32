#include "app/request_metrics.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace backupctl::app {
namespace {

// name="value",…
std::string labels(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
  std::string text;
  text.reserve(96);
  for (const auto& [name, value] : pairs) {
    if (!text.empty()) text += ',';
    text.append(name).append("=\"").append(value).append("\"");
  }
  return text;
}

void count_in(Metrics& metrics, const BackupRequest& row, RequestState state) {
  metrics.count("backupctl_requests_total",
                labels({{"transport", to_string(row.order.transport)}, {"state", to_string(state)}}));
}

void observe(Metrics& metrics, const BackupRequest& row, std::string_view step, std::optional<Timestamp> from,
             std::optional<Timestamp> to) {
  if (!from || !to) return;
  const std::string_view zone = row.progress.terms ? std::string_view(row.progress.terms->zone.str()) : "";
  metrics.observe("backupctl_step_seconds",
                  labels({{"transport", to_string(row.order.transport)}, {"zone", zone}, {"step", step}}), *to - *from);
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
