#include "sim_drop/drop_host.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <utility>

namespace backupctl::sim {
namespace {

// While it lives, this process cannot write a file beyond so many bytes: all that a full disk is to whoever writes.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit full{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &full);
  }
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

DropHost::~DropHost() = default;

void DropHost::plan(Duration delay) {
  shop_.time.after(delay, [this, mine = ++planned_] {
    if (mine == planned_) turn();
  });
}

void DropHost::let_go() {
  drop_.reset();
  requests_.reset();
  arrivals_.clear();
  stop_by_.reset();
}

void DropHost::die() {
  let_go();
  node_.die();
}

void DropHost::stop_for(Duration away) {
  if (!node_.is_up() || stop_by_) return;
  if (!drop_) return node_.stop_for(away);
  shop_.note("drop-stop");
  away_ = away;
  stop_by_ = shop_.time.now() + shop_.random.up_to(std::chrono::seconds(4));
  drop_->stop_taking();
}

void DropHost::came(const std::string& name, bool by_rename) {
  if (!drop_ || born_ != node_.life() || !node_.is_up() || shop_.chance(all_.faults.unseen)) return;
  arrivals_.emplace_back(name, by_rename);
  plan(Duration{0});
}

bool DropHost::start() {
  if (all_.folder.is_away()) return false;
  born_ = node_.life();
  requests_ = std::make_unique<filedrop::ControllerRequests>(*node_.controller(), node_.executor());
  auto mailbox = std::make_shared<filedrop::Mailbox>([this] { plan(Duration{0}); });
  filedrop::FileDropOptions options;
  options.folder = all_.folder.drop();
  options.trusted = {own_user_name()};
  options.keep_for = std::chrono::hours(24 * 36500);  // the files' times are real, ours are not
  drop_ = std::make_unique<filedrop::Drop>(options, filedrop::DropPorts{*this, *this, shop_.random, *this, this},
                                           std::move(mailbox));
  if (drop_->open()) return true;
  shop_.note("drop-start-failed");
  die();
  return false;
}

void DropHost::turn() {
  if (drop_ && born_ != node_.life()) let_go();
  if (!node_.is_up() || (!drop_ && !start())) return plan(std::chrono::milliseconds(20));
  if (shop_.random.below(1000) < all_.faults.killed_per_thousand) {
    shop_.note("killed");
    die();
    return plan(std::chrono::milliseconds(20));
  }
  try {
    const auto pause = work();
    plan(std::clamp<Duration>(pause, std::chrono::microseconds(100), std::chrono::seconds(1)));
  } catch (const Crash&) {
    shop_.note("crash");
    die();
    return plan(std::chrono::milliseconds(20));
  }
  if (!stop_by_ || (!drop_->is_idle() && shop_.time.now() < *stop_by_)) return;
  let_go();
  node_.stop_for(away_);
}

Duration DropHost::work() {
  std::optional<FullDisk> full;
  if (shop_.chance(all_.faults.disk_full)) full.emplace(static_cast<rlim_t>(shop_.random.below(400)));
  for (const auto& [name, by_rename] : std::exchange(arrivals_, {})) drop_->came(name, by_rename);
  return drop_->tick();
}

void DropHost::submit(Submission submission, Handler<SubmitReply> handler) {
  requests_->submit(submission, [this, submission, handler = std::move(handler)](const SubmitReply& reply) {
    shop_.note("answered", reply.error ? reply.error->code : "ok");
    shop_.model.answered(submission, reply);
    handler(reply);
  });
}

void DropHost::cancel(RequestId id, Act act, Handler<Result<BackupRequest>> handler) {
  shop_.note("cancel", id.to_string());
  shop_.model.cancel_called(id, act.actor.str());
  requests_->cancel(id, std::move(act), std::move(handler));
}

void DropHost::reach(std::string_view step, bool after) {
  shop_.note(step, after ? "after" : "before");
  const auto& steps = filedrop::file_drop_fault_steps;
  const auto index = static_cast<std::size_t>(std::find(steps.begin(), steps.end(), step) - steps.begin());
  if (index == steps.size()) return shop_.model.violation("a fault point without a name: " + std::string(step));
  const auto point = 2 * index + (after ? 1 : 0);
  const auto& faults = all_.faults;
  const bool crash = shop_.random.below(1000) < faults.crash_per_thousand ||
                     (point == faults.favourite && shop_.chance(faults.favourite_crash));
  if (!crash) return;
  ++crashes_[point];
  throw Crash{};
}

void DropHost::write(LogLevel, std::string_view message, std::initializer_list<LogField> fields) {
  std::string text;
  for (const auto& field : fields) {
    if (const auto* value = std::get_if<std::string>(&field.value)) text += " " + *value;
  }
  shop_.note(message, {}, text);
}

}  // namespace backupctl::sim
