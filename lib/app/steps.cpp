#include "app/steps.hpp"

namespace backupctl::app {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

std::string_view write_step(RequestState state) {
  switch (state) {
    case RequestState::received:
      return "write-received";
    case RequestState::allowed:
      return "write-allowed";
    case RequestState::not_allowed:
      return "write-not-allowed";
    case RequestState::sent:
      return "write-sent";
    case RequestState::succeeded:
      return "write-succeeded";
    case RequestState::failed:
      return "write-failed";
    case RequestState::cancelled:
      return "write-cancelled";
  }
  return "write-waiting";
}

}  // namespace

std::string_view step_of(const Command& command) {
  return std::visit(
      Overloaded{
          [](const AdmitRequest& c) { return write_step(c.request.progress.state); },
          [](const ChangeRequest& c) { return c.next.state == c.from ? "write-waiting" : write_step(c.next.state); },
          [](const KeepResult&) { return std::string_view("write-result"); },
          [](const SettleResult& c) { return std::string_view(c.parked ? "write-parked" : "write-dropped"); },
          [](const Park&) { return std::string_view("write-parked"); },
          [](const DismissParked&) { return std::string_view("write-dismissed"); },
          [](const PauseZone&) { return std::string_view("write-pause"); },
          [](const WriteAudit&) { return std::string_view("write-audit"); },
          [](const TieAudit&) { return std::string_view("write-audit"); },
          [](const SettleNotice&) { return std::string_view("write-notice"); }},
      command);
}

std::string entity_of(const Command& command) {
  return std::visit(Overloaded{[](const AdmitRequest& c) { return c.request.order.id.to_string(); },
                               [](const ChangeRequest& c) { return c.id.to_string(); },
                               [](const KeepResult& c) { return "result:" + c.record.command_id.to_string(); },
                               [](const SettleResult& c) { return "result:" + c.key.command_id.to_string(); },
                               [](const Park& c) { return "parked:" + c.parked.id.to_string(); },
                               [](const DismissParked& c) { return "parked:" + c.id.to_string(); },
                               [](const PauseZone& c) { return "zone:" + c.zone.str(); },
                               [](const WriteAudit& c) { return "audit:" + c.entry.object; },
                               [](const TieAudit&) { return std::string("audit:ties"); },
                               [](const SettleNotice& c) { return "notice:" + c.id.to_string(); }},
                    command);
}

}  // namespace backupctl::app
