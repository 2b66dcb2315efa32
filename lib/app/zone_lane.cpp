#include "app/zone_lane.hpp"

#include <algorithm>
#include <utility>

#include "app/notices.hpp"
#include "app/retry_delay.hpp"

namespace backupctl::app {
namespace {

constexpr std::size_t most_answered_remembered = 10'000;

CallContext context_of(const BackupRequest& row) { return {row.order.id, row.order.traceparent}; }

std::string zone_says(const std::string& zone, const std::string& what, const std::string& detail) {
  return "zone " + zone + ": " + what + (detail.empty() ? "" : ": " + detail);
}

}  // namespace

ZoneLane::ZoneLane(Context& context, Committer& committer, Amender& amender, const ControllerZone& zone,
                   std::function<void(ResultRecord)> take_result, std::function<void(RequestId)> expect_result)
    : context_(context),
      committer_(committer),
      amender_(amender),
      zone_(zone),
      take_result_(std::move(take_result)),
      expect_result_(std::move(expect_result)),
      breaker_(context.options().breaker_failures, context.options().breaker_probe_every) {}

template <class Event>
void ZoneLane::amend_mine(const BackupRequest& row, Event event) {
  auto decider = [this, fence = row.progress.fence, knew_of_cancel = row.progress.cancel_asked.has_value(),
                  event = std::move(event)](const BackupRequest& now) -> std::optional<ChangeRequest> {
    if (now.progress.owner != context_.self() || now.progress.fence != fence) return {};
    auto decision = decide(now, event, context_.now());
    if (!decision) return {};
    // A cancel that came during the call is for the zone to hear next, not when the row would have waited for.
    auto& next = decision->next;
    if (next.cancel_asked && !knew_of_cancel && next.next_action) next.next_action = context_.now();
    auto change = change_of(now, std::move(*decision));
    change.notice = notice_of(context_, now, change.next);
    return change;
  };
  amender_.amend(row, std::move(decider), [this, fence = row.progress.fence](const Amended& amended) {
    hand_back_if_mine(context_, committer_, amended, fence);
  });
}

void ZoneLane::remember_answered(const BackupRequest& row) {
  if (!row.progress.responded) return;
  if (answered_.size() >= most_answered_remembered) answered_.clear();
  answered_.insert_or_assign(row.order.id, *row.progress.responded);
}

void ZoneLane::send(BackupRequest row) {
  if (const auto known = answered_.find(row.order.id); known != answered_.end()) {
    if (!row.progress.responded) row.progress.responded = known->second;
    answered_.erase(known);
  }
  if (row.progress.cancel_asked) return cancel(std::move(row));
  call_send(row, [this, row](const SendReply& reply) { on_send_reply(row, reply); });
}

void ZoneLane::call_send(const BackupRequest& row, Handler<SendReply> handler) {
  const auto& terms = *row.progress.terms;
  ++calls_;
  expect_result_(row.order.id);
  context_.reach("call-zone-send", false);
  zone_.client.send({row.order.id, row.progress.fence, row.order.job_id, row.order.source, terms.storage_path,
                     row.order.data_as_of, row.order.traceparent},
                    context_.back<SendReply>([this, handler = std::move(handler)](const SendReply& reply) {
                      --calls_;
                      context_.reach("call-zone-send", true);
                      handler(reply);
                    }));
}

void ZoneLane::on_send_reply(const BackupRequest& row, const SendReply& reply) {
  const auto& name = zone_.name.str();
  switch (reply.answer) {
    case SendAnswer::accepted:
    case SendAnswer::known:
      note_answered();
      return amend_mine(row, SendAccepted{context_.now() + zone_.result_due});
    case SendAnswer::refused:
      note_answered();
      return amend_mine(row, SendRefused{reply.detail});
    case SendAnswer::conflict:
      note_answered();
      park_conflict(row, reply.detail);
      return delay(row, zone_says(name, "knows this command with another content", reply.detail),
                   context_.options().max_retry_delay);
    case SendAnswer::stale_fence:
      // Another controller has it. Should the row nevertheless be ours (a store restored from an older copy), it is
      // handed back, and each new claim brings a higher fence.
      note_answered();
      return delay(row, zone_says(name, "has seen a higher fence", reply.detail),
                   retry_wait(row.progress.send_attempts));
    case SendAnswer::unauthorized:
    case SendAnswer::unanswered:
      note_unanswered("send", reply.detail, reply.answer == SendAnswer::unauthorized);
      return delay(row, zone_says(name, "no answer to the command", reply.detail),
                   retry_wait(row.progress.send_attempts));
  }
}

void ZoneLane::follow(BackupRequest row) {
  if (row.progress.cancel_asked) return cancel(std::move(row));
  ask(std::move(row));
}

void ZoneLane::ask(BackupRequest row) {
  ++calls_;
  context_.reach("call-zone-status", false);
  zone_.client.status(context_of(row), context_.back<StatusReply>([this, row](const StatusReply& reply) {
    --calls_;
    context_.reach("call-zone-status", true);
    on_status_reply(row, reply);
  }));
}

void ZoneLane::on_status_reply(const BackupRequest& row, const StatusReply& reply) {
  const auto& name = zone_.name.str();
  const auto again = context_.now() + follow_wait(row);
  switch (reply.state) {
    case CommandState::accepted:
    case CommandState::running:
      note_answered();
      return look_again(row, "overdue: zone " + name + " still works on it", again);
    case CommandState::finished:
      note_answered();
      if (reply.result) {
        take_result_({row.order.id,
                      zone_.name,
                      reply.body.empty() ? describe(*reply.result) : reply.body,
                      context_.now(),
                      reply.result,
                      {}});
      }
      return look_again(row, "overdue: zone " + name + " has finished it, its result is on the way", again);
    case CommandState::unknown:
      note_answered();
      return send_again(row);
    case CommandState::unauthorized:
    case CommandState::unanswered:
      note_unanswered("status", reply.detail, reply.state == CommandState::unauthorized);
      return look_again(row, zone_says(name, "overdue, no answer when asked", reply.detail), again);
  }
}

// The zone itself has said that it does not know the command: the only case in which a Sent request is sent again.
void ZoneLane::send_again(BackupRequest row) {
  context_.log(LogLevel::warning, "zone has forgotten a command, sending it again",
               {{"requestId", row.order.id.to_string()}, {"zone", zone_.name.str()}});
  call_send(row, [this, row](const SendReply& reply) {
    const auto again = context_.now() + follow_wait(row);
    switch (reply.answer) {
      case SendAnswer::accepted:
      case SendAnswer::known:
        note_answered();
        return look_again(row, "sent again: the zone had forgotten it", context_.now() + zone_.result_due, true);
      case SendAnswer::refused:
        note_answered();
        return amend_mine(row, SendRefused{reply.detail});
      case SendAnswer::conflict:
        note_answered();
        park_conflict(row, reply.detail);
        return look_again(row, zone_says(zone_.name.str(), "knows this command with another content", reply.detail),
                          context_.now() + context_.options().max_retry_delay, true);
      case SendAnswer::stale_fence:
        note_answered();
        return look_again(row, zone_says(zone_.name.str(), "has seen a higher fence", reply.detail), again);
      case SendAnswer::unauthorized:
      case SendAnswer::unanswered:
        note_unanswered("send", reply.detail, reply.answer == SendAnswer::unauthorized);
        return look_again(row, zone_says(zone_.name.str(), "no answer to the command", reply.detail), again, true);
    }
  });
}

void ZoneLane::cancel(BackupRequest row) {
  ++calls_;
  context_.reach("call-zone-cancel", false);
  auto on_reply = [this, row](const CancelReply& reply) {
    --calls_;
    context_.reach("call-zone-cancel", true);
    const auto& name = zone_.name.str();
    std::string why;
    switch (reply.answer) {
      case CancelAnswer::taken_up:
        why = "cancel asked: waiting for the result of zone " + name;
        break;
      case CancelAnswer::finished:
        why = "cancel asked, but zone " + name + " has finished it";
        break;
      case CancelAnswer::stale_fence:
        why = zone_says(name, "has seen a higher fence", reply.detail);
        break;
      case CancelAnswer::unauthorized:
      case CancelAnswer::unanswered:
        why = zone_says(name, "no answer to the cancel", reply.detail);
        break;
    }
    const bool answered = reply.answer != CancelAnswer::unanswered && reply.answer != CancelAnswer::unauthorized;
    if (answered) {
      note_answered();
    } else {
      note_unanswered("cancel", reply.detail, reply.answer == CancelAnswer::unauthorized);
    }
    if (row.progress.state != RequestState::sent) return delay(row, why, follow_wait(row));
    // A finished command has a result, which the zone tells when asked should it not have come by itself.
    if (reply.answer == CancelAnswer::finished) return ask(row);
    look_again(row, why, context_.now() + follow_wait(row));
  };
  zone_.client.cancel(context_of(row), row.progress.fence, context_.back<CancelReply>(std::move(on_reply)));
}

void ZoneLane::look_again(const BackupRequest& row, std::string why, Timestamp at, bool sent_again) {
  amend_mine(row, FollowUp{std::move(why), at, sent_again});
}

void ZoneLane::delay(const BackupRequest& row, std::string why, Duration wait) {
  amend_mine(row, SendDelayed{std::move(why), context_.now() + wait});
}

void ZoneLane::park_conflict(const BackupRequest& row, const std::string& detail) {
  // Both contents, for a person to see. One entry a request: its id is the request's.
  const std::string body = "sent: " + row.order.source.str() + " as of " + row.order.data_as_of.to_string() +
                           " for job " + row.order.job_id.to_string() + "\nzone: " + detail;
  ParkedResult parked{
      ParkedResultId{row.order.id.uuid()}, row.order.id, zone_.name, "conflicting-command", context_.now(), body};
  auto notice = notice_of(context_, parked);
  committer_.submit(Park{std::move(parked), std::move(notice)}, Patience::until_written, [](const Outcome&) {});
}

void ZoneLane::note_answered() { breaker_.succeeded(); }

void ZoneLane::note_unanswered(const std::string& what, const std::string& detail, bool unauthorized) {
  breaker_.failed(context_.monotonic(), detail, unauthorized);
  context_.log(unauthorized ? LogLevel::error : LogLevel::warning,
               unauthorized ? "zone does not accept our credentials: check its tokenFile" : "zone did not answer",
               {{"zone", zone_.name.str()}, {"call", what}, {"error", detail}});
}

Duration ZoneLane::retry_wait(std::int64_t attempts) {
  return retry_delay(attempts, context_.options().first_retry_delay, context_.options().max_retry_delay,
                     context_.random());
}

// Asked again the sooner, the shorter it has been overdue or asked to be cancelled.
Duration ZoneLane::follow_wait(const BackupRequest& row) {
  const auto since = row.progress.cancel_asked ? row.progress.cancel_asked : row.progress.result_due;
  const auto waited = since ? context_.now() - *since : Duration{0};
  return std::clamp<Duration>(waited, context_.options().first_retry_delay, context_.options().max_retry_delay);
}

}  // namespace backupctl::app
