#include "backupctl/controller.hpp"

#include <algorithm>
#include <atomic>
#include <future>
#include <utility>

#include "app/acts.hpp"
#include "app/admissions.hpp"
#include "app/amend.hpp"
#include "app/check_stage.hpp"
#include "app/collector.hpp"
#include "app/committer.hpp"
#include "app/context.hpp"
#include "app/job_checks.hpp"
#include "app/notices.hpp"
#include "app/reconciler.hpp"
#include "app/request_metrics.hpp"
#include "app/rounds.hpp"
#include "app/watchers.hpp"
#include "app/zone_lane.hpp"

namespace backupctl {

using namespace app;  // NOLINT(google-build-using-namespace): this file puts the parts of app together

std::string_view to_string(BreakerState state) {
  switch (state) {
    case BreakerState::closed:
      return "closed";
    case BreakerState::open:
      return "open";
    case BreakerState::half_open:
      break;
  }
  return "half-open";
}

// The parts in the order in which they need each other.
struct Controller::Impl {
  Context context;
  Committer committer{context};
  Watchers watchers{context};
  Amender amender{committer, [this](const BackupRequest& row, RequestState from) { on_change(row, from); }};
  JobChecks jobs{context};
  std::vector<std::unique_ptr<ZoneLane>> lanes;
  CheckStage checks{context, committer, amender, jobs, [this](const ZoneName& name) { return find_lane(name); }};
  Collector collector{context, committer, amender, [this](const ZoneName& zone) { on_place_freed(zone); }};
  Telling telling{context, committer};
  Rounds rounds;
  Admissions admissions{context, committer, checks, watchers,
                        [this](const BackupRequest& row) { count_received(context.metrics(), row); }};
  Reconciler reconciler{context, committer, amender, jobs};
  Acts acts{context, committer, amender, admissions, reconciler, [this] { on_work_left(); }};
  std::atomic<bool> started{false};
  std::atomic<bool> stopping{false};

  Impl(ControllerPorts ports, ControllerOptions options)
      : context(std::move(ports), std::move(options)),
        lanes(make_lanes()),
        rounds(context, committer, checks, collector, telling, borrowed_lanes()) {}

  std::vector<std::unique_ptr<ZoneLane>> make_lanes() {
    std::vector<std::unique_ptr<ZoneLane>> made;
    for (const auto& zone : context.zones()) {
      made.push_back(std::make_unique<ZoneLane>(
          context, committer, amender, zone,
          [this](ResultRecord result) { collector.take(std::move(result), [](const Result<void>&) {}); },
          [this](RequestId id) { collector.expect(id); }));
    }
    return made;
  }
  std::vector<ZoneLane*> borrowed_lanes() {
    std::vector<ZoneLane*> borrowed;
    for (const auto& lane : lanes) borrowed.push_back(lane.get());
    return borrowed;
  }

  ZoneLane* find_lane(const ZoneName& name) {
    for (const auto& lane : lanes) {
      if (lane->zone().name == name) return lane.get();
    }
    return nullptr;
  }

  void on_change(const BackupRequest& row, RequestState from) {
    count_state(context.metrics(), row, from);
    watchers.saw(row);
    collector.saw(row);
    // A cancel that came while the zone was being called: the zone hears of it now.
    const auto& p = row.progress;
    if (p.cancel_asked && p.next_action && *p.next_action <= context.now()) rounds.wake();
  }
  // Due at once, and not ours more than anybody's.
  void on_work_left() {
    rounds.wake();
    context.repository().announce_work();
  }
  void on_place_freed(const ZoneName& zone) {
    const auto* lane = find_lane(zone);
    if (lane && !lane->may_send_fresh()) rounds.wake();
  }

  std::int64_t under_way() const {
    auto count = checks.under_way() + collector.under_way() + telling.under_way() + (committer.is_idle() ? 0 : 1) +
                 (rounds.is_under_way() ? 1 : 0);
    for (const auto& lane : lanes) count += lane->calls_under_way();
    return count;
  }

  void drain(Duration deadline, Handler<Result<void>> handler) {
    constexpr Duration look_again_after = std::chrono::milliseconds(20);
    // A round stops at its next step; but the claim that it waits for must not come after the store has been left.
    if (rounds.is_under_way() || (under_way() > 0 && context.monotonic() < deadline)) {
      context.post_after(look_again_after,
                         [this, deadline, handler = std::move(handler)] { drain(deadline, handler); });
      return;
    }
    committer.close();  // what would be written after this would be nobody's
    context.repository().leave(context.self(), context.back<Result<void>>(std::move(handler)));
  }

  void status(Handler<Result<ControllerStatus>> handler);
  void gauge(const ControllerStatus& status);
};

void Controller::Impl::status(Handler<Result<ControllerStatus>> handler) {
  const auto with_survey = [this, handler = std::move(handler)](Result<StoreSurvey> survey) {
    if (!survey) return handler(std::move(survey).error());
    ControllerStatus status{started && !stopping && committer.store_trouble().empty(), std::move(*survey), {}};
    status.dependencies.push_back({"jobs", jobs.breaker().state(), jobs.breaker().last_error()});
    for (const auto& lane : lanes) {
      const auto& name = lane->zone().name;
      status.dependencies.push_back({"zone:" + name.str(), lane->breaker().state(), lane->breaker().last_error()});
      auto& zones = status.store.zones;
      const bool known =
          std::any_of(zones.begin(), zones.end(), [&](const ZoneCount& zone) { return zone.zone == name; });
      if (!known) zones.push_back({name});
    }
    gauge(status);
    handler(std::move(status));
  };
  context.repository().survey(context.now(), context.back<Result<StoreSurvey>>(with_survey));
}

void Controller::Impl::gauge(const ControllerStatus& status) {
  auto& metrics = context.metrics();
  for (const auto& state : status.store.states) {
    metrics.gauge("backupctl_open_requests", "state=\"" + std::string(to_string(state.state)) + "\"", state.count);
  }
  metrics.gauge("backupctl_rows_without_next_step", "", status.store.rows_without_next_step);
  metrics.gauge("backupctl_parked_results", "", status.store.parked_results);
  metrics.gauge("backupctl_waiting_results", "", status.store.waiting_results);
  metrics.gauge("backupctl_waiting_notices", "", status.store.waiting_notices);
  for (const auto& peer : status.dependencies) {
    metrics.gauge("backupctl_breaker_open", "peer=\"" + peer.name + "\"", peer.breaker == BreakerState::closed ? 0 : 1);
  }
  std::int64_t elsewhere = 0;
  for (const auto& zone : status.store.zones) {
    if (!find_lane(zone.zone)) {
      elsewhere += zone.in_flight + zone.waiting;
      continue;
    }
    const auto label = "zone=\"" + zone.zone.str() + "\"";
    metrics.gauge("backupctl_overdue_requests", label, zone.overdue);
    metrics.gauge("backupctl_paused", label, zone.paused ? 1 : 0);
  }
  metrics.gauge("backupctl_unconfigured_zone_requests", "", elsewhere);
}

Controller::Controller(ControllerPorts ports, ControllerOptions options)
    : impl_(std::make_unique<Impl>(std::move(ports), std::move(options))) {}
Controller::~Controller() { impl_->context.end(); }

void Controller::async_start(Handler<Result<void>> handler) {
  impl_->context.post([this, handler = std::move(handler)] {
    impl_->rounds.start([this, handler](Result<void> started) {
      impl_->started = started.has_value();
      handler(std::move(started));
    });
  });
}

void Controller::async_stop(Duration grace, Handler<Result<void>> handler) {
  impl_->stopping = true;
  impl_->context.post([this, grace, handler = std::move(handler)] {
    impl_->rounds.stop();
    impl_->acts.stop();
    impl_->drain(impl_->context.monotonic() + grace, handler);
  });
}

void Controller::async_submit(Submission submission, Handler<SubmitReply> handler) {
  impl_->context.post([this, submission = std::move(submission), handler = std::move(handler)]() mutable {
    if (impl_->stopping) {
      return handler(
          {{}, false, Error{ErrorKind::unavailable, "the controller is stopping", true, "store-unavailable"}});
    }
    impl_->admissions.submit(std::move(submission), std::move(handler));
  });
}

void Controller::async_cancel(RequestId id, Act act, Handler<Result<BackupRequest>> handler) {
  impl_->context.post(
      [this, id, act = std::move(act), handler = std::move(handler)] { impl_->acts.cancel(id, act, handler); });
}

void Controller::async_on_all(RequestQuery filter, BulkAct what, Act act, Handler<Result<BulkReport>> handler) {
  impl_->context.post([this, filter = std::move(filter), what, act = std::move(act), handler = std::move(handler)] {
    impl_->acts.on_all(filter, what, act, handler);
  });
}

void Controller::async_reconcile(ZoneName zone, bool import, Act act, Handler<Result<ReconcileReport>> handler) {
  impl_->context.post([this, zone = std::move(zone), import, act = std::move(act), handler = std::move(handler)] {
    impl_->reconciler.reconcile(zone, import, act, handler);
  });
}

void Controller::async_adopt(ParkedResult parked, ZoneResult result, Act act, Handler<Result<BackupRequest>> handler) {
  impl_->context.post([this, parked = std::move(parked), result = std::move(result), act = std::move(act),
                       handler = std::move(handler)] { impl_->acts.adopt(parked, result, act, handler); });
}

void Controller::async_dismiss(ParkedResultId id, Act act, Handler<Result<void>> handler) {
  impl_->context.post(
      [this, id, act = std::move(act), handler = std::move(handler)] { impl_->acts.dismiss(id, act, handler); });
}

void Controller::async_wait(RequestId id, Duration timeout, Handler<Result<BackupRequest>> handler) {
  impl_->context.post([this, id, timeout, handler = std::move(handler)] {
    impl_->watchers.watch(
        id, [](const BackupRequest& row) { return is_terminal(row.progress.state); }, timeout, handler);
  });
}

void Controller::async_put_result(ResultRecord record, Handler<Result<void>> handler) {
  impl_->context.post(
      [this, record = std::move(record), handler = std::move(handler)] { impl_->collector.take(record, handler); });
}

void Controller::async_pause_zone(ZoneName zone, bool paused, Act act, Handler<Result<void>> handler) {
  impl_->context.post([this, zone = std::move(zone), paused, act = std::move(act), handler = std::move(handler)] {
    if (!impl_->find_lane(zone)) return handler(Error{ErrorKind::not_found, "there is no zone " + zone.str()});
    auto entry = impl_->context.audit(act.actor.str(), paused ? "zone-paused" : "zone-resumed", "zone:" + zone.str(),
                                      act.reason);
    impl_->committer.submit(PauseZone{zone, paused, {std::move(entry)}}, Patience::once,
                            [this, handler](const Outcome& outcome) {
                              if (outcome.status == OutcomeStatus::failed) return handler(*outcome.error);
                              impl_->on_work_left();
                              handler(Result<void>{});
                            });
  });
}

void Controller::async_status(Handler<Result<ControllerStatus>> handler) {
  impl_->context.post([this, handler = std::move(handler)] { impl_->status(handler); });
}

namespace {

// Waits for what an async_ function answers.
template <class T, class Call>
T wait_for(Call call) {
  std::promise<T> promise;
  auto future = promise.get_future();
  call(Handler<T>([&promise](T value) { promise.set_value(std::move(value)); }));
  return future.get();
}

}  // namespace

Result<void> Controller::start() {
  return wait_for<Result<void>>([&](auto handler) { async_start(std::move(handler)); });
}
Result<void> Controller::stop(Duration grace) {
  return wait_for<Result<void>>([&](auto handler) { async_stop(grace, std::move(handler)); });
}
SubmitReply Controller::submit(Submission submission) {
  return wait_for<SubmitReply>([&](auto handler) { async_submit(std::move(submission), std::move(handler)); });
}
Result<BackupRequest> Controller::wait(RequestId id, Duration timeout) {
  return wait_for<Result<BackupRequest>>([&](auto handler) { async_wait(id, timeout, std::move(handler)); });
}
Result<void> Controller::put_result(ZoneResult result) {
  ResultRecord record{result.command_id, result.zone, describe(result), impl_->context.now(), result, {}};
  return wait_for<Result<void>>([&](auto handler) { async_put_result(std::move(record), std::move(handler)); });
}

Repository& Controller::repository() { return impl_->context.repository(); }

bool Controller::is_ready() const { return why_not_ready().empty(); }

std::string Controller::why_not_ready() const {
  if (impl_->stopping) return "stopping";
  auto trouble = impl_->rounds.store_trouble();
  if (trouble.empty()) trouble = impl_->committer.store_trouble();
  if (trouble.empty() && !impl_->started) return "not-started";
  return trouble;
}

std::string Controller::metrics() const { return impl_->context.metrics().text(); }

}  // namespace backupctl
