#include "sim/world.hpp"

#include "sim/storm.hpp"

namespace backupctl::sim {
namespace {

constexpr Duration stormy_for = std::chrono::seconds(45);

}  // namespace

World::World(std::uint64_t seed) : shop_(seed), jobs_(shop_), clients_(shop_, nodes_, zones_) {
  const auto places = 1 + shop_.random.below(4);
  std::vector<SimZone*> zones;
  for (const auto* text : {"files", "tapes"}) {
    const auto name = ZoneName::parse(text).value();
    shop_.model.zone_is(name, places);
    zones_.push_back(std::make_unique<SimZone>(shop_, name, [this](ResultRecord record, Handler<bool> acknowledged) {
      clients_.deliver(std::move(record), std::move(acknowledged));
    }));
    zones.push_back(zones_.back().get());
  }
  shop_.model.clock_is(epoch, std::chrono::seconds(1));
  for (auto count = 1 + shop_.random.below(3); count > 0; --count) {
    nodes_.push_back(std::make_unique<SimNode>(shop_, jobs_, zones, places));
  }
}

void World::plan_troubles() {
  auto& random = shop_.random;
  const auto some_time = [&] { return random.up_to(stormy_for); };
  const auto some_node = [&] {
    return nodes_[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(nodes_.size())))].get();
  };
  if (shop_.chance(30)) {
    for (auto steps = 1 + random.below(3); steps > 0; --steps) {
      const auto by =
          shop_.chance(10) ? Duration{std::chrono::hours(1)} : Duration{std::chrono::seconds(random.below(120) - 60)};
      shop_.time.at(some_time(), [this, by] {
        shop_.note("clock-step");
        shop_.clock_offset += by;
        shop_.model.clock_is(epoch + shop_.clock_offset, std::chrono::seconds(1));
      });
    }
  }
  if (shop_.chance(40)) {
    for (auto freezes = 1 + random.below(3); freezes > 0; --freezes) {
      const auto time = random.up_to(std::chrono::seconds(15));
      shop_.time.at(some_time(), [node = some_node(), time] { node->freeze(time); });
    }
  }
  if (shop_.chance(40)) {
    for (auto stops = 1 + random.below(3); stops > 0; --stops) {
      const auto away = random.up_to(std::chrono::seconds(10));
      shop_.time.at(some_time(), [node = some_node(), away] { node->stop_for(away); });
    }
  }
}

void World::calm_down() {
  shop_.note("quiet");
  shop_.model.heads_exported();
  shop_.faults = {};
  for (const auto& node : nodes_) node->thaw();
  complete_configurations();
  clients_.resume_zones();
}

void World::complete_configurations() {
  bool all = true;
  for (const auto& node : nodes_) {
    if (node->knows_every_zone()) continue;
    all = false;
    node->stop_for(Duration{0});
  }
  if (!all) shop_.time.after(std::chrono::seconds(1), [this] { complete_configurations(); });
}

RunReport World::run() {
  for (const auto& node : nodes_) node->start();
  clients_.plan(stormy_for);
  jobs_.change_until(stormy_for);
  plan_troubles();
  shop_.time.at(stormy_for, [this] { calm_down(); });
  run_to_the_end(shop_, stormy_for, [this] { return what_goes_on(); });
  shop_.model.ended();
  return report();
}

// What still goes on; nothing when all is over.
std::string World::what_goes_on() {
  if (auto open = shop_.model.what_is_open(); !open.empty()) return open;
  if (shop_.store.survey(shop_.wall())->waiting_notices > 0) return "a notice waits";
  if (shop_.calls_under_way > 0) return "calls are under way";
  if (!clients_.are_content()) return "a caller waits for an answer";
  for (const auto& zone : zones_) {
    if (!zone->is_idle()) return "zone " + zone->name().str() + " works, or has results that nobody took";
  }
  for (const auto& node : nodes_) {
    if (!node->is_up()) return "a controller is down";
  }
  return {};
}

RunReport World::report() const {
  RunReport report;
  report.violations = shop_.model.violations();
  report.trace = shop_.trace.hash();
  report.events = shop_.time.events_so_far();
  report.requests = static_cast<std::int64_t>(shop_.store.requests().size());
  report.succeeded = static_cast<std::int64_t>(shop_.store.backups().size());
  report.adopted = shop_.model.times_audited("parked-result-adopted");
  report.imported = shop_.model.times_audited("backup-imported");
  report.parked = static_cast<std::int64_t>(shop_.store.parked().size());
  for (const auto& node : nodes_) {
    for (std::size_t i = 0; i < report.crashes.size(); ++i) report.crashes[i] += node->crashes()[i];
  }
  return report;
}

}  // namespace backupctl::sim
