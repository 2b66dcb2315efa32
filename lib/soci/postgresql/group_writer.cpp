#include "soci/postgresql/group_writer.hpp"

#include <map>
#include <string>
#include <vector>

#include "soci/postgresql/audit_statements.hpp"
#include "soci/postgresql/notice_statements.hpp"
#include "soci/postgresql/request_statements.hpp"
#include "soci/postgresql/side_statements.hpp"

namespace backupctl::soci::postgresql {

namespace {

Outcome answer(OutcomeStatus status) { return {status, {}, false, {}}; }
OutcomeStatus applied_if(bool changed) { return changed ? OutcomeStatus::applied : OutcomeStatus::already_done; }

// What a Command must not share with another of the same set; a set would see neither's effect on the other.
std::vector<std::string> names_of(const Command& command) {
  const auto names = [](const auto& one) -> std::vector<std::string> {
    using C = std::decay_t<decltype(one)>;
    if constexpr (std::is_same_v<C, AdmitRequest>) {
      const auto& order = one.request.order;
      std::vector<std::string> all{order.id.to_string()};
      if (order.key) all.push_back("key " + order.requester.str() + " " + order.key->str());
      if (one.adopted) all.push_back("parked " + one.adopted->to_string());
      return all;
    } else if constexpr (std::is_same_v<C, ChangeRequest>) {
      std::vector<std::string> all{one.id.to_string()};
      if (one.adopted) all.push_back("parked " + one.adopted->to_string());
      return all;
    } else if constexpr (std::is_same_v<C, KeepResult>) {
      return {one.record.command_id.to_string()};
    } else if constexpr (std::is_same_v<C, SettleResult>) {
      std::vector<std::string> all{one.key.command_id.to_string()};
      if (one.parked) all.push_back("parked " + one.parked->id.to_string());
      return all;
    } else if constexpr (std::is_same_v<C, Park>) {
      return {one.parked.command_id.to_string(), "parked " + one.parked.id.to_string()};
    } else if constexpr (std::is_same_v<C, DismissParked>) {
      return {"parked " + one.id.to_string()};
    } else {
      return {};  // stands alone
    }
  };
  return std::visit(names, command);
}

// How many of the first Commands can be written as one set.
std::size_t set_size(std::span<const Command> commands) {
  std::set<std::string> taken;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    auto names = names_of(commands[i]);
    if (names.empty()) return i == 0 ? 1 : i;
    for (auto& name : names) {
      if (!taken.insert(std::move(name)).second) return i;
    }
  }
  return commands.size();
}

template <class C>
struct Member {
  const C* command;
  Outcome* outcome;
};

// One set, written kind by kind.
class SetWriter {
 public:
  SetWriter(PostgresqlSession& session, JobVersions& known) : session_(session), known_(known) {}

  void write(std::span<const Command> commands, std::span<Outcome> outcomes) {
    for (std::size_t i = 0; i < commands.size(); ++i) {
      std::visit([&](const auto& command) { take(command, outcomes[i]); }, commands[i]);
    }
    change(changes_);  // first: they may leave places
    if (!placed_zones_.empty()) places_ = lock_places(session_, placed_zones_);
    admit();
    change(placed_changes_);
    keep();
    settle();
    write_side_rows();
    tell(commands, outcomes);
  }

 private:
  void take(const AdmitRequest& command, Outcome& outcome) {
    admits_.push_back({&command, &outcome});
    if (command.place) placed_zones_.insert(command.place->zone);
  }
  void take(const ChangeRequest& command, Outcome& outcome) {
    (command.place ? placed_changes_ : changes_).push_back({&command, &outcome});
    if (command.place) placed_zones_.insert(command.place->zone);
  }
  void take(const KeepResult& command, Outcome& outcome) { keeps_.push_back({&command, &outcome}); }
  void take(const SettleResult& command, Outcome& outcome) { settles_.push_back({&command, &outcome}); }
  void take(const Park& command, Outcome& outcome) { parks_.push_back({&command, &outcome}); }
  void take(const PauseZone& command, Outcome& outcome) {
    outcome = answer(applied_if(set_paused(session_, command.zone, command.paused)));
  }

  void take(const DismissParked& command, Outcome& outcome) { dismissals_.push_back({&command, &outcome}); }
  // Audit entries are written below, with those of other Commands.
  void take(const WriteAudit&, Outcome& outcome) { outcome = answer(OutcomeStatus::applied); }
  void take(const TieAudit& command, Outcome& outcome) { outcome = answer(applied_if(tie_audit(session_, command))); }
  void take(const SettleNotice& command, Outcome& outcome) {
    outcome = answer(applied_if(settle_notice(session_, command)));
  }

  // The progress to write, given what places the zone has left. A Command whose guard then fails keeps its place from
  // the rest of the set, no longer.
  const RequestProgress& choose(const RequestProgress& next, const std::optional<SendPlace>& place, bool& no_place) {
    if (!place) return next;
    auto& places = places_[place->zone];
    no_place = places.paused || places.taken >= place->max_in_flight;
    if (!no_place) ++places.taken;
    return no_place ? place->otherwise : next;
  }

  template <class C>
  void remember_side_rows(const C& command, RequestId id, std::int64_t revision) {
    if (!command.history.empty()) histories_.push_back({id, revision, &command.history});
    if (const auto& job = command.job_version; job && known_.emplace(job->id, job->version).second) {
      versions_.push_back(&*job);
    }
    if (command.backup) backups_.push_back(&*command.backup);
    if (command.adopted) adopted_.push_back(*command.adopted);
  }

  void admit() {
    std::vector<NewRequest> rows;
    for (auto& [command, outcome] : admits_) {
      *outcome = answer(OutcomeStatus::applied);
      rows.push_back({&command->request.order, &choose(command->request.progress, command->place, outcome->no_place)});
    }
    const auto inserted = insert_requests(session_, rows);
    std::vector<RequestId> others;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto& [command, outcome] = admits_[i];
      if (inserted.contains(rows[i].order->id)) {
        outcome->current = BackupRequest{*rows[i].order, *rows[i].progress};
        remember_side_rows(*command, rows[i].order->id, rows[i].progress->revision);
      } else {
        others.push_back(rows[i].order->id);
      }
    }
    if (others.empty()) return;
    const auto same = find_requests(session_, others);
    for (auto& [command, outcome] : admits_) {
      const auto& order = command->request.order;
      if (inserted.contains(order.id)) continue;
      if (const auto found = same.find(order.id); found != same.end()) {
        *outcome = {OutcomeStatus::already_done, found->second, false, {}};
      } else {
        *outcome = {OutcomeStatus::lost_guard, find_request(session_, order.requester, order.key.value()), false, {}};
      }
    }
  }

  void change(std::vector<Member<ChangeRequest>>& members) {
    std::vector<const ResultKey*> recorded;
    for (const auto& member : members) {
      if (member.command->recorded) recorded.push_back(&*member.command->recorded);
    }
    const auto waiting = lock_results(session_, recorded);
    std::vector<NextProgress> rows;
    std::map<RequestId, const RequestProgress*> written;
    for (auto& [command, outcome] : members) {
      if (command->recorded && !waiting.contains(command->recorded->command_id)) continue;
      *outcome = answer(OutcomeStatus::applied);
      rows.push_back({command->id, command->from, &choose(command->next, command->place, outcome->no_place)});
      written[command->id] = rows.back().next;
    }
    auto updated = update_requests(session_, rows);
    std::vector<RequestId> others;
    for (auto& [command, outcome] : members) {
      const auto found = updated.find(command->id);
      if (found == updated.end()) {
        others.push_back(command->id);
        continue;
      }
      outcome->current = BackupRequest{std::move(found->second), *written.at(command->id)};
      remember_side_rows(*command, command->id, written.at(command->id)->revision);
      if (command->recorded) recorded_.push_back(&*command->recorded);
    }
    if (others.empty()) return;
    auto now = find_requests(session_, others);
    for (auto& [command, outcome] : members) {
      if (updated.contains(command->id)) continue;
      *outcome = answer(OutcomeStatus::lost_guard);
      const auto found = now.find(command->id);
      if (found == now.end()) continue;
      const auto& progress = found->second.progress;
      const bool done = progress == command->next || (command->place && progress == command->place->otherwise);
      if (done) outcome->status = OutcomeStatus::already_done;
      outcome->current = std::move(found->second);
    }
  }

  void keep() {
    std::vector<const ResultRecord*> records;
    for (const auto& member : keeps_) records.push_back(&member.command->record);
    const auto written = insert_results(session_, records);
    for (auto& [command, outcome] : keeps_) *outcome = answer(applied_if(written.contains(command->record.command_id)));
  }

  void settle() {
    std::vector<const ResultKey*> keys;
    for (const auto& member : settles_) keys.push_back(&member.command->key);
    const auto removed = remove_results(session_, keys);
    std::vector<const ParkedResult*> parked;
    for (auto& [command, outcome] : settles_) {
      const bool waited = removed.contains(command->key.command_id);
      *outcome = answer(applied_if(waited));
      if (waited && command->parked) parked.push_back(&*command->parked);
    }
    for (const auto& member : parks_) parked.push_back(&member.command->parked);
    const auto written = insert_parked(session_, parked);
    for (auto& [command, outcome] : parks_) *outcome = answer(applied_if(written.contains(command->parked.id)));
    for (auto& [command, outcome] : settles_) {
      if (command->parked && !written.contains(command->parked->id)) untold_.insert(outcome);
    }

    std::vector<ParkedResultId> ids;
    for (const auto& member : dismissals_) ids.push_back(member.command->id);
    const auto dismissed = remove_parked(session_, ids);
    for (auto& [command, outcome] : dismissals_) *outcome = answer(applied_if(dismissed.contains(command->id)));
  }

  void write_side_rows() {
    if (!histories_.empty()) append_history(session_, histories_);
    keep_job_versions(session_, versions_);
    put_backups(session_, backups_);
    remove_results(session_, recorded_);
    remove_parked(session_, adopted_);
  }

  // Notices and audit of what was applied, in the order of the Commands.
  void tell(std::span<const Command> commands, std::span<const Outcome> outcomes) {
    std::vector<const Notice*> notices;
    std::vector<AuditEntry> entries;
    for (std::size_t i = 0; i < commands.size(); ++i) {
      if (outcomes[i].status != OutcomeStatus::applied || untold_.contains(&outcomes[i])) continue;
      std::visit(
          [&](const auto& command) {
            if constexpr (requires { command.notice; }) {
              if (command.notice) notices.push_back(&*command.notice);
            }
            if constexpr (requires { command.audit; }) {
              entries.insert(entries.end(), command.audit.begin(), command.audit.end());
            }
            if constexpr (requires { command.entry; }) entries.push_back(command.entry);
          },
          commands[i]);
    }
    keep_notices(session_, notices);
    append_audit(session_, entries);
  }

  PostgresqlSession& session_;
  JobVersions& known_;
  std::vector<Member<AdmitRequest>> admits_;
  std::vector<Member<ChangeRequest>> changes_, placed_changes_;
  std::vector<Member<KeepResult>> keeps_;
  std::vector<Member<SettleResult>> settles_;
  std::vector<Member<Park>> parks_;
  std::vector<Member<DismissParked>> dismissals_;
  std::set<ZoneName> placed_zones_;
  std::map<ZoneName, ZonePlaces> places_;

  // Of what was applied.
  std::vector<NewHistory> histories_;
  std::vector<const BackupJob*> versions_;
  std::vector<const Backup*> backups_;
  std::vector<const ResultKey*> recorded_;
  std::vector<ParkedResultId> adopted_;
  std::set<const Outcome*> untold_;  // nothing was parked, it was there already
};

}  // namespace

void write_group(PostgresqlSession& session, std::span<const Command> commands, std::span<Outcome> outcomes,
                 JobVersions& known) {
  while (!commands.empty()) {
    const auto size = set_size(commands);
    SetWriter(session, known).write(commands.first(size), outcomes.first(size));
    commands = commands.subspan(size);
    outcomes = outcomes.subspan(size);
  }
}

}  // namespace backupctl::soci::postgresql
