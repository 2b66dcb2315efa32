// What must hold at every moment, whatever happens: the promises, written down once more and checked from outside. It
// sees the store's rows after each write, what clients are told, and what zones hear; it shares no code with the
// controller. On the simulation's one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "backupctl/audit.hpp"
#include "backupctl/controller.hpp"
#include "backupctl/testing/memory_repository.hpp"
#include "sim/sim_time.hpp"

namespace backupctl::sim {

class Model {
 public:
  Model(const SimTime& time, const testing::MemoryRepository& store) : time_(time), store_(store) {}

  // The world as it is.
  void zone_is(const ZoneName& zone, std::int64_t places) { places_.insert_or_assign(zone, places); }
  void job_is(JobId id, std::optional<BackupJob> job) { jobs_[id].push_back({time_.now(), std::move(job)}); }
  // From now on controllers' clocks show `zero` plus the time that has passed, give or take `skew`.
  void clock_is(Timestamp zero, Duration skew) { clocks_.push_back({time_.now(), zero, skew}); }

  // The store was written to by `by`, when that is known.
  enum class Write { commands, claim, beat, leave };
  void wrote(Write kind, std::optional<InstanceId> by);
  void refuses_writes() { refuses_writes_ = true; }  // for good, at least once: what cannot be written is not promised
  void claims(const ClaimOrder& order, const std::vector<BackupRequest>& rows);

  // Clients.
  void answered(const Submission& submission, const SubmitReply& reply);
  void told(const Notice& notice);

  // What people do by hand: told before it is asked of a controller, and once it says that it is done.
  void cancel_called(RequestId id, const std::string& by = "operator") { cancels_.insert_or_assign(id, by); }
  void dismiss_called(ParkedResultId id) { dismissals_.insert(id); }
  void adopt_called(const ParkedResult& parked, const ZoneResult& result);
  void adopted(const ParkedResult& parked, const BackupRequest& row);
  void bulk_called(BulkAct what, const RequestQuery& filter);
  void reconcile_called(const ZoneName& zone, bool import);
  void done(const std::string& action, const std::string& object);  // it is in the audit by now
  void heads_exported() { exported_heads_ = audit_heads(); }
  void stopped(InstanceId id);  // cleanly, nothing of it being under way

  // Zones: calls as they leave a controller and as they arrive, and what the zone says.
  void send_called(const CreateBackupCommand& command);
  void send_arrived(const ZoneName& zone, const CreateBackupCommand& command);
  void cancel_arrived(RequestId id, std::int64_t fence);
  void refused(RequestId id) { refused_.insert(id); }
  void delivered(const ResultRecord& record);  // given to a controller, which may or may not take it
  void applies(const Command& command);        // what the store is about to be written with
  void acknowledged(const ResultRecord& record);
  void holds(const Manifest& manifest) { held_[manifest.backup_request_id].push_back(manifest); }
  const ZoneResult* kept_result(const ParkedResult& parked) const;  // what its body says, if anybody can read it

  std::int64_t times_audited(const std::string& action) const;
  void ended();                      // after the quiet phase
  std::string what_is_open() const;  // an open request or a waiting result; nothing when all have ended

  const std::vector<std::string>& violations() const { return violations_; }
  void violation(std::string text);

 private:
  struct Seen {
    BackupRequest row;
    std::vector<HistoryEntry> history;
  };
  struct JobVersion {
    Duration since;
    std::optional<BackupJob> job;
  };
  struct ClockSetting {
    Duration since;
    Timestamp zero;
    Duration skew;
  };
  struct Change {
    Write kind;
    std::optional<InstanceId> by;
    const Seen* before;  // absent: a new row
    const BackupRequest& row;
    const std::vector<HistoryEntry>& history;
  };
  using ResultId = std::pair<RequestId, std::string>;
  struct Step {
    BackupRequest row;
    std::optional<RequestProgress> before;
  };
  // An audit entry that the write being looked at must have brought.
  struct Due {
    std::vector<std::string> actions;  // one of them
    std::string actor, object;
    std::string detail{};  // is part of the entry's
  };

  // Rows: model_rows.cpp
  void check_rows(Write kind, const std::optional<InstanceId>& by);
  void check_row(const Change& change);
  void check_shape(const BackupRequest& row);
  void check_times(const Change& change);
  void check_history(const Change& change);
  void check_moves(const Change& change);
  void check_owner(const Change& change);
  void check_claim(const Change& change);
  void check_freed(const Change& change);
  void check_end_of_request(const Change& change);
  void check_verdict(const BackupRequest& row);
  void check_keys(const BackupRequest& row);
  void check_places();

  // Results and backups: model_results.cpp
  void look_at_results();
  void check_backups();
  void check_gone_results();
  void check_parked();
  bool is_right_reason(const ParkedResult& parked) const;
  bool has_backup_of(RequestId id, const ZoneResult& result) const;
  bool is_caused_by_result(RequestId id) const;
  const ZoneResult* gone_result(RequestId id, ResultCode code) const;
  bool is_recorded(const ResultRecord& record) const;

  // What people do, and the audit: model_acts.cpp
  bool is_by_hand(RequestId id) const;           // somebody wanted it adopted or imported
  bool is_taken_in_by_hand(RequestId id) const;  // and the backup is the one that he wanted
  bool is_cancel_wanted(const BackupRequest& row) const;
  bool is_hurried(const Change& change) const;
  void check_audit(const std::optional<InstanceId>& by);
  std::vector<Due> audit_due() const;
  void add_due(const Step& step, std::vector<Due>& due) const;
  std::vector<AuditHead> audit_heads() const;
  void check_chains();

  bool may_have_been(JobId id, Duration from, const std::function<bool(const std::optional<BackupJob>&)>& holds) const;
  Duration received_at(const BackupOrder& order) const;
  const BackupRequest* row_of(RequestId id) const;
  bool is_paused(const ZoneName& zone) const;

  const SimTime& time_;
  const testing::MemoryRepository& store_;
  std::vector<std::string> violations_;

  std::map<ZoneName, std::int64_t> places_;
  std::map<JobId, std::vector<JobVersion>> jobs_;
  std::vector<ClockSetting> clocks_;

  std::map<RequestId, Seen> rows_;
  std::int64_t open_ = 0;
  std::map<std::pair<std::string, std::string>, RequestId> keys_;  // (requester, key)
  std::map<BackupId, Backup> backups_;
  std::map<RequestId, BackupId> backup_of_;
  std::vector<ResultRecord> waiting_;
  std::vector<ResultRecord> gone_;  // waited before the write that is being looked at, and does not any more
  std::map<RequestId, std::vector<ResultRecord>> delivered_;
  std::optional<RequestId> at_once_;  // the request that the write ends by a result which never waited, if any
  std::map<ResultId, std::optional<ZoneResult>> kept_;  // every result that ever waited
  std::set<RequestId> kept_unsent_;                     // had one that came before any send was recorded
  std::map<ParkedResultId, ParkedResult> parked_;
  std::vector<ParkedResult> newly_parked_, unparked_;  // by the write that is being looked at
  std::vector<Step> steps_;                            // likewise
  std::map<ZoneName, bool> paused_before_;

  bool refuses_writes_ = false;
  std::map<RequestId, std::string> cancels_;  // who asked
  std::set<ParkedResultId> dismissals_;
  std::map<RequestId, std::vector<ZoneResult>> adoptions_;
  std::map<RequestId, std::vector<Manifest>> held_;  // what zones hold, and held
  std::set<ZoneName> imports_;                       // zones whose backups somebody wanted imported
  std::vector<RequestQuery> bulk_cancels_;
  bool resends_ = false;
  std::set<std::string> acts_;  // "action object" of those that change nothing else
  std::map<InstanceId, std::size_t> audited_;
  std::set<std::string> audit_;                  // "action object"
  std::map<std::string, std::int64_t> actions_;  // how often each was audited
  std::vector<AuditHead> exported_heads_;
  std::set<RequestId> refused_;
  std::set<RequestId> acknowledged_;
  std::set<std::pair<RequestId, std::int64_t>> sends_;  // (command, fence) that left a controller
};

}  // namespace backupctl::sim
