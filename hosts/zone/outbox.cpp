#include "zone/outbox.hpp"

#include <algorithm>

namespace backupctl::zone {

Duration retry_delay(const OutboxOptions& options, bool is_refused, std::int64_t attempts, std::uint64_t random) {
  const auto most = is_refused ? options.refused_delay : options.max_delay;
  auto delay = options.first_delay;
  for (std::int64_t i = 0; i < attempts && delay < most; ++i) delay *= 2;
  delay = std::min(delay, most);
  const auto half = delay.count() / 2;
  return Duration{half + static_cast<std::int64_t>(random % static_cast<std::uint64_t>(half + 1))};
}

Outbox::Outbox(Executor& executor, CommandStore& store, std::unique_ptr<Destination> destination, Clock& clock,
               Random& random, Logger& logger, Metrics& metrics, OutboxOptions options)
    : executor_(executor),
      store_(store),
      destination_(std::move(destination)),
      clock_(clock),
      random_(random),
      logger_(logger),
      metrics_(metrics),
      options_(options) {}

void Outbox::stop() { is_stopped_ = true; }

void Outbox::look() {
  if (is_stopped_) return;
  if (is_looking_) {
    look_again_ = true;
    return;
  }
  const auto room = options_.max_in_flight - in_flight_.size();
  if (room == 0) return;  // whatever ends next looks again
  is_looking_ = true;
  store_thread_.post([this, room, in_flight = in_flight_] {
    auto entries = store_.due(clock_.now(), room, in_flight);
    auto excluded = in_flight;
    if (entries) {
      for (const auto& entry : *entries) excluded.push_back(entry.command_id);
    }
    auto next = store_.next_due(excluded);
    executor_.post([this, entries = std::move(entries), next = std::move(next)]() mutable {
      is_looking_ = false;
      if (!entries || !next) {
        const auto& error = entries ? next.error() : entries.error();
        logger_.write(LogLevel::error, "outbox cannot be read", {{"code", error.code}, {"detail", error.detail}});
        return look_after(options_.first_delay);
      }
      found(*std::move(entries), *next);
    });
  });
}

void Outbox::found(std::vector<OutboxEntry> entries, std::optional<Timestamp> next_due) {
  if (is_stopped_) return;
  for (const auto& entry : entries) send(entry);
  // A wall clock that is set back must not keep results here for as long.
  if (next_due) look_after(std::clamp<Duration>(*next_due - clock_.now(), Duration{0}, options_.max_delay));
  if (std::exchange(look_again_, false)) look();
}

void Outbox::send(const OutboxEntry& entry) {
  in_flight_.push_back(entry.command_id);
  destination_->deliver(entry, [this, entry](const Delivery& delivery) { answered(entry, delivery); });
}

void Outbox::answered(const OutboxEntry& entry, const Delivery& delivery) {
  const auto id = entry.command_id;
  const bool is_delivered = delivery.outcome == Delivery::Outcome::taken;
  metrics_.count_delivery(is_delivered);
  if (is_delivered) {
    logger_.write(LogLevel::info, "result delivered", {{"requestId", id.to_string()}});
    // Left in the box it is delivered once more, which the result store can bear.
    return settle(id, [this, id] { return store_.delivered(id); });
  }
  const bool is_refused = delivery.outcome == Delivery::Outcome::refused;
  auto delay = retry_delay(options_, is_refused, entry.attempts, random_.next());
  delay = std::max(delay, delivery.not_before.value_or(Duration{0}));
  logger_.write(is_refused ? LogLevel::error : LogLevel::warning,
                is_refused ? "result refused, kept and tried again; somebody has to look" : "result not delivered yet",
                {{"requestId", id.to_string()},
                 {"attempt", entry.attempts + 1},
                 {"retryInMs", delay.count() / 1000},
                 {"detail", delivery.detail}});
  const auto until = clock_.now() + delay;
  settle(id, [this, id, until, detail = delivery.detail] { return store_.postpone(id, until, detail); });
}

// `write` runs on the store's thread; only then may the entry be seen as due again.
void Outbox::settle(RequestId id, std::function<Result<void>()> write) {
  store_thread_.post([this, id, write = std::move(write)] {
    const auto done = write();
    const auto delay = done ? Duration{0} : options_.max_delay;
    if (!done) {
      logger_.write(LogLevel::error, "outbox cannot be written",
                    {{"requestId", id.to_string()}, {"code", done.error().code}, {"detail", done.error().detail}});
    }
    executor_.post_after(delay, [this, id] {
      std::erase(in_flight_, id);
      look();
    });
  });
}

void Outbox::look_after(Duration delay) {
  const auto at = clock_.monotonic() + delay;
  if (timer_at_ && *timer_at_ <= at) return;
  timer_at_ = at;
  executor_.post_after(delay, [this, at] {
    if (timer_at_ != at) return;  // a sooner one was set
    timer_at_.reset();
    look();
  });
}

}  // namespace backupctl::zone
