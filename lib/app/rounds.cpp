#include "app/rounds.hpp"

#include <algorithm>
#include <utility>

namespace backupctl::app {
namespace {

constexpr std::int64_t follow_page = 50;
constexpr Duration soonest = std::chrono::milliseconds(1);
constexpr Duration soon = std::chrono::milliseconds(20);  // a page of results takes about so long to be recorded

}  // namespace

void Rounds::start(Handler<Result<void>> handler) {
  beat([this, handler = std::move(handler)](Result<void> beaten) {
    if (beaten) {
      started_ = true;
      const auto hear = context_.back<bool>([this](bool) { wake(); });
      context_.repository().on_work([hear] {
        auto once = hear;
        once(true);
      });
      wake();
    }
    handler(std::move(beaten));
  });
}

void Rounds::beat(Handler<Result<void>> handler) {
  const auto& options = context_.options();
  next_beat_ = context_.monotonic() + options.lease / 3;
  store_.asked(context_.monotonic());
  context_.repository().beat(
      {context_.self(), options.program, context_.started(), context_.now(), options.lease},
      context_.back<Result<BeatReply>>([this, handler = std::move(handler)](Result<BeatReply> reply) {
        if (!reply) {
          store_.failed(reply.error());
          next_beat_ = context_.monotonic();  // again in the next round: reads that succeed are no proof
          context_.log(LogLevel::error, "heartbeat failed", {{"error", reply.error().detail}});
          return handler(std::move(reply).error());
        }
        store_.answered();
        committer_.note_store_writes();
        if (reply->rows_freed > 0) {
          context_.log(LogLevel::info, "took over the requests of a controller that has ended",
                       {{"count", reply->rows_freed}});
        }
        handler(Result<void>{});
      }));
}

void Rounds::wake() {
  if (!started_ || stopped_) return;
  if (under_way_) {
    again_ = true;
    return;
  }
  plan_next(Duration{0});
}

void Rounds::plan_next(Duration delay) {
  const auto plan = ++plan_;
  auto begin = [this, plan] {
    if (plan == plan_ && !under_way_ && !stopped_) run_round();
  };
  if (delay <= Duration{0}) {
    context_.post(std::move(begin));
  } else {
    context_.post_after(delay, std::move(begin));
  }
}

void Rounds::run_round() {
  under_way_ = true;
  again_ = false;
  next_delay_ = context_.options().poll_every;
  const auto look = [this](const Result<void>& beaten) {
    if (!beaten) return end_round();
    DueQuery query{context_.now(), {}};
    for (const auto* lane : lanes_) query.zones.push_back(lane->zone().name);
    store_.asked(context_.monotonic());
    context_.repository().due(std::move(query),
                              context_.back<Result<DueWork>>([this](const auto& due) { on_due(due); }));
  };
  if (context_.take_stray()) {
    give_up_strays(look);
  } else if (context_.monotonic() >= next_beat_) {
    beat(look);
  } else {
    look(Result<void>{});
  }
}

// Hands back everything that is ours, as a crash would, and begins anew: what is in hand loses its guard and is taken
// up again under a higher fence.
void Rounds::give_up_strays(Handler<Result<void>> handler) {
  store_.asked(context_.monotonic());
  context_.repository().leave(context_.self(),
                              context_.back<Result<void>>([this, handler = std::move(handler)](Result<void> left) {
                                if (!left) {
                                  context_.note_stray();
                                  store_.failed(left.error());
                                  return handler(std::move(left));
                                }
                                beat(handler);
                              }));
}

void Rounds::on_due(const Result<DueWork>& due) {
  if (!due) {
    store_.failed(due.error());
    context_.log(LogLevel::error, "store does not answer", {{"error", due.error().detail}});
    return end_round();
  }
  store_.answered();
  if (due->next) next_delay_ = std::clamp<Duration>(*due->next - context_.now(), soonest, next_delay_);
  auto steps = std::make_shared<std::vector<Step>>();
  if (due->check) add_checks(*steps);
  add_sends(*steps, *due);
  add_follows(*steps, *due);
  more_results_ = false;
  if (due->results) {
    steps->push_back([this](const Next& next) {
      collector_.read_waiting([this, next](bool more) {
        more_results_ = more;
        next();
      });
    });
  }
  if (due->notices) {
    steps->push_back([this](const Next& next) { telling_.tell_due(next); });
  }
  tie_audit();
  run_steps(std::move(steps), 0);
}

void Rounds::tie_audit() {
  if (context_.monotonic() < next_tie_) return;
  const bool is_first = next_tie_ == Duration{};
  next_tie_ = context_.monotonic() + context_.options().tie_audit_every;
  if (is_first) return;  // a chain opens with the heads of the others
  committer_.submit(TieAudit{context_.self(), context_.now()}, Patience::once, [](const Outcome&) {});
}

void Rounds::run_steps(std::shared_ptr<std::vector<Step>> steps, std::size_t at) {
  if (at == steps->size() || stopped_) return end_round();
  (*steps)[at]([this, steps, at] { run_steps(steps, at + 1); });
}

void Rounds::end_round() {
  under_way_ = false;
  if (stopped_) return;
  if (more_results_) next_delay_ = std::min(next_delay_, soon);
  plan_next(again_ ? Duration{0} : next_delay_);
}

void Rounds::claim(ClaimOrder order, std::function<void(std::vector<BackupRequest>)> take, Next next) {
  context_.reach("claim", false);
  store_.asked(context_.monotonic());
  context_.repository().claim(std::move(order),
                              context_.back<Result<std::vector<BackupRequest>>>(
                                  [this, take = std::move(take), next = std::move(next)](auto rows) {
                                    context_.reach("claim", true);
                                    if (rows) {
                                      store_.answered();
                                      take(std::move(*rows));
                                    } else {
                                      store_.failed(rows.error());
                                      context_.note_stray();
                                      context_.log(LogLevel::error, "claim failed", {{"error", rows.error().detail}});
                                    }
                                    next();
                                  }));
}

void Rounds::add_checks(std::vector<Step>& steps) {
  const auto room = context_.options().max_owned_checks - checks_.under_way();
  if (room <= 0) return;
  steps.push_back([this, room](Next next) {
    ClaimOrder order{.stage = Stage::check, .by = context_.self(), .now = context_.now(), .limit = room};
    const auto take = [this, room](std::vector<BackupRequest> rows) {
      if (static_cast<std::int64_t>(rows.size()) == room) again_ = true;
      for (auto& row : rows) checks_.check(std::move(row), WhenUnavailable::try_again_later, [](const Checked&) {});
    };
    claim(std::move(order), take, std::move(next));
  });
}

void Rounds::add_sends(std::vector<Step>& steps, const DueWork& due) {
  for (auto* lane : lanes_) {
    const auto& zone = lane->zone();
    const bool waiting = std::find(due.send.begin(), due.send.end(), zone.name) != due.send.end();
    lane->note_backlog(waiting);
    if (!waiting) continue;
    steps.push_back([this, lane](const Next& next) {
      if (!lane->may_call()) return next();
      ClaimOrder order{.stage = Stage::send,
                       .by = context_.self(),
                       .now = context_.now(),
                       .limit = lane->is_on_trial() ? 1 : lane->zone().max_in_flight,
                       .zone = lane->zone().name,
                       .max_in_flight = lane->zone().max_in_flight};
      const auto take = [lane](std::vector<BackupRequest> rows) {
        if (rows.empty()) lane->nothing_to_call();  // no place is free: a trial is of more use to what follows
        for (auto& row : rows) lane->send(std::move(row));
      };
      claim(std::move(order), take, next);
    });
  }
}

void Rounds::add_follows(std::vector<Step>& steps, const DueWork& due) {
  for (auto* lane : lanes_) {
    const auto& name = lane->zone().name;
    if (std::find(due.follow.begin(), due.follow.end(), name) == due.follow.end()) continue;
    steps.push_back([this, lane](const Next& next) {
      const auto room = follow_page - lane->calls_under_way();
      if (room <= 0 || !lane->may_call()) return next();
      ClaimOrder order{.stage = Stage::follow,
                       .by = context_.self(),
                       .now = context_.now(),
                       .limit = lane->is_on_trial() ? 1 : room,
                       .zone = lane->zone().name};
      const auto take = [lane](std::vector<BackupRequest> rows) {
        if (rows.empty()) lane->nothing_to_call();
        for (auto& row : rows) lane->follow(std::move(row));
      };
      claim(std::move(order), take, next);
    });
  }
}

}  // namespace backupctl::app
