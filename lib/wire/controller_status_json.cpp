#include "wire/controller_status_json.hpp"

#include <algorithm>
#include <chrono>

namespace backupctl::wire {
namespace {

void write_state(JsonWriter& out, const StateCount& state, Timestamp now) {
  using std::chrono::seconds;
  const auto oldest = state.oldest_received ? std::max(now - *state.oldest_received, Duration{0}) : Duration{0};
  out.key(to_string(state.state))
      .begin_object()
      .member("count", state.count)
      .member("oldestSeconds", std::chrono::duration_cast<seconds>(oldest).count())
      .end_object();
}

void write_states(JsonWriter& out, const std::vector<StateCount>& states, Timestamp now) {
  out.key("states").begin_object();
  for (const auto state : {RequestState::received, RequestState::allowed, RequestState::sent}) {
    const auto it = std::find_if(states.begin(), states.end(), [&](const auto& s) { return s.state == state; });
    write_state(out, it == states.end() ? StateCount{.state = state} : *it, now);
  }
  out.end_object();
}

}  // namespace

void write_controller_status(JsonWriter& out, const ControllerStatus& status, Timestamp now) {
  out.begin_object().member("ready", status.ready);
  write_states(out, status.store.states, now);
  out.key("dependencies").begin_array();
  for (const auto& dependency : status.dependencies) {
    out.begin_object()
        .member("name", dependency.name)
        .member("breaker", to_string(dependency.breaker))
        .member_if_filled("lastError", dependency.last_error)
        .end_object();
  }
  out.end_array().key("zones").begin_array();
  for (const auto& zone : status.store.zones) {
    out.begin_object()
        .member("name", zone.zone)
        .member("paused", zone.paused)
        .member("inFlight", zone.in_flight)
        .member("waiting", zone.waiting)
        .end_object();
  }
  // No deletes yet, so there is nothing that a step of the clock could set off: it is never suspect.
  out.end_array()
      .member("parkedResults", status.store.parked_results)
      .member("rowsWithoutNextStep", status.store.rows_without_next_step)
      .member("clock", "ok")
      .key("controllers")
      .begin_array();
  for (const auto& controller : status.store.controllers) {
    out.begin_object()
        .member("instanceId", controller.id)
        .member("program", controller.program)
        .member("startedTime", controller.started)
        .end_object();
  }
  out.end_array().end_object();
}

}  // namespace backupctl::wire
