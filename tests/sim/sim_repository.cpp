#include "sim/sim_repository.hpp"

#include <utility>

namespace backupctl::sim {

Duration SimRepository::delay() {
  const auto most = random_.chance(faults_.slow) ? std::chrono::milliseconds(300) : std::chrono::milliseconds(3);
  return random_.up_to(most);
}

template <class T, class Call>
void SimRepository::later(Call call, Handler<T> handler) {
  time_.after(delay(), [this, call = std::move(call), handler = std::move(handler)]() mutable {
    time_.after(delay(), [answer = call(), handler = std::move(handler)] { handler(answer); });
  });
}

template <class T, class Call>
void SimRepository::read(Call call, Handler<Result<T>> handler) {
  later<Result<T>>(
      [this, call = std::move(call)]() -> Result<T> {
        if (random_.chance(faults_.read_failed)) return unavailable("simulated: the store does not answer");
        return call(store_);
      },
      std::move(handler));
}

void SimRepository::apply(std::vector<Command> commands, Handler<std::vector<Outcome>> handler) {
  auto call = [this, commands = std::move(commands)] {
    const auto all = [&](OutcomeStatus status) {
      return std::vector<Outcome>(commands.size(), Outcome{status, {}, false, unavailable("simulated")});
    };
    if (random_.chance(faults_.store_failed)) return all(OutcomeStatus::failed);
    if (random_.chance(faults_.store_unknown_not)) return all(OutcomeStatus::unknown);
    auto outcomes = store_.apply(commands);
    if (random_.chance(faults_.store_unknown_applied)) return all(OutcomeStatus::unknown);
    return outcomes;
  };
  later<std::vector<Outcome>>(std::move(call), std::move(handler));
}

void SimRepository::claim(ClaimOrder order, Handler<Result<std::vector<BackupRequest>>> handler) {
  auto call = [this, order = std::move(order)]() -> Result<std::vector<BackupRequest>> {
    if (random_.chance(faults_.store_failed)) return unavailable("simulated");
    auto rows = store_.claim(order);
    if (random_.chance(faults_.store_unknown_applied)) return unavailable("simulated: claimed, but nobody says so");
    return rows;
  };
  later<Result<std::vector<BackupRequest>>>(std::move(call), std::move(handler));
}

void SimRepository::beat(InstanceBeat beat, Handler<Result<BeatReply>> handler) {
  read<BeatReply>([beat = std::move(beat)](auto& store) { return store.beat(beat); }, std::move(handler));
}
void SimRepository::leave(InstanceId id, Handler<Result<void>> handler) {
  read<void>([id](auto& store) { return store.leave(id); }, std::move(handler));
}
void SimRepository::claim_notices(NoticeClaim claim, Handler<Result<std::vector<WaitingNotice>>> handler) {
  auto call = [this, claim]() -> Result<std::vector<WaitingNotice>> {
    if (random_.chance(faults_.store_failed)) return unavailable("simulated");
    auto notices = store_.claim_notices(claim);
    if (random_.chance(faults_.store_unknown_applied)) return unavailable("simulated: claimed, but nobody says so");
    return notices;
  };
  later<Result<std::vector<WaitingNotice>>>(std::move(call), std::move(handler));
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
void SimRepository::survey(Handler<Result<StoreSurvey>> handler) {
  read<StoreSurvey>([](auto& store) { return store.survey(); }, std::move(handler));
}

}  // namespace backupctl::sim
