#include "sim/sim_node.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace backupctl::sim {

SimNode::SimNode(Shop& shop, SimJobs& jobs, std::vector<SimZone*> zones, std::int64_t places)
    : shop_(shop),
      jobs_(jobs),
      zones_(std::move(zones)),
      places_(places),
      skew_(shop.chance(20) ? shop.random.up_to(std::chrono::seconds(2)) - std::chrono::seconds(1) : Duration{0}),
      repository_(shop) {}

SimNode::~SimNode() = default;

void SimNode::start() {
  std::vector<ControllerZone> zones;
  for (auto* zone : zones_) {
    if (shop_.chance(shop_.faults.zone_unknown)) continue;
    zones.push_back({zone->name(), *zone, places_, std::chrono::seconds(8)});
  }
  knows_every_zone_ = zones.size() == zones_.size();
  ControllerOptions options;
  options.lease = std::chrono::seconds(5);
  options.check_give_up_after = shop_.chance(50) ? std::chrono::minutes(10) : std::chrono::seconds(15);
  options.max_retry_delay = std::chrono::seconds(8);
  options.breaker_probe_every = std::chrono::seconds(2);
  options.poll_every = std::chrono::seconds(shop_.chance(50) ? 1 : 2);
  options.tie_audit_every = std::chrono::seconds(10);
  repository_.renew();
  shop_.note("start", knows_every_zone_ ? "" : "without a zone");
  controller_ = std::make_unique<Controller>(
      ControllerPorts{*this, *this, shop_.random, repository_, jobs_, std::move(zones), this, this, this}, options);
  controller_->async_start([this, born = life_](const Result<void>& started) {
    if (started || born != life_) return;
    shop_.note("start-failed");
    end_life(shop_.random.up_to(std::chrono::seconds(2)));
  });
}

// The controller is let go a moment later, since this may be called from inside of it.
void SimNode::end_life(Duration away) {
  ++life_;
  held_.clear();
  is_frozen_ = false;
  is_stopping_ = true;
  shop_.time.after(Duration{0}, [this] { controller_.reset(); });
  shop_.time.after(std::chrono::milliseconds(10) + away, [this] {
    is_stopping_ = false;
    start();
  });
}

void SimNode::stop_for(Duration away) {
  if (!is_up()) return;
  shop_.note("stop");
  is_stopping_ = true;
  const auto grace = shop_.random.up_to(std::chrono::seconds(4));
  controller_->async_stop(grace, [this, away, born = life_](const Result<void>& stopped) {
    if (born != life_) return;
    shop_.note("stopped", stopped ? "" : "with an error");
    if (stopped && repository_.user() && repository_.left_quietly()) shop_.model.stopped(*repository_.user());
    end_life(away);
  });
}

void SimNode::freeze(Duration time) {
  if (!is_up()) return;
  shop_.note("freeze");
  is_frozen_ = true;
  shop_.time.after(time, [this, born = life_] {
    if (born == life_) thaw();
  });
}

void SimNode::thaw() {
  if (!is_frozen_) return;
  shop_.note("thaw");
  is_frozen_ = false;
  const auto born = life_;
  for (const auto& task : std::exchange(held_, {})) {
    if (born == life_) run_now(task);
  }
}

void SimNode::run(std::uint64_t born, Task task) {
  if (born != life_ || !controller_) return;
  if (is_frozen_) {
    held_.push_back(std::move(task));
  } else {
    run_now(task);
  }
}

void SimNode::run_now(const Task& task) {
  try {
    task();
  } catch (const Crash&) {
    shop_.note("crash");
    end_life(some_while());
  }
}

void SimNode::die() {
  if (controller()) end_life(some_while());
}

Duration SimNode::some_while() { return shop_.random.up_to(std::chrono::seconds(shop_.chance(30) ? 12 : 1)); }

// In the order in which they were posted.
void SimNode::post(Task task) {
  last_post_ = std::max(last_post_, shop_.time.now() + shop_.random.up_to(std::chrono::microseconds(50)));
  shop_.time.at(last_post_, [this, born = life_, task = std::move(task)]() mutable { run(born, std::move(task)); });
}

void SimNode::post_after(Duration delay, Task task) {
  shop_.time.after(delay, [this, born = life_, task = std::move(task)]() mutable { run(born, std::move(task)); });
}

void SimNode::reach(std::string_view step, bool after) {
  shop_.note(step, after ? "after" : "before");
  const auto& faults = shop_.faults;
  if (faults.crash_per_thousand == 0 && faults.favourite_crash == 0) return;
  const auto index =
      static_cast<std::size_t>(std::find(fault_steps.begin(), fault_steps.end(), step) - fault_steps.begin());
  if (index == fault_steps.size()) return shop_.model.violation("a fault point without a name: " + std::string(step));
  const auto point = 2 * index + (after ? 1 : 0);
  const bool crash = shop_.random.below(1000) < faults.crash_per_thousand ||
                     (point == faults.favourite && shop_.chance(faults.favourite_crash));
  if (!crash) return;
  ++crashes_[point];
  throw Crash{};
}

// The mail server, which may take a notice and not say so.
void SimNode::tell(Notice notice, Handler<Result<void>> handler) {
  const bool lost = shop_.chance(shop_.faults.notifier_unavailable);
  if (!lost || shop_.chance(50)) shop_.model.told(notice);
  const auto slow = shop_.chance(shop_.faults.slow) ? std::chrono::milliseconds(5000) : std::chrono::milliseconds(20);
  shop_.time.after(shop_.random.up_to(slow), [lost, handler = std::move(handler)] {
    handler(lost ? Result<void>(unavailable("simulated: no mail server")) : Result<void>{});
  });
}

void SimNode::write(LogLevel, std::string_view message, std::initializer_list<LogField> fields) {
  std::string text;
  if (shop_.trace.is_shown()) {
    for (const auto& field : fields) {
      if (const auto* value = std::get_if<std::string>(&field.value)) text += " " + *value;
    }
  }
  shop_.note(message, {}, text);
}

}  // namespace backupctl::sim
