#include "sim/sim_jobs.hpp"

#include <string>
#include <utility>

namespace backupctl::sim {

SimJobs::SimJobs(Shop& shop) : shop_(shop) {
  for (std::uint8_t i = 0; i < 3; ++i) {
    jobs_[i] = approved(i);
    if (i == 2) jobs_[i]->approval = ApprovalState::suspended;
    shop_.model.job_is(job(i), jobs_[i]);
  }
}

JobId SimJobs::job(std::uint8_t number) {
  boost::uuids::uuid uuid{};
  uuid.data[15] = static_cast<std::uint8_t>(number + 1);
  return JobId{uuid};
}

BackupJob SimJobs::approved(std::uint8_t number) {
  ++version_;
  return {.id = job(number),
          .version = version_,
          .name = "job",
          .approval = ApprovalState::approved,
          .zone = ZoneName::parse(number == 1 ? "tapes" : "files").value(),
          .storage_path = "path-" + std::to_string(version_),
          .days_to_keep = 30 + version_,
          .allowed_requesters = {"client"},
          .source_roots = {"/data"}};
}

void SimJobs::change_until(Duration end) {
  if (shop_.chance(shop_.faults.jobs_restless)) change(end);
}

void SimJobs::change(Duration end) {
  shop_.time.after(shop_.random.up_to(std::chrono::seconds(4)), [this, end] {
    if (shop_.time.now() >= end) return;
    const auto number = static_cast<std::uint8_t>(shop_.random.below(3));
    std::optional<BackupJob> job = approved(number);
    switch (shop_.random.below(12)) {
      case 0:
        job->approval = ApprovalState::suspended;
        break;
      case 1:
        job->in_force_to = CivilDate::of(epoch - std::chrono::hours(48));
        break;
      case 2:
        job->in_force_from = CivilDate::of(epoch + std::chrono::hours(48));
        break;
      case 3:
        job->allowed_requesters = {"somebody-else"};
        break;
      case 4:
        job->source_roots = {"/dat"};
        break;
      case 5:
        job.reset();
        break;
      case 6:
        job->zone = ZoneName::parse(number == 1 ? "files" : "tapes").value();
        break;
      default:
        break;
    }
    shop_.note("job-changed", job ? to_string(job->approval) : "gone");
    jobs_[number] = job;
    shop_.model.job_is(SimJobs::job(number), std::move(job));
    change(end);
  });
}

Duration SimJobs::delay(Duration slow_at_most) {
  return shop_.random.up_to(shop_.chance(shop_.faults.slow) ? slow_at_most : std::chrono::milliseconds(10));
}

// The answer tells the job as it was when the call arrived, and may take its time to come back.
void SimJobs::fetch(JobId id, CallContext, Handler<Result<std::optional<BackupJob>>> handler) {
  const bool lost = shop_.chance(shop_.faults.job_unavailable);
  shop_.time.after(delay(std::chrono::seconds(1)), [this, id, lost, handler = std::move(handler)] {
    Result<std::optional<BackupJob>> answer = unavailable("simulated: the job service is away");
    if (!lost) answer = jobs_.at(static_cast<std::size_t>(id.uuid().data[15] - 1));
    shop_.time.after(delay(std::chrono::seconds(6)), [answer = std::move(answer), handler] { handler(answer); });
  });
}

}  // namespace backupctl::sim
