#include "sim/sim_zone.hpp"

#include <utility>

namespace backupctl::sim {

Duration SimZone::delay() {
  return random_.up_to(random_.chance(faults_.slow) ? std::chrono::milliseconds(2000) : std::chrono::milliseconds(20));
}

template <class Reply, class Act>
void SimZone::call(Act act, Reply lost, Handler<Reply> handler) {
  if (random_.chance(faults_.call_lost)) {
    time_.after(delay(), [lost, handler = std::move(handler)] { handler(lost); });
    return;
  }
  time_.after(delay(), [this, act = std::move(act), lost, handler = std::move(handler)]() mutable {
    auto reply = act();
    if (random_.chance(faults_.reply_lost)) reply = lost;
    time_.after(delay(), [reply = std::move(reply), handler = std::move(handler)] { handler(reply); });
  });
}

void SimZone::send(CreateBackupCommand command, Handler<SendReply> handler) {
  auto act = [this, id = command.id, fence = command.fence]() -> SendReply {
    auto& known = commands_[id];
    if (fence < known.fence) return {SendAnswer::stale_fence, "stale"};
    known.fence = fence;
    if (known.present) return {SendAnswer::known, {}};
    if (random_.chance(3)) return {SendAnswer::refused, "source-not-allowed"};
    known.present = true;
    known.finished = known.cancelled = known.acknowledged = false;
    known.result.reset();
    time_.after(random_.up_to(std::chrono::seconds(20)), [this, id] { run(id); });
    return {SendAnswer::accepted, {}};
  };
  call<SendReply>(std::move(act), {SendAnswer::unanswered, "simulated"}, std::move(handler));
}

void SimZone::run(RequestId id) {
  auto& known = commands_[id];
  if (!known.present || known.finished) return;
  if (random_.chance(faults_.zone_forgets)) {
    known.present = false;
    ++known.forgotten;
    return;
  }
  ++known.runs;
  finish(id, random_.chance(15) ? ResultCode::failed : ResultCode::succeeded);
}

void SimZone::finish(RequestId id, ResultCode code) {
  auto& known = commands_[id];
  known.finished = true;
  const auto now = epoch_ + time_.now();
  ZoneResult result{.command_id = id, .code = code, .zone = name_, .copy_start = now, .copy_end = now};
  if (code == ResultCode::succeeded) {
    result.storage_path = "store/" + id.to_string();
    result.byte_count = 42;
    result.verify_hash = "sha256:00";
  } else {
    result.reason_code = code == ResultCode::failed ? "source-missing" : "cancelled";
  }
  known.result = result;
  push(id);
  if (random_.chance(faults_.result_twice)) push(id);
}

// The outbox: again until it is acknowledged.
void SimZone::push(RequestId id) {
  time_.after(delay(), [this, id] {
    const auto& result = *commands_[id].result;
    const auto again = [this, id] { time_.after(std::chrono::seconds(1) + delay(), [this, id] { push(id); }); };
    if (random_.chance(faults_.result_lost)) return again();
    ResultRecord record{id, name_, describe(result), epoch_ + time_.now(), result, {}};
    deliver_(std::move(record), [this, id, again](bool acknowledged) {
      if (!acknowledged || random_.chance(faults_.reply_lost)) return again();
      commands_[id].acknowledged = true;
    });
  });
}

void SimZone::status(CallContext command, Handler<StatusReply> handler) {
  auto act = [this, id = command.request_id]() -> StatusReply {
    const auto found = commands_.find(id);
    if (found == commands_.end() || !found->second.present) return {CommandState::unknown, {}, {}, {}};
    if (!found->second.finished) return {CommandState::running, {}, {}, {}};
    return {CommandState::finished, {}, found->second.result, describe(*found->second.result)};
  };
  call<StatusReply>(std::move(act), {CommandState::unanswered, "simulated", {}, {}}, std::move(handler));
}

void SimZone::cancel(CallContext command, std::int64_t fence, Handler<CancelReply> handler) {
  auto act = [this, id = command.request_id, fence]() -> CancelReply {
    auto& known = commands_[id];
    if (fence < known.fence) return {CancelAnswer::stale_fence, "stale"};
    known.fence = fence;
    if (known.finished && !known.cancelled) return {CancelAnswer::finished, {}};
    if (!known.cancelled) {
      known.present = true;
      known.cancelled = true;
      finish(id, ResultCode::cancelled);
    }
    return {CancelAnswer::taken_up, {}};
  };
  call<CancelReply>(std::move(act), {CancelAnswer::unanswered, "simulated"}, std::move(handler));
}

}  // namespace backupctl::sim
