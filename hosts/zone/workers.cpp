#include "zone/workers.hpp"

#include <exception>

namespace backupctl::zone {

Workers::Workers(CommandStore& store, Driver& driver, Clock& clock, Logger& logger, Metrics& metrics,
                 WorkersOptions options)
    : store_(store), driver_(driver), clock_(clock), logger_(logger), metrics_(metrics), options_(std::move(options)) {}

Workers::~Workers() {
  stop();
  for (auto& thread : threads_) thread.join();
}

void Workers::start() {
  busy_ = options_.count;
  for (std::size_t i = 0; i < options_.count; ++i) threads_.emplace_back([this] { run(); });
}

void Workers::wake() {
  {
    const std::lock_guard lock{mutex_};
    may_have_work_ = true;
  }
  changed_.notify_all();
}

void Workers::stop() {
  {
    const std::lock_guard lock{mutex_};
    is_stopping_ = true;
    for (auto& [id, monitor] : running_) monitor->stop();
  }
  changed_.notify_all();
}

bool Workers::wait_until_idle(Duration bound) {
  std::unique_lock lock{mutex_};
  return changed_.wait_for(lock, bound, [this] { return busy_ == 0; });
}

// The lock is held over the store's call: a command is either waiting there or has a monitor here, never in between.
Result<CancelOutcome> Workers::cancel(const ZoneResult& cancelled, std::int64_t fence, const std::string& traceparent) {
  const std::lock_guard lock{mutex_};
  auto outcome = store_.cancel(cancelled, fence, traceparent, clock_.now());
  if (outcome && *outcome == CancelOutcome::running) {
    if (const auto found = running_.find(cancelled.command_id); found != running_.end()) found->second->cancel();
  }
  return outcome;
}

std::optional<Progress> Workers::progress(RequestId id) const {
  const std::lock_guard lock{mutex_};
  const auto found = running_.find(id);
  return found == running_.end() ? std::optional<Progress>{} : found->second->progress();
}

void Workers::run() {
  for (;;) {
    Monitor* monitor = nullptr;
    const auto work = take(monitor);
    if (!work) break;
    carry_out(*work, *monitor);
    const std::lock_guard lock{mutex_};
    running_.erase(work->command.id);
  }
  {
    const std::lock_guard lock{mutex_};
    --busy_;
  }
  changed_.notify_all();
}

// Nothing: stopping.
std::optional<Work> Workers::take(Monitor*& monitor) {
  for (;;) {
    std::optional<Error> failure;
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [this] { return is_stopping_ || may_have_work_; });
      if (is_stopping_) return {};
      auto work = store_.start_next(clock_.now());
      if (work && *work) {
        auto& slot = running_[(*work)->command.id];
        slot = std::make_unique<Monitor>();
        if ((*work)->is_cancel_requested) slot->cancel();
        monitor = slot.get();
        return **std::move(work);
      }
      if (work) {
        may_have_work_ = false;
      } else {
        failure = std::move(work).error();
      }
    }
    if (failure && !pause_after(*failure, "the next command cannot be taken")) return {};
  }
}

void Workers::carry_out(const Work& work, Monitor& monitor) {
  const auto id = work.command.id.to_string();
  logger_.write(LogLevel::info, "command started",
                {{"requestId", id}, {"source", work.command.source.str()}, {"traceparent", work.command.traceparent}});
  std::optional<ZoneResult> result;
  try {
    result = driver_.create(work.command, monitor);
  } catch (const std::exception& exception) {  // memory ran out, or a bug: the other commands go on
    result = ZoneResult{.command_id = work.command.id,
                        .code = ResultCode::failed,
                        .reason_code = "internal-error",
                        .zone = options_.zone,
                        .message = exception.what()};
  }
  if (!result) {
    logger_.write(LogLevel::info, "command interrupted, to be taken up again", {{"requestId", id}});
    return;
  }
  // A backup that an earlier run of this command made was begun when that run began.
  if (result->code == ResultCode::succeeded && !result->copy_start) result->copy_start = work.started;
  record(*result);
}

void Workers::record(const ZoneResult& result) {
  for (;;) {
    const auto done = store_.finish(result, clock_.now());
    if (done) break;
    if (!pause_after(done.error(), "a result cannot be written")) return;
  }
  metrics_.count(result);
  logger_.write(result.code == ResultCode::failed ? LogLevel::warning : LogLevel::info, "command finished",
                {{"requestId", result.command_id.to_string()},
                 {"resultCode", std::string(to_string(result.code))},
                 {"reasonCode", result.reason_code},
                 {"backupStoragePath", result.storage_path},
                 {"byteCount", result.byte_count},
                 {"detail", result.message}});
  options_.on_result();
}

bool Workers::pause_after(const Error& error, const char* doing) {
  logger_.write(LogLevel::error, doing, {{"code", error.code}, {"detail", error.detail}});
  std::unique_lock lock{mutex_};
  return !changed_.wait_for(lock, options_.store_retry_delay, [this] { return is_stopping_; });
}

}  // namespace backupctl::zone
