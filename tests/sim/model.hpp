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
  void cancel_called(RequestId id) { cancels_.insert(id); }
  void answered(const Submission& submission, const SubmitReply& reply);
  void dismiss_called(ParkedResultId id) { dismissals_.insert(id); }
  void told(const Notice& notice);
  void stopped(InstanceId id);  // cleanly, nothing of it being under way

  // Zones: calls as they leave a controller and as they arrive, and what the zone says.
  void send_called(const CreateBackupCommand& command);
  void send_arrived(const ZoneName& zone, const CreateBackupCommand& command);
  void cancel_arrived(RequestId id, std::int64_t fence);
  void refused(RequestId id) { refused_.insert(id); }
  void acknowledged(const ResultRecord& record);

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
  std::vector<ResultRecord> gone_;   // waited before the write that is being looked at, and does not any more
  std::set<ResultId> kept_;          // every result that ever waited
  std::set<RequestId> kept_unsent_;  // had one that came before any send was recorded
  std::map<ParkedResultId, ParkedResult> parked_;
  std::set<ParkedResultId> dismissals_;
  std::vector<ParkedResult> newly_parked_;
  std::map<ZoneName, bool> paused_before_;

  bool refuses_writes_ = false;
  std::set<RequestId> cancels_;
  std::set<RequestId> refused_;
  std::set<RequestId> acknowledged_;
  std::set<std::pair<RequestId, std::int64_t>> sends_;  // (command, fence) that left a controller
};

}  // namespace backupctl::sim
