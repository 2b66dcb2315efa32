// What every part of the controller is given: the ports, the options and who we are.
//
// On the executor. Work that comes back later (a port's answer, a timer) runs only while the controller lives.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "app/metrics.hpp"
#include "backupctl/controller.hpp"

namespace backupctl::app {

class Context {
 public:
  Context(ControllerPorts ports, ControllerOptions options)
      : ports_(std::move(ports)),
        options_(std::move(options)),
        ids_(ports_.random),
        started_(ports_.clock.now()),
        self_(ids_.next(started_)) {}

  const ControllerOptions& options() const { return options_; }
  const std::vector<ControllerZone>& zones() const { return ports_.zones; }
  Repository& repository() { return ports_.repository; }
  JobClient& jobs() { return ports_.jobs; }
  Notifier* notifier() { return ports_.notifier; }
  Metrics& metrics() { return metrics_; }
  const Metrics& metrics() const { return metrics_; }
  InstanceId self() const { return self_; }
  Timestamp started() const { return started_; }
  Timestamp now() { return ports_.clock.now(); }
  Duration monotonic() { return ports_.clock.monotonic(); }
  std::uint64_t random() { return ports_.random.next(); }
  template <class IdType>
  IdType new_id() {
    return IdType{ids_.next(now())};
  }

  AuditEntry audit(std::string actor, std::string action, std::string object, std::string detail) {
    return {self_, now(), std::move(actor), std::move(action), std::move(object), std::move(detail)};
  }

  void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
    if (ports_.log) ports_.log->write(level, message, fields);
  }
  void reach(std::string_view step, bool after) {
    if (ports_.faults) ports_.faults->reach(step, after);
  }

  // There may be a row of ours that nothing of ours works on: the next round hands back everything.
  void note_stray() { stray_ = true; }
  bool take_stray() { return std::exchange(stray_, false); }

  void post(Task task) { ports_.executor.post(while_alive(std::move(task))); }
  void post_after(Duration delay, Task task) { ports_.executor.post_after(delay, while_alive(std::move(task))); }
  // A handler that any thread may call, once, and that then runs on the executor. Called when the controller has gone,
  // it does not touch the executor: that may have gone as well, before the store or the zone that still answers.
  template <class T>
  Handler<T> back(Handler<T> handler) {
    return [&executor = ports_.executor, life = life_, handler = std::move(handler)](T value) mutable {
      const std::lock_guard posting(life->posting);
      if (life->over || !handler) return;  // a peer that answers twice is heard once
      executor.post([life, handler = std::move(handler), value = std::move(value)]() mutable {
        const std::lock_guard running(life->running);
        if (!life->over) handler(std::move(value));
      });
    };
  }
  // After this nothing that was left for later runs any more. From any thread.
  void end() {
    const std::scoped_lock lock(life_->running, life_->posting);
    life_->over = true;
  }

 private:
  // Two locks, so that who answers does not wait for the task that runs. Either is enough to read `over`.
  struct Life {
    std::recursive_mutex running;  // the controller may be ended by one of its own tasks
    std::mutex posting;
    bool over = false;
  };

  Task while_alive(Task task) {
    return [life = life_, task = std::move(task)] {
      const std::lock_guard running(life->running);
      if (!life->over) task();
    };
  }

  ControllerPorts ports_;
  ControllerOptions options_;
  IdSource ids_;
  Timestamp started_;
  InstanceId self_;
  Metrics metrics_;
  bool stray_ = false;
  std::shared_ptr<Life> life_ = std::make_shared<Life>();
};

}  // namespace backupctl::app
