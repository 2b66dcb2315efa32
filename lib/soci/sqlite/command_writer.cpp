#include "soci/sqlite/command_writer.hpp"

#include <map>

#include "soci/sqlite/audit_statements.hpp"
#include "soci/sqlite/job_version.hpp"
#include "soci/sqlite/notice_statements.hpp"
#include "soci/sqlite/request_statements.hpp"
#include "soci/sqlite/result_statements.hpp"

namespace backupctl::soci {

namespace {

Outcome answer(OutcomeStatus status) { return {status, {}, false, {}}; }
Outcome applied_if(bool changed) { return answer(changed ? OutcomeStatus::applied : OutcomeStatus::already_done); }

class GroupWriter {
 public:
  explicit GroupWriter(SqliteSession& session) : session_(session), audit_(session) {}

  // Those that take a place come last: the others may leave one.
  void write(std::span<const Command> commands, std::span<Outcome> outcomes) {
    for (const bool placed : {false, true}) {
      for (std::size_t i = 0; i < commands.size(); ++i) {
        if (takes_place(commands[i]) != placed) continue;
        outcomes[i] = std::visit([this](const auto& one) { return write(one); }, commands[i]);
      }
    }
    audit_.close();
  }

 private:
  static bool takes_place(const Command& command) {
    return std::visit(
        [](const auto& one) {
          if constexpr (requires { one.place; }) return one.place.has_value();
          return false;
        },
        command);
  }

  // The progress to write, given what places the zone has left. A Command whose guard then fails keeps its place from
  // the rest of the group, no longer.
  const RequestProgress& choose(const RequestProgress& next, const std::optional<SendPlace>& place, bool& no_place) {
    if (!place) return next;
    auto known = places_.find(place->zone);
    if (known == places_.end()) known = places_.emplace(place->zone, zone_places(session_, place->zone)).first;
    auto& places = known->second;
    no_place = places.paused || places.taken >= place->max_in_flight;
    if (!no_place) ++places.taken;
    return no_place ? place->otherwise : next;
  }

  Outcome write(const AdmitRequest& command) {
    const auto& order = command.request.order;
    bool no_place = false;
    const auto& progress = choose(command.request.progress, command.place, no_place);
    if (!insert_request(session_, order, progress)) {
      if (auto same = find_request(session_, order.id))
        return {OutcomeStatus::already_done, std::move(same), false, {}};
      return {OutcomeStatus::lost_guard, find_request(session_, order.requester, order.key.value()), false, {}};
    }
    append_history(session_, order.id, progress.revision, command.history);
    if (command.job_version) keep_job_version(session_, *command.job_version);
    if (command.backup) put_backup(session_, *command.backup);
    if (command.adopted) remove_parked(session_, *command.adopted);
    keep_notice(session_, command.notice);
    audit_.append(command.audit);
    return {OutcomeStatus::applied, BackupRequest{order, progress}, no_place, {}};
  }

  Outcome write(const ChangeRequest& command) {
    bool no_place = false;
    const auto& progress = choose(command.next, command.place, no_place);
    const bool gone = command.recorded && !is_waiting(session_, *command.recorded);
    auto order = gone ? std::nullopt : update_request(session_, command.id, command.from, progress);
    if (!order) {
      auto current = find_request(session_, command.id);
      const bool done = current && (current->progress == command.next ||
                                    (command.place && current->progress == command.place->otherwise));
      return {done ? OutcomeStatus::already_done : OutcomeStatus::lost_guard, std::move(current), false, {}};
    }
    append_history(session_, command.id, progress.revision, command.history);
    if (command.job_version) keep_job_version(session_, *command.job_version);
    if (command.backup) put_backup(session_, *command.backup);
    if (command.recorded) remove_result(session_, *command.recorded);
    if (command.adopted) remove_parked(session_, *command.adopted);
    keep_notice(session_, command.notice);
    audit_.append(command.audit);
    return {OutcomeStatus::applied, BackupRequest{*std::move(order), progress}, no_place, {}};
  }

  Outcome write(const KeepResult& command) { return applied_if(insert_result(session_, command.record)); }

  Outcome write(const SettleResult& command) {
    if (!remove_result(session_, command.key)) return answer(OutcomeStatus::already_done);
    if (command.parked && !insert_parked(session_, *command.parked)) return answer(OutcomeStatus::applied);
    keep_notice(session_, command.notice);
    audit_.append(command.audit);
    return answer(OutcomeStatus::applied);
  }

  Outcome write(const Park& command) {
    if (!insert_parked(session_, command.parked)) return answer(OutcomeStatus::already_done);
    keep_notice(session_, command.notice);
    return answer(OutcomeStatus::applied);
  }

  Outcome write(const DismissParked& command) {
    if (!remove_parked(session_, command.id)) return answer(OutcomeStatus::already_done);
    audit_.append(command.audit);
    return answer(OutcomeStatus::applied);
  }

  Outcome write(const PauseZone& command) {
    if (!set_paused(session_, command.zone, command.paused)) return answer(OutcomeStatus::already_done);
    audit_.append(command.audit);
    return answer(OutcomeStatus::applied);
  }

  Outcome write(const WriteAudit& command) {
    audit_.append(std::vector{command.entry});
    return answer(OutcomeStatus::applied);
  }

  Outcome write(const TieAudit& command) { return applied_if(audit_.tie(command)); }

  Outcome write(const SettleNotice& command) { return applied_if(settle_notice(session_, command)); }

  SqliteSession& session_;
  AuditAppender audit_;
  std::map<ZoneName, ZonePlaces> places_;
};

}  // namespace

void write_commands(SqliteSession& session, std::span<const Command> commands, std::span<Outcome> outcomes) {
  GroupWriter(session).write(commands, outcomes);
}

}  // namespace backupctl::soci
