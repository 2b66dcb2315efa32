#include "filedrop/drop.hpp"

#include <algorithm>
#include <vector>

#include "filedrop/cancel_job.hpp"
#include "filedrop/file_job.hpp"

namespace backupctl::filedrop {
namespace {

constexpr int most_reading = 32;   // files held open for reading at once
constexpr int taken_at_once = 64;  // of small files, before others have their turn
constexpr int share_of_time = 10;  // looking at folders takes at most one part in so many
constexpr Duration first_delay = std::chrono::milliseconds(500);
constexpr Duration last_delay = std::chrono::minutes(1);

}  // namespace

Drop::Drop(const FileDropOptions& options, DropPorts ports, std::shared_ptr<Mailbox> mailbox)
    : context_(options, ports, std::move(mailbox)), inbox_(context_), age_out_(context_) {
  context_.wake = [this](FileId id) { set_due(id, Duration{0}); };
}

Result<void> Drop::open() {
  auto spool = Spool::create(context_.options.folder);
  if (!spool) return std::move(spool).error();
  context_.set_spool(*std::move(spool));
  on_open_();
  note_health();
  return {};
}

Duration Drop::tick() {
  context_.mailbox->run();
  if (!has_folders()) {
    note_health();
    return context_.options.scan_every;
  }
  run_jobs();
  if (!context_.stopping) {
    const auto now = context_.monotonic();
    if (now >= next_work_look_) look_at_work();
    if (now >= next_look_) {
      if (auto looked = inbox_.look(); !looked) lose_folders(looked.error());
      next_look_ = now + std::max(context_.options.scan_every, (context_.monotonic() - now) * share_of_time);
    }
    if (context_.has_spool()) take_files();
  }
  context_.reads.flush();
  note_health();
  if (!context_.has_spool()) return context_.options.scan_every;

  const auto now = context_.monotonic();
  auto next = next_check_;
  if (!context_.stopping) {
    next = std::min({next, next_look_, next_work_look_, age_out_.step()});
    if (inbox_.has_waiting() && reading_ < most_reading) next = now;
  }
  if (!due_.empty()) next = std::min(next, due_.begin()->first);
  return std::max(next - now, Duration{0});
}

bool Drop::has_folders() {
  const auto now = context_.monotonic();
  if (now < next_check_) return context_.has_spool();
  next_check_ = now + context_.options.scan_every;
  if (context_.has_spool()) {
    if (auto there = context_.spool().still_there(); !there) lose_folders(there.error());
    return context_.has_spool();
  }
  auto spool = Spool::open(context_.options.folder);  // never made again: it may be mounted later
  if (!spool) return false;
  context_.set_spool(*std::move(spool));
  on_open_();
  is_lost_ = false;
  look_again();
  context_.log(LogLevel::info, "the folder is back", {{"folder", context_.options.folder}});
  return true;
}

// Everything is on the disk: when it comes back, work goes on from there.
void Drop::lose_folders(const Error& error) {
  context_.log(LogLevel::error, "the folder has gone", {{"folder", context_.options.folder}, {"error", error.detail}});
  jobs_.clear();
  due_.clear();
  reading_ = 0;
  context_.troubled.clear();
  inbox_.forget();
  age_out_.forget();
  context_.set_spool({});
  context_.last_trouble = error.detail;
  is_lost_ = true;
}

void Drop::came(const std::string& name, bool by_rename) {
  if (!context_.has_spool() || context_.stopping) return;
  by_rename ? inbox_.renamed_in(name) : inbox_.made_in(name);
  // A mark speaks for its file.
  constexpr std::string_view mark = ".ready";
  inbox_.look_at(name.ends_with(mark) ? name.substr(0, name.size() - mark.size()) : name);
}

void Drop::look_again() { next_look_ = next_work_look_ = Duration{0}; }

void Drop::stop_taking() {
  context_.stopping = true;
  note_health();
}

void Drop::take_files() {
  for (int i = 0; i < taken_at_once && reading_ < most_reading; ++i) {
    const auto taken = inbox_.take();
    if (!taken) return;
    start_job(*taken);
  }
}

// Files that nobody works on: those of a process that has died, or ours from before.
void Drop::look_at_work() {
  const auto began = context_.monotonic();
  auto& spool = context_.spool();
  if (const auto names = names_in(spool.work())) {
    for (const auto& name : *names) {
      const auto entry = parse_work_name(name);
      if (!entry || jobs_.contains(entry->taken.id)) continue;
      if (entry->part == Part::file && reading_ >= most_reading) continue;
      const auto locked = spool.try_lock(entry->taken.id);
      if (!locked || !*locked) continue;
      if (start_job(entry->taken)) ++context_.counters.taken_over;
    }
  }
  const auto took = context_.monotonic() - began;
  next_work_look_ = began + std::max(context_.options.scan_every * 2, took * share_of_time);
}

bool Drop::start_job(const Taken& taken) {
  std::shared_ptr<Job> job;
  if (taken.name.kind == FileKind::cancel) {
    job = std::make_shared<CancelJob>(context_, taken);
  } else {
    job = std::make_shared<FileJob>(context_, taken);
  }
  if (job->is_over()) {
    context_.spool().unlock(taken.id);
    return false;
  }
  const bool is_reading = job->is_reading();
  reading_ += is_reading ? 1 : 0;
  jobs_[taken.id] = {std::move(job), Duration{0}, first_delay, is_reading};
  due_.insert({Duration{0}, taken.id});
  context_.counters.open_files = static_cast<std::int64_t>(jobs_.size());
  return true;
}

void Drop::set_due(FileId id, Duration due) {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  due_.erase({found->second.due, id});
  found->second.due = due;
  if (due != Duration::max()) due_.insert({due, id});
}

void Drop::run_jobs() {
  const auto now = context_.monotonic();
  std::vector<FileId> ids;
  for (const auto& [due, id] : due_) {
    if (due > now) break;
    ids.push_back(id);
  }
  for (const auto id : ids) {
    const auto found = jobs_.find(id);
    if (found == jobs_.end()) continue;
    const auto job = found->second.job;
    set_due(id, Duration::max());
    const auto due = run(id, *job);
    auto& running = found->second;
    if (const bool is_reading = job->is_reading(); is_reading != running.is_reading) {
      running.is_reading = is_reading;
      reading_ += is_reading ? 1 : -1;
    }
    if (job->is_over()) {
      due_.erase({running.due, id});
      context_.troubled.erase(id);
      jobs_.erase(found);
      context_.spool().unlock(id);
      context_.counters.open_files = static_cast<std::int64_t>(jobs_.size());
    } else if (running.due == Duration::max()) {  // else it was woken meanwhile
      set_due(id, due);
    }
  }
}

Duration Drop::run(FileId id, Job& job) {
  auto due = job.step();
  auto& delay = jobs_.at(id).delay;
  if (due) {
    if (context_.troubled.erase(id) > 0) delay = first_delay;
    return *due;
  }
  context_.log(LogLevel::error, "work on a file goes on later",
               {{"fileId", id.to_string()}, {"error", due.error().detail}, {"delay", to_string(delay)}});
  context_.troubled.insert(id);
  context_.last_trouble = due.error().detail;
  const auto again = context_.monotonic() + delay;
  delay = std::min(delay * 2, last_delay);
  return again;
}

void Drop::note_health() {
  TransportHealth now{true, {}};
  if (context_.stopping) {
    now = {false, "stopping"};
  } else if (is_lost_ || !context_.troubled.empty()) {
    now = {false, context_.last_trouble};
  }
  const std::lock_guard lock(mutex_);
  health_ = std::move(now);
}

TransportHealth Drop::health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

std::string Drop::metrics() const {
  const auto& counters = context_.counters;
  std::string text = "# TYPE backupctl_filedrop_files_total counter\n";
  const auto total = [&text](const char* outcome, std::int64_t count) {
    text += std::string("backupctl_filedrop_files_total{step=\"") + outcome + "\"} " + std::to_string(count) + "\n";
  };
  total("taken", counters.taken);
  total("taken-over", counters.taken_over);
  total("done", counters.done);
  total("rejected", counters.rejected);
  total("ended", counters.ended);
  text += "# TYPE backupctl_filedrop_lines_total counter\n";
  text += "backupctl_filedrop_lines_total{kind=\"request\"} " + std::to_string(counters.requests) + "\n";
  text += "backupctl_filedrop_lines_total{kind=\"problem\"} " + std::to_string(counters.problems) + "\n";
  text += "# TYPE backupctl_filedrop_open_files gauge\n";
  text += "backupctl_filedrop_open_files " + std::to_string(counters.open_files) + "\n";
  text += "# TYPE backupctl_filedrop_other_files gauge\n";
  text += "backupctl_filedrop_other_files " + std::to_string(counters.other_files) + "\n";
  return text;
}

}  // namespace backupctl::filedrop
