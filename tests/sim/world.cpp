#include "sim/world.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

namespace backupctl::sim {
namespace {

constexpr Timestamp epoch{std::chrono::seconds(1'790'000'000)};
constexpr Duration stormy_for = std::chrono::minutes(2);
constexpr Duration quiet_for = std::chrono::minutes(40);
constexpr int submissions = 14;

ZoneName zone_name(const std::string& text) { return ZoneName::parse(text).value(); }

BackupJob make_job(std::uint8_t number, const std::string& zone) {
  boost::uuids::uuid uuid{};
  uuid.data[15] = number;
  return {.id = JobId{uuid},
          .name = "job",
          .approval = number == 3 ? ApprovalState::suspended : ApprovalState::approved,
          .zone = zone_name(zone),
          .storage_path = "path",
          .days_to_keep = 30,
          .allowed_requesters = {"client"},
          .source_roots = {"/data"}};
}

Act operator_act() { return {OwnerName::parse("operator").value(), "simulated"}; }

bool may_follow(RequestState from, RequestState to) {
  using S = RequestState;
  switch (from) {
    case S::received:
      return to == S::allowed || to == S::not_allowed || to == S::cancelled;
    case S::allowed:
      return to == S::sent || to == S::cancelled;
    case S::sent:
      return to == S::succeeded || to == S::failed || to == S::cancelled;
    case S::failed:
    case S::cancelled:
      return to == S::succeeded;
    case S::not_allowed:
    case S::succeeded:
      return false;
  }
  return false;
}

}  // namespace

class World::Jobs final : public JobClient {
 public:
  explicit Jobs(World& world) : world_(world) {}
  void fetch(JobId id, CallContext, Handler<Result<std::optional<BackupJob>>> handler) override {
    const auto delay = world_.random_.up_to(std::chrono::milliseconds(10));
    const bool lost = world_.random_.chance(world_.faults_.job_unavailable);
    world_.time_.after(delay, [this, id, lost, handler = std::move(handler)] {
      if (lost) return handler(unavailable("simulated: the job service is away"));
      for (const auto& job : list_) {
        if (job.id == id) return handler(std::optional(job));
      }
      handler(std::optional<BackupJob>{});
    });
  }
  const std::vector<BackupJob>& list() const { return list_; }

 private:
  World& world_;
  std::vector<BackupJob> list_{make_job(1, "files"), make_job(2, "tapes"), make_job(3, "files")};
};

// One controller process: what lives and dies together.
struct World::Node final : Executor, Clock, FaultPoints, Logger {
  World& world;
  std::uint64_t life = 0;  // events of an earlier life do nothing
  SimRepository repository;
  std::unique_ptr<Controller> controller;
  Duration last_post{};

  explicit Node(World& owner) : world(owner), repository(owner.time_, owner.random_, owner.faults_, owner.store_) {}

  void run(const Task& task) {
    try {
      task();
    } catch (const Crash&) {
      world.crash(*this);
    }
  }
  void post(Task task) override {
    last_post = std::max(last_post, world.time_.now() + world.random_.up_to(std::chrono::microseconds(50)));
    world.time_.at(last_post, [this, born = life, task = std::move(task)] {
      if (born == life && controller) run(task);
    });
  }
  void post_after(Duration delay, Task task) override {
    world.time_.after(delay, [this, born = life, task = std::move(task)] {
      if (born == life && controller) run(task);
    });
  }
  Timestamp now() override { return epoch + world.time_.now() + world.wall_offset_; }
  Duration monotonic() override { return world.time_.now(); }
  void write(LogLevel, std::string_view message, std::initializer_list<LogField> fields) override {
    std::string text;
    for (const auto& field : fields) {
      if (const auto* value = std::get_if<std::string>(&field.value)) text += " " + *value;
    }
    world.note(message, text);
  }
  void reach(std::string_view step, bool after) override {
    world.note(step, after ? "after" : "before");
    if (world.random_.below(1000) < world.faults_.crash_per_thousand) throw Crash{};
  }
};

World::World(std::uint64_t seed) : random_(seed), jobs_(std::make_unique<Jobs>(*this)) {
  const auto level = [this](std::int64_t most) {
    return static_cast<int>(random_.chance(50) ? random_.below(most + 1) : 0);
  };
  faults_ = {.crash_per_thousand = level(30),
             .store_failed = level(10),
             .store_unknown_applied = level(10),
             .store_unknown_not = level(10),
             .read_failed = level(10),
             .job_unavailable = level(50),
             .call_lost = level(40),
             .reply_lost = level(40),
             .zone_forgets = level(20),
             .result_twice = level(50),
             .result_lost = level(40),
             .slow = level(30)};
  max_in_flight_ = 1 + random_.below(4);
  const auto deliver = [this](ResultRecord record, Handler<bool> handler) {
    auto* node = some_live_node();
    if (!node) return handler(false);
    auto open = std::make_shared<bool>(true);
    handler = [open, handler = std::move(handler)](bool acknowledged) {
      if (std::exchange(*open, false)) handler(acknowledged);
    };
    node->controller->async_put_result(std::move(record),
                                       [handler](const Result<void>& kept) { handler(kept.has_value()); });
    // A controller that dies now never answers: the zone's own time-out.
    time_.after(std::chrono::seconds(3), [handler] { handler(false); });
  };
  for (const auto* name : {"files", "tapes"}) {
    zones_.push_back(std::make_unique<SimZone>(time_, random_, faults_, zone_name(name), epoch, deliver));
  }
  const auto count = 1 + random_.below(3);
  for (std::int64_t i = 0; i < count; ++i) nodes_.push_back(std::make_unique<Node>(*this));
}

World::~World() = default;

void World::start(Node& node) {
  std::vector<ControllerZone> zones;
  const char* names[] = {"files", "tapes"};
  for (std::size_t i = 0; i < zones_.size(); ++i) {
    zones.push_back({zone_name(names[i]), *zones_[i], max_in_flight_, std::chrono::seconds(30)});
  }
  ControllerOptions options;
  options.check_give_up_after = std::chrono::minutes(10);
  options.max_retry_delay = std::chrono::seconds(30);
  node.controller = std::make_unique<Controller>(
      ControllerPorts{node, node, random_, node.repository, *jobs_, std::move(zones), &node, &node}, options);
  node.controller->async_start([this, &node, born = node.life](const Result<void>& started) {
    if (started || born != node.life) return;
    note("start-failed");
    crash(node);
  });
}

void World::crash(Node& node) {
  note("crash");
  ++outcome_.crashes;
  ++node.life;
  time_.after(Duration{0}, [this, &node] { node.controller.reset(); });
  time_.after(std::chrono::milliseconds(100) + random_.up_to(std::chrono::seconds(20)), [this, &node] { start(node); });
}

World::Node* World::some_live_node() {
  std::vector<Node*> live;
  for (const auto& node : nodes_) {
    if (node->controller) live.push_back(node.get());
  }
  return live.empty() ? nullptr : live[static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(live.size())))];
}

void World::submit_some() {
  for (int i = 0; i < submissions; ++i) {
    boost::uuids::uuid job{};
    job.data[15] = static_cast<std::uint8_t>(1 + random_.below(random_.chance(10) ? 4 : 2));
    Submission submission{.job_id = JobId{job},
                          .source = SourcePath::parse(random_.chance(5) ? "/elsewhere/x" : "/data/x").value(),
                          .data_as_of = CivilDate::from_days(20'000),
                          .requester = OwnerName::parse("client").value(),
                          .respond_async = random_.chance(20)};
    if (random_.chance(60))
      submission.key = IdempotencyKey::parse("key-" + std::to_string(random_.below(submissions))).value();
    time_.at(random_.up_to(stormy_for), [this, submission] { submit(submission, 5); });
  }
}

// A client that tries again under its key until it is answered.
void World::submit(Submission submission, int tries_left) {
  auto* node = some_live_node();
  const auto again = [this, submission, tries_left] {
    if (!submission.key || tries_left == 0) return;
    time_.after(random_.up_to(std::chrono::seconds(10)),
                [this, submission, tries_left] { submit(submission, tries_left - 1); });
  };
  if (!node) return again();
  node->controller->async_submit(submission, [this, submission, again](const SubmitReply& reply) {
    note("answered", reply.error ? reply.error->code : "ok");
    if (reply.request && (!reply.error || reply.error->code != "idempotency-key-reused")) {
      acknowledged_.push_back({reply.request->order.id,
                               submission.key
                                   ? submission.key->str() + submission.source.str() + submission.job_id.to_string()
                                   : std::string()});
    }
    if (reply.error && reply.error->retryable) again();
  });
}

void World::cancel_some() {
  for (int i = 0; i < 3; ++i) {
    time_.at(random_.up_to(stormy_for), [this] {
      auto* node = some_live_node();
      if (!node || acknowledged_.empty()) return;
      const auto& ack =
          acknowledged_[static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(acknowledged_.size())))];
      node->controller->async_cancel(ack.id, operator_act(), [this](const Result<BackupRequest>& row) {
        note("cancelled", row ? to_string(row->progress.state) : "error");
      });
    });
  }
}

void World::pause_some() {
  if (!random_.chance(30)) return;
  const auto from = random_.up_to(stormy_for);
  time_.at(from, [this] {
    if (auto* node = some_live_node())
      node->controller->async_pause_zone(zone_name("files"), true, operator_act(), [](const auto&) {});
  });
}

void World::step_clock() {
  if (!random_.chance(30)) return;
  time_.at(random_.up_to(stormy_for), [this] {
    wall_offset_ += std::chrono::seconds(random_.below(240) - 120);
    note("clock-step");
  });
}

void World::calm_down() {
  note("quiet");
  faults_ = {};
  // An operator resumes what is paused; tried again until somebody takes it.
  if (auto* node = some_live_node()) {
    node->controller->async_pause_zone(zone_name("files"), false, operator_act(), [](const auto&) {});
  }
  time_.after(std::chrono::minutes(1), [this] {
    if (auto* node = some_live_node())
      node->controller->async_pause_zone(zone_name("files"), false, operator_act(), [](const auto&) {});
  });
}

Outcome World::run() {
  for (const auto& node : nodes_) start(*node);
  submit_some();
  cancel_some();
  pause_some();
  step_clock();
  time_.at(stormy_for, [this] { calm_down(); });
  while (!time_.is_empty() && time_.next_at() < stormy_for + quiet_for && outcome_.violations.empty()) {
    time_.run_one();
    check_always();
    if (time_.now() > stormy_for + std::chrono::seconds(90) && is_all_over()) break;
  }
  if (outcome_.violations.empty()) check_end();
  return outcome_;
}

bool World::is_all_over() {
  const auto survey = store_.survey();
  return survey->waiting_results == 0 &&
         std::all_of(store_.requests().begin(), store_.requests().end(),
                     [](const auto& row) { return is_terminal(row.second.progress.state); });
}

void World::check_always() {
  const auto survey = store_.survey();
  if (survey->rows_without_next_step != 0) violation("a row has neither an owner nor a next action");
  for (const auto& zone : survey->zones) {
    if (zone.in_flight > max_in_flight_)
      violation("more commands in flight than zone " + zone.zone.str() + " has places");
  }
  for (const auto& [id, row] : store_.requests()) {
    const auto state = row.progress.state;
    const auto [at, fresh] = last_states_.try_emplace(id, state);
    if (fresh || at->second == state) continue;
    const auto history = store_.history(id).value();
    for (std::size_t i = 1; i < history.size(); ++i) {
      if (!may_follow(history[i - 1].state, history[i].state)) violation("a forbidden transition of " + id.to_string());
      if (history[i].time < history[i - 1].time) violation("time ran backwards for " + id.to_string());
    }
    if (history.back().state != state) violation("the history does not end with the state of " + id.to_string());
    at->second = state;
  }
}

void World::check_end() {
  std::map<RequestId, std::int64_t> backups;
  for (const auto& [id, backup] : store_.backups()) ++backups[backup.request_id];
  for (const auto& [id, row] : store_.requests()) {
    const auto& p = row.progress;
    const auto name = id.to_string() + " (" + std::string(to_string(p.state)) + ", owner " +
                      (p.owner ? p.owner->to_string() : "none") + ", fence " + std::to_string(p.fence) + ", sends " +
                      std::to_string(p.send_attempts) + ", last error: " + p.last_error + ")";
    ++outcome_.requests;
    if (!is_terminal(p.state)) violation("not ended in the quiet phase: " + name);
    if (p.owner) violation("ended, but owned: " + name);
    const bool succeeded = p.state == RequestState::succeeded;
    if (succeeded) ++outcome_.succeeded;
    if (backups[id] != (succeeded ? 1 : 0)) violation("wrong number of backups for " + name);
    if (succeeded && !(p.checked && p.responded && p.sent && p.result_received && p.result_recorded))
      violation("a time is missing: " + name);
    const auto ordered = [](auto a, auto b) { return !a || !b || *a <= *b; };
    if (!ordered(p.checked, p.sent) || !ordered(p.sent, p.result_received) ||
        !ordered(p.result_received, p.result_recorded) || (p.checked && *p.checked < row.order.received) ||
        (p.responded && *p.responded < row.order.received)) {
      violation("times out of order: " + name);
    }
  }
  for (const auto& zone : zones_) {
    for (const auto& [id, known] : zone->commands()) {
      if (known.runs > 1 + known.forgotten) violation("the zone ran a command twice: " + id.to_string());
      const auto row = store_.requests().find(id);
      if (row == store_.requests().end()) {
        violation("the zone has a command of no request: " + id.to_string());
      } else if (known.present && known.result && known.result->code == ResultCode::succeeded &&
                 row->second.progress.state != RequestState::succeeded) {
        violation("a success was lost: " + id.to_string());
      }
    }
  }
  std::map<std::string, RequestId> by_key;
  for (const auto& ack : acknowledged_) {
    if (!store_.requests().contains(ack.id)) violation("acknowledged, but not there: " + ack.id.to_string());
    if (ack.key.empty()) continue;
    const auto [at, fresh] = by_key.try_emplace(ack.key, ack.id);
    if (!fresh && at->second != ack.id) violation("one key made two requests: " + ack.key);
  }
  if (store_.survey()->waiting_results != 0) violation("results still wait");
}

void World::note(std::string_view what, std::string_view detail) {
  static const bool is_shown = std::getenv("BACKUPCTL_SIM_TRACE") != nullptr;
  if (is_shown) {
    std::printf("%s %.*s %.*s\n", to_string(epoch + time_.now()).c_str(), static_cast<int>(what.size()), what.data(),
                static_cast<int>(detail.size()), detail.data());
  }
  const auto mix = [this](std::string_view text) {
    for (const unsigned char c : text) outcome_.trace = (outcome_.trace ^ c) * 0x100000001B3u;
  };
  mix(what);
  mix(detail);
  mix(std::to_string(time_.now().count()));
}

void World::violation(std::string text) {
  outcome_.violations.push_back(to_string(time_.now()) + ": " + std::move(text));
}

}  // namespace backupctl::sim
