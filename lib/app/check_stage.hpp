// Checks Received requests with the job service and writes what comes of it. On the executor.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "app/amend.hpp"
#include "app/context.hpp"
#include "app/job_checks.hpp"
#include "app/zone_lane.hpp"

namespace backupctl::app {

struct Checked {
  std::optional<BackupRequest> row{};  // as it stands now; absent when it could not be written or is not there
  std::optional<Error> error{};        // the job service gave no answer
};

enum class WhenUnavailable { try_again_later, close };

class CheckStage {
 public:
  using FindLane = std::function<ZoneLane*(const ZoneName&)>;

  CheckStage(Context& context, Committer& committer, Amender& amender, JobChecks& jobs, FindLane find_lane)
      : context_(context), committer_(committer), amender_(amender), jobs_(jobs), find_lane_(std::move(find_lane)) {}

  // `row` is Received and ours. `done` is told when the outcome is durable, just before the request goes on to its
  // zone. `is_void`, when given, turns true should the row turn out not to be stored: then nothing is written.
  void check(BackupRequest row, WhenUnavailable when_unavailable, Handler<Checked> done,
             std::shared_ptr<const bool> is_void = nullptr);

  std::int64_t under_way() const { return under_way_; }

 private:
  std::optional<ChangeRequest> decide_answer(const BackupRequest& row, const BackupJob* job, RequestId asked_for);
  void on_written(Amended amended, std::int64_t fence, std::optional<Error> error, const Handler<Checked>& done);
  void hand_on(BackupRequest row, bool answered_before, bool no_place, std::int64_t fence);

  Context& context_;
  Committer& committer_;
  Amender& amender_;
  JobChecks& jobs_;
  FindLane find_lane_;
  std::int64_t under_way_ = 0;
  std::set<std::pair<JobId, std::int64_t>> stored_versions_;  // job versions that the store has for sure
};

}  // namespace backupctl::app
