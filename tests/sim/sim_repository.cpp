#include "sim/sim_repository.hpp"

#include <utility>

namespace backupctl::sim {
namespace {

const char* name_of(OutcomeStatus status) {
  const char* names[] = {"applied", "already-done", "lost-guard", "unknown", "failed"};
  return names[static_cast<int>(status)];
}

std::string row_of(const Outcome& outcome) {
  if (!outcome.current) return {};
  const auto& p = outcome.current->progress;
  return outcome.current->order.id.to_string() + " " + std::string(to_string(p.state)) + " revision " +
         std::to_string(p.revision) + (p.owner ? " owner " + p.owner->to_string() : "");
}

}  // namespace

Duration SimRepository::delay() {
  const auto most = shop_.chance(shop_.faults.slow) ? std::chrono::milliseconds(300) : std::chrono::milliseconds(3);
  return shop_.random.up_to(most);
}

template <class T, class Call>
void SimRepository::later(Call call, Handler<T> handler) {
  shop_.time.after(delay(), [this, call = std::move(call), handler = std::move(handler)]() mutable {
    shop_.time.after(delay(), [answer = call(), handler = std::move(handler)] { handler(answer); });
  });
}

template <class T, class Call>
void SimRepository::read(Call call, Handler<Result<T>> handler) {
  later<Result<T>>(
      [this, call = std::move(call)]() -> Result<T> {
        if (shop_.chance(shop_.faults.read_failed)) return unavailable("simulated: the store does not answer");
        return call(shop_.store);
      },
      std::move(handler));
}

template <class T, class Call>
void SimRepository::write(Call call, Handler<Result<T>> handler) {
  later<Result<T>>(
      [this, call = std::move(call)]() -> Result<T> {
        if (shop_.chance(shop_.faults.store_failed)) return unavailable("simulated: not done");
        auto answer = call(shop_.store);
        if (shop_.chance(shop_.faults.store_unknown_applied)) return unavailable("simulated: done, nobody says so");
        return answer;
      },
      std::move(handler));
}

void SimRepository::apply(std::vector<Command> commands, Handler<std::vector<Outcome>> handler) {
  ++writes_under_way_;
  auto call = [this, by = user_, commands = std::move(commands)] {
    --writes_under_way_;
    const auto& faults = shop_.faults;
    const auto all = [&](OutcomeStatus status) {
      return std::vector<Outcome>(commands.size(), Outcome{status, {}, false, unavailable("simulated")});
    };
    if (shop_.chance(faults.store_failed)) return all(OutcomeStatus::failed);
    if (shop_.chance(faults.store_unknown_not)) return all(OutcomeStatus::unknown);
    auto outcomes = commit(commands, by);
    if (shop_.chance(faults.store_unknown_applied)) return all(OutcomeStatus::unknown);
    return outcomes;
  };
  later<std::vector<Outcome>>(std::move(call), std::move(handler));
}

// One after another, so that the model sees what each Command did: they are atomic each by itself.
std::vector<Outcome> SimRepository::commit(const std::vector<Command>& commands, const std::optional<InstanceId>& by) {
  std::vector<Outcome> outcomes;
  for (const auto& command : commands) {
    if (shop_.chance(shop_.faults.command_failed)) {
      Error error = unavailable("simulated: this one not");
      error.retryable = shop_.chance(80);
      if (!error.retryable) shop_.model.refuses_writes();
      outcomes.push_back({OutcomeStatus::failed, {}, false, error});
      continue;
    }
    shop_.model.applies(command);
    outcomes.push_back(std::move(shop_.store.apply({command}).front()));
    const auto& outcome = outcomes.back();
    shop_.note("store", name_of(outcome.status), shop_.trace.is_shown() ? row_of(outcome) : std::string());
    shop_.model.wrote(Model::Write::commands, by);
  }
  return outcomes;
}

void SimRepository::claim(ClaimOrder order, Handler<Result<std::vector<BackupRequest>>> handler) {
  write<std::vector<BackupRequest>>(
      [this, order = std::move(order)](auto& store) {
        auto rows = store.claim(order);
        shop_.model.claims(order, *rows);
        return rows;
      },
      std::move(handler));
}

void SimRepository::beat(InstanceBeat beat, Handler<Result<BeatReply>> handler) {
  user_ = beat.id;
  write<BeatReply>(
      [this, beat = std::move(beat)](auto& store) {
        auto reply = store.beat(beat);
        shop_.model.wrote(Model::Write::beat, beat.id);
        return reply;
      },
      std::move(handler));
}

void SimRepository::leave(InstanceId id, Handler<Result<void>> handler) {
  left_quietly_ = writes_under_way_ == 0;
  write<void>(
      [this, id](auto& store) {
        auto left = store.leave(id);
        shop_.model.wrote(Model::Write::leave, id);
        return left;
      },
      std::move(handler));
}

void SimRepository::claim_notices(NoticeClaim claim, Handler<Result<std::vector<WaitingNotice>>> handler) {
  write<std::vector<WaitingNotice>>([claim](auto& store) { return store.claim_notices(claim); }, std::move(handler));
}

void SimRepository::find_request(RequestId id, Handler<Result<std::optional<BackupRequest>>> handler) {
  read<std::optional<BackupRequest>>([id](auto& store) { return store.find_request(id); }, std::move(handler));
}
void SimRepository::list_requests(RequestQuery query, Handler<Result<std::vector<BackupRequest>>> handler) {
  read<std::vector<BackupRequest>>([query](auto& store) { return store.list_requests(query); }, std::move(handler));
}
void SimRepository::history(RequestId id, Handler<Result<std::vector<HistoryEntry>>> handler) {
  read<std::vector<HistoryEntry>>([id](auto& store) { return store.history(id); }, std::move(handler));
}
void SimRepository::find_backup(BackupId id, Handler<Result<std::optional<Backup>>> handler) {
  read<std::optional<Backup>>([id](auto& store) { return store.find_backup(id); }, std::move(handler));
}
void SimRepository::list_backups(BackupQuery query, Handler<Result<std::vector<Backup>>> handler) {
  read<std::vector<Backup>>([query](auto& store) { return store.list_backups(query); }, std::move(handler));
}
void SimRepository::waiting_results(std::int64_t limit, Handler<Result<std::vector<ResultRecord>>> handler) {
  read<std::vector<ResultRecord>>([limit](auto& store) { return store.waiting_results(limit); }, std::move(handler));
}
void SimRepository::list_parked(ParkedQuery query, Handler<Result<std::vector<ParkedResult>>> handler) {
  read<std::vector<ParkedResult>>([query](auto& store) { return store.list_parked(query); }, std::move(handler));
}
void SimRepository::list_audit(AuditQuery query, Handler<Result<std::vector<AuditRecord>>> handler) {
  read<std::vector<AuditRecord>>([query](auto& store) { return store.list_audit(query); }, std::move(handler));
}
void SimRepository::audit_heads(Handler<Result<std::vector<AuditHead>>> handler) {
  read<std::vector<AuditHead>>([](auto& store) { return store.audit_heads(); }, std::move(handler));
}
void SimRepository::due(DueQuery query, Handler<Result<DueWork>> handler) {
  read<DueWork>([query = std::move(query)](auto& store) { return store.due(query); }, std::move(handler));
}
void SimRepository::survey(Timestamp now, Handler<Result<StoreSurvey>> handler) {
  read<StoreSurvey>([now](auto& store) { return store.survey(now); }, std::move(handler));
}

}  // namespace backupctl::sim
