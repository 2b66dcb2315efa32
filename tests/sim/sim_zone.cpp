#include "sim/sim_zone.hpp"

#include <utility>

namespace backupctl::sim {
namespace {

constexpr Duration caller_gives_up = std::chrono::seconds(2);
constexpr Duration latest_arrival = std::chrono::seconds(25);
constexpr std::size_t page_items = 3;

}  // namespace

Duration SimZone::delay() {
  return shop_.random.up_to(shop_.chance(shop_.faults.slow) ? std::chrono::milliseconds(2000)
                                                            : std::chrono::milliseconds(20));
}

template <class Reply, class Act>
void SimZone::call(Act act, Reply lost, Handler<Reply> handler) {
  const auto& faults = shop_.faults;
  const auto hear_later = [this, &act](Duration most) {
    ++shop_.calls_under_way;
    shop_.time.after(shop_.random.up_to(most), [this, act] {
      --shop_.calls_under_way;
      static_cast<void>(act());
    });
  };
  const bool late = shop_.chance(faults.call_late);
  if (late || shop_.chance(faults.call_lost)) {
    if (late) hear_later(latest_arrival);
    shop_.time.after(late ? caller_gives_up : delay(), [lost, handler = std::move(handler)] { handler(lost); });
    return;
  }
  if (shop_.chance(faults.call_twice)) hear_later(shop_.chance(50) ? latest_arrival : std::chrono::milliseconds(20));
  shop_.time.after(delay(), [this, act = std::move(act), lost, handler = std::move(handler)]() mutable {
    auto reply = act();
    if (shop_.chance(shop_.faults.reply_lost)) reply = lost;
    shop_.time.after(delay(), [reply = std::move(reply), handler = std::move(handler)] { handler(reply); });
  });
}

void SimZone::send(CreateBackupCommand command, Handler<SendReply> handler) {
  shop_.model.send_called(command);
  auto act = [this, command = std::move(command)]() -> SendReply {
    shop_.model.send_arrived(name_, command);
    shop_.note("zone-hears", command.id.to_string());
    const bool wrong = shop_.chance(shop_.faults.wrong_answer);
    if (wrong && shop_.chance(50)) return wrong_send_answer(command.id);
    auto answer = hear(command);
    return wrong ? wrong_send_answer(command.id) : answer;
  };
  call<SendReply>(std::move(act), {SendAnswer::unanswered, "simulated"}, std::move(handler));
}

SendReply SimZone::hear(const CreateBackupCommand& command) {
  auto& known = commands_[command.id];
  if (command.fence < known.fence) return {SendAnswer::stale_fence, "stale"};
  known.fence = command.fence;
  if (known.present) return {SendAnswer::known, {}};
  if (shop_.chance(shop_.faults.zone_refuses)) {
    shop_.model.refused(command.id);
    return {SendAnswer::refused, "source-not-allowed"};
  }
  known.present = true;
  known.command = command;
  known.finished = known.cancelled = false;
  known.result.reset();
  ++running_;
  shop_.time.after(shop_.random.up_to(std::chrono::seconds(shop_.chance(shop_.faults.slow) ? 20 : 6)),
                   [this, id = command.id, nth = ++known.runs] { run(id, nth); });
  return {SendAnswer::accepted, {}};
}

SendReply SimZone::wrong_send_answer(RequestId id) {
  switch (shop_.random.below(5)) {
    case 0:
      return {SendAnswer::conflict, "simulated: 409"};
    case 1:
      return {SendAnswer::stale_fence, "simulated: 412"};
    case 2:
      shop_.model.refused(id);
      return {SendAnswer::refused, "simulated: 422"};
    case 3:
      return {SendAnswer::unauthorized, "simulated: 401"};
    default:
      return {SendAnswer::unanswered, "simulated: 429, 503, garbage"};
  }
}

void SimZone::run(RequestId id, std::int64_t nth) {
  --running_;
  auto& known = commands_[id];
  if (!known.present || known.finished || known.runs != nth) return;
  if (shop_.chance(shop_.faults.zone_forgets)) {
    known.present = false;
    return;
  }
  finish(id, shop_.chance(15) ? ResultCode::failed : ResultCode::succeeded);
}

ZoneResult SimZone::result_of(RequestId id, ResultCode code) const {
  const auto now = shop_.wall();
  ZoneResult result{.command_id = id, .code = code, .zone = name_, .copy_start = now, .copy_end = now};
  if (code == ResultCode::succeeded) {
    result.storage_path = "store/" + id.to_string();
    result.byte_count = now.time_since_epoch().count();  // no two copies are the same
    result.verify_hash = "sha256:00";
  } else {
    result.reason_code = code == ResultCode::failed ? "source-missing" : "cancelled";
  }
  return result;
}

// What is there afterwards is what the result tells of.
ZoneResult SimZone::do_command(RequestId id, ResultCode code) {
  const auto result = result_of(id, code);
  const auto& command = commands_[id].command;
  if (code == ResultCode::succeeded && command) {
    hold({id, command->job_id, command->data_as_of, command->source, result.storage_path, result.byte_count,
          result.verify_hash, *result.copy_end, name_});
  }
  return result;
}

void SimZone::hold(Manifest manifest) {
  shop_.model.holds(manifest);
  held_.insert_or_assign(manifest.backup_request_id, std::move(manifest));
}

void SimZone::finish(RequestId id, ResultCode code) {
  auto& known = commands_[id];
  known.finished = true;
  known.result = do_command(id, code);
  shop_.note("zone-finishes", to_string(code));
  leave(*known.result);
  if (shop_.chance(shop_.faults.result_twice)) leave(*known.result);
  if (!shop_.chance(shop_.faults.zone_contradicts)) return;
  ++running_;
  shop_.time.after(shop_.random.up_to(std::chrono::seconds(10)), [this, id] {
    --running_;
    const ResultCode codes[] = {ResultCode::succeeded, ResultCode::failed, ResultCode::cancelled};
    shop_.note("zone-contradicts");
    leave(do_command(id, codes[shop_.random.below(3)]));
  });
}

void SimZone::leave(const ZoneResult& result) {
  leave_result({result.command_id, name_, describe(result), shop_.wall(), result, {}});
}

void SimZone::leave_result(ResultRecord record) {
  ++outbox_;
  push(record);
}

// The outbox: again until it is acknowledged.
void SimZone::push(const ResultRecord& record) {
  shop_.time.after(delay(), [this, record] {
    const auto again = [this, record] {
      shop_.time.after(std::chrono::seconds(1) + delay(), [this, record] { push(record); });
    };
    if (shop_.chance(shop_.faults.result_lost)) return again();
    auto delivered = record;
    delivered.received = shop_.wall();
    deliver_(std::move(delivered), [this, record, again](bool acknowledged) {
      if (acknowledged) shop_.model.acknowledged(record);
      if (!acknowledged || shop_.chance(shop_.faults.reply_lost)) return again();
      --outbox_;
    });
  });
}

void SimZone::status(CallContext command, Handler<StatusReply> handler) {
  auto act = [this, id = command.request_id]() -> StatusReply {
    const auto found = commands_.find(id);
    const bool known = found != commands_.end() && found->second.present;
    if (shop_.chance(shop_.faults.wrong_answer)) {
      switch (shop_.random.below(5)) {
        case 0:
          return {CommandState::unknown, {}, {}, {}};
        case 1:
          return {CommandState::running, {}, {}, {}};
        case 2:
          return {CommandState::finished, {}, {}, {}};
        case 3:
          return {CommandState::unauthorized, "simulated: 403", {}, {}};
        default:
          return {CommandState::unanswered, "simulated: garbage", {}, {}};
      }
    }
    if (!known) return {CommandState::unknown, {}, {}, {}};
    if (!found->second.finished) return {CommandState::running, {}, {}, {}};
    const auto& result = *found->second.result;
    shop_.model.delivered({id, result.zone, describe(result), shop_.wall(), result, {}});
    return {CommandState::finished, {}, result, describe(result)};
  };
  call<StatusReply>(std::move(act), {CommandState::unanswered, "simulated", {}, {}}, std::move(handler));
}

void SimZone::list(std::string cursor, Handler<Result<ManifestList>> handler) {
  auto act = [this, cursor = std::move(cursor)]() -> Result<ManifestList> {
    if (shop_.chance(shop_.faults.wrong_answer)) return Error{ErrorKind::invalid, "simulated: cannot tell"};
    ManifestList page;
    auto at = cursor.empty() ? held_.begin() : held_.upper_bound(RequestId::parse(cursor).value());
    for (; at != held_.end() && page.items.size() < page_items; ++at) page.items.push_back(at->second);
    if (at != held_.end()) page.next_cursor = page.items.back().backup_request_id.to_string();
    return page;
  };
  call<Result<ManifestList>>(std::move(act), unavailable("simulated"), std::move(handler));
}

void SimZone::cancel(CallContext command, std::int64_t fence, Handler<CancelReply> handler) {
  auto act = [this, id = command.request_id, fence]() -> CancelReply {
    shop_.model.cancel_arrived(id, fence);
    if (shop_.chance(shop_.faults.wrong_answer)) {
      const CancelAnswer answers[] = {CancelAnswer::finished, CancelAnswer::stale_fence, CancelAnswer::unauthorized,
                                      CancelAnswer::unanswered};
      return {answers[shop_.random.below(4)], "simulated"};
    }
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
