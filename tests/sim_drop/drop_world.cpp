#include "sim_drop/drop_world.hpp"

#include <algorithm>

#include "sim/storm.hpp"

namespace backupctl::sim {
namespace {

constexpr Duration stormy_for = std::chrono::seconds(30);

}  // namespace

DropWorld::DropWorld(std::uint64_t seed)
    : all_(seed),
      jobs_(shop_),
      clients_(shop_, nodes_, zones_),
      writers_(all_,
               [this](const std::string& name, bool by_rename) {
                 for (const auto& host : hosts_) host->came(name, by_rename);
               }),
      model_(all_, writers_) {
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
    hosts_.push_back(std::make_unique<DropHost>(all_, *nodes_.back()));
  }
}

void DropWorld::plan_troubles() {
  auto& random = shop_.random;
  const auto some_time = [&] { return random.up_to(stormy_for); };
  const auto some_host = [&] {
    return static_cast<std::size_t>(random.below(static_cast<std::int64_t>(hosts_.size())));
  };
  const auto some_times = [&](int percent, const auto& plan) {
    if (!shop_.chance(percent)) return;
    for (auto times = 1 + random.below(3); times > 0; --times) plan();
  };
  some_times(40, [&] {
    shop_.time.at(some_time(), [this, host = some_host(), time = random.up_to(std::chrono::seconds(15))] {
      nodes_[host]->freeze(time);
    });
  });
  some_times(40, [&] {
    shop_.time.at(some_time(), [this, host = some_host(), away = random.up_to(std::chrono::seconds(10))] {
      hosts_[host]->stop_for(away);
    });
  });
  some_times(30, [&] { shop_.time.at(some_time(), [this] { cut_power(); }); });
  some_times(20, [&] {
    const auto from = some_time();
    shop_.time.at(from, [this] {
      shop_.note("folder-away");
      all_.folder.take_away();
    });
    shop_.time.at(from + random.up_to(std::chrono::seconds(8)), [this] {
      shop_.note("folder-back");
      all_.folder.bring_back();
    });
  });
}

// Everybody dies at once, and what was written and not synced is gone, all of it or in part.
void DropWorld::cut_power() {
  shop_.note("power-cut");
  for (const auto& host : hosts_) host->die();
  if (all_.folder.is_away()) return;
  const auto cut = [this](const fs::path& file) {
    const auto size = static_cast<std::int64_t>(fs::file_size(file));
    fs::resize_file(file, static_cast<std::uintmax_t>(shop_.random.below(size + 1)));
  };
  const auto files_in = [this](const char* folder) {
    std::vector<fs::path> files;
    std::error_code gone;
    for (fs::directory_iterator entry(all_.folder.in(folder), gone), end; !gone && entry != end;
         entry.increment(gone)) {
      files.push_back(entry->path());
    }
    std::sort(files.begin(), files.end());
    return files;
  };
  for (const auto& file : files_in("work")) {
    if (file.extension() == ".tmp") cut(file);
  }
  for (const auto& file : files_in("outbox")) {
    const auto name = file.string();
    constexpr std::string_view ending = ".status.jsonl";
    if (!name.ends_with(ending)) continue;
    // Before the end is there the status is made durable.
    if (!fs::exists(name.substr(0, name.size() - ending.size()) + ".end.json")) cut(file);
  }
}

void DropWorld::calm_down() {
  shop_.note("quiet");
  shop_.faults = {};
  all_.faults = {};
  all_.folder.bring_back();
  for (const auto& node : nodes_) node->thaw();
  complete_configurations();
  clients_.resume_zones();
}

void DropWorld::complete_configurations() {
  bool all = true;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i]->knows_every_zone()) continue;
    all = false;
    hosts_[i]->stop_for(Duration{0});
  }
  if (!all) shop_.time.after(std::chrono::seconds(1), [this] { complete_configurations(); });
}

DropReport DropWorld::run() {
  for (const auto& node : nodes_) node->start();
  for (const auto& host : hosts_) host->begin();
  writers_.plan(stormy_for);
  jobs_.change_until(stormy_for);
  plan_troubles();
  shop_.time.at(stormy_for, [this] { calm_down(); });
  run_to_the_end(shop_, stormy_for, [this] { return what_goes_on(); });
  if (shop_.model.violations().empty()) {
    shop_.model.ended();
    model_.ended();
  }
  return report();
}

// What still goes on; nothing when all is over.
std::string DropWorld::what_goes_on() {
  if (auto open = shop_.model.what_is_open(); !open.empty()) return open;
  if (shop_.store.survey(shop_.wall())->waiting_notices > 0) return "a notice waits";
  if (shop_.calls_under_way > 0) return "calls are under way";
  if (!writers_.are_done()) return "somebody still writes a file";
  if (auto open = model_.what_is_open(); !open.empty()) return open;
  for (const auto& zone : zones_) {
    if (!zone->is_idle()) return "zone " + zone->name().str() + " works, or has results that nobody took";
  }
  for (const auto& node : nodes_) {
    if (!node->is_up()) return "a controller is down";
  }
  return {};
}

DropReport DropWorld::report() const {
  DropReport report;
  report.violations = shop_.model.violations();
  report.trace = shop_.trace.hash();
  report.events = shop_.time.events_so_far();
  report.files = static_cast<std::int64_t>(writers_.files().size());
  report.requests = static_cast<std::int64_t>(shop_.store.requests().size());
  report.succeeded = static_cast<std::int64_t>(shop_.store.backups().size());
  for (const auto& host : hosts_) {
    for (std::size_t i = 0; i < report.crashes.size(); ++i) report.crashes[i] += host->crashes()[i];
  }
  return report;
}

}  // namespace backupctl::sim
