#include "app/notices.hpp"

#include <algorithm>
#include <utility>

#include "app/retry_delay.hpp"

namespace backupctl::app {
namespace {

constexpr std::int64_t most_at_once = 8;
// Whoever takes a notice and dies has not told it for certain: after this it is told again.
constexpr Duration hidden_for = std::chrono::minutes(2);

bool is_wanted(Context& context, std::string_view event) {
  const auto& events = context.options().notify_events;
  return context.notifier() && std::find(events.begin(), events.end(), event) != events.end();
}

// "" for what is told of nothing.
std::string_view event_of(const BackupRequest& row, const RequestProgress& next) {
  const bool nobody_waits =
      row.order.transport == TransportKind::file_drop || row.order.transport == TransportKind::queue;
  if (next.state == RequestState::not_allowed) return nobody_waits ? "NotAllowed" : "";
  if (next.state == row.progress.state) {
    // The first time that an overdue request is looked after.
    const auto is_overdue_error = [](const std::string& text) { return text.starts_with("overdue"); };
    const bool newly = is_overdue_error(next.last_error) && !is_overdue_error(row.progress.last_error);
    return next.state == RequestState::sent && newly ? "overdue" : "";
  }
  if (next.state == RequestState::failed) return "Failed";
  const bool was_told = row.progress.state == RequestState::failed || row.progress.state == RequestState::cancelled;
  return next.state == RequestState::succeeded && was_told ? "Failed" : "";
}

}  // namespace

std::optional<Notice> notice_of(Context& context, const BackupRequest& row, const RequestProgress& next) {
  const auto event = event_of(row, next);
  if (event.empty() || !is_wanted(context, event)) return {};
  Notice notice{.id = context.new_id<NoticeId>(),
                .event = std::string(event),
                .time = context.now(),
                .request_id = row.order.id,
                .job_id = row.order.job_id,
                .requester = row.order.requester.str()};
  if (next.terms) notice.job_version = next.terms->job_version;
  notice.detail = next.state == RequestState::succeeded ? "it has succeeded after all: the zone's success came late"
                  : next.state == RequestState::sent    ? next.last_error
                                                        : next.reason;
  return notice;
}

std::optional<Notice> notice_of(Context& context, const ParkedResult& parked) {
  if (!is_wanted(context, "parked")) return {};
  return Notice{.id = context.new_id<NoticeId>(),
                .event = "parked",
                .time = context.now(),
                .request_id = parked.command_id,
                .detail = "a result of zone " + parked.zone.str() + " was parked: " + parked.reason_code};
}

void Telling::tell_due(std::function<void()> done) {
  const auto room = most_at_once - under_way_;
  if (room <= 0 || !context_.notifier()) return done();
  const auto now = context_.now();
  context_.repository().claim_notices({now, now + hidden_for, room}, context_.back<Result<std::vector<WaitingNotice>>>(
                                                                         [this, done = std::move(done)](auto claimed) {
                                                                           if (claimed) {
                                                                             for (auto& waiting : *claimed)
                                                                               tell(std::move(waiting));
                                                                           }
                                                                           done();
                                                                         }));
}

void Telling::tell(WaitingNotice waiting) {
  ++under_way_;
  context_.reach("call-notifier", false);
  auto notice = waiting.notice;
  context_.notifier()->tell(
      std::move(notice), context_.back<Result<void>>([this, waiting = std::move(waiting)](const Result<void>& told) {
        context_.reach("call-notifier", true);
        SettleNotice settle{waiting.notice.id, {}, {}};
        const auto labels = "event=\"" + waiting.notice.event + "\"";
        if (told) {
          context_.metrics().count("backupctl_notices_total", labels);
        } else {
          context_.metrics().count("backupctl_notice_failures_total", labels);
          const auto& options = context_.options();
          if (told.error().retryable) {
            settle.error = told.error().detail;
            settle.retry_at = context_.now() + retry_delay(waiting.attempts, options.first_retry_delay,
                                                           options.max_retry_delay, context_.random());
          }
          context_.log(
              told.error().retryable ? LogLevel::warning : LogLevel::error,
              told.error().retryable ? "notice not told, tried again later" : "notice dropped: it cannot be told",
              {{"requestId", waiting.notice.request_id.to_string()}, {"error", told.error().detail}});
        }
        committer_.submit(std::move(settle), Patience::until_written, [this](const Outcome&) { --under_way_; });
      }));
}

}  // namespace backupctl::app
