#include "app/amend.hpp"

#include <utility>

namespace backupctl::app {

ChangeRequest change_of(const BackupRequest& row, Transition transition) {
  return {.id = row.order.id,
          .from = row.progress.state,
          .next = std::move(transition.next),
          .history = std::move(transition.history),
          .backup = std::move(transition.backup)};
}

void hand_back_if_mine(Context& context, Committer& committer, const Amended& amended, std::int64_t fence) {
  if (amended.kind == Amended::Kind::written || amended.kind == Amended::Kind::gone || !amended.row) return;
  const auto& row = *amended.row;
  if (row.progress.owner != context.self() || row.progress.fence != fence) return;
  context.log(LogLevel::error, "a step left its request behind, it will be taken up again",
              {{"requestId", row.order.id.to_string()}, {"stateCode", std::string(to_string(row.progress.state))}});
  ChangeRequest change{.id = row.order.id, .from = row.progress.state, .next = row.progress};
  ++change.next.revision;
  change.next.last_error = "a step could not be written, see the log";
  release(change.next, context.now() + context.options().max_retry_delay);
  committer.submit(std::move(change), Patience::until_written, [](const Outcome&) {});
}

void Amender::amend(BackupRequest row, Decider decider, Handler<Amended> handler, Patience patience) {
  auto change = decider(row);
  if (!change) return handler({Amended::Kind::nothing_to_do, std::move(row), false});
  const auto from = change->from;
  const auto id = change->id;
  auto on_outcome = [this, from, id, patience, row = std::move(row), decider = std::move(decider),
                     handler = std::move(handler)](Outcome outcome) {
    switch (outcome.status) {
      case OutcomeStatus::applied:
      case OutcomeStatus::already_done: {
        auto& now = *outcome.current;
        observer_(now, from);
        const bool no_place = outcome.no_place;
        return handler({Amended::Kind::written, std::move(now), no_place});
      }
      case OutcomeStatus::lost_guard:
        if (!outcome.current || outcome.current->order.id != id) return handler({Amended::Kind::gone, {}, false});
        return amend(std::move(*outcome.current), decider, handler, patience);
      case OutcomeStatus::unknown:
      case OutcomeStatus::failed:
        return handler({Amended::Kind::failed, row, false});
    }
  };
  committer_.submit(std::move(*change), patience, std::move(on_outcome));
}

}  // namespace backupctl::app
