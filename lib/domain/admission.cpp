#include "domain/admission.hpp"

#include <algorithm>

namespace backupctl {

std::optional<std::string> reason_not_allowed(const std::optional<BackupJob>& job, const BackupOrder& order) {
  if (!job) return "there is no backup job " + order.job_id.to_string();
  if (job->approval != ApprovalState::approved) {
    return "the backup job is not approved: it is " + std::string(to_string(job->approval));
  }
  const auto day = CivilDate::of(order.received);
  if (job->in_force_from && day < *job->in_force_from) {
    return "the backup job is not in force before " + job->in_force_from->to_string();
  }
  if (job->in_force_to && day > *job->in_force_to) {
    return "the backup job is not in force after " + job->in_force_to->to_string();
  }
  const auto& requesters = job->allowed_requesters;
  if (std::find(requesters.begin(), requesters.end(), order.requester.str()) == requesters.end()) {
    return "the backup job does not name " + order.requester.str() + " among its requesters";
  }
  const auto& roots = job->source_roots;
  const bool beneath = std::any_of(roots.begin(), roots.end(),
                                   [&](const std::string& root) { return is_beneath(order.source.str(), root); });
  if (!beneath) return "the source " + order.source.str() + " is outside the backup job's source roots";
  return {};
}

}  // namespace backupctl
