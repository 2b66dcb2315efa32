#include "jobs/shown_jobs.hpp"

namespace backupctl::jobs {
namespace {

constexpr std::size_t most_kept = 1000;

}  // namespace

std::optional<std::int64_t> ShownJobs::version() {
  const auto version = session_->data_version();
  if (!version || *version != version_) shown_.clear();
  if (!version) return {};
  version_ = *version;
  return version_;
}

const ShownJobs::Shown* ShownJobs::find(JobId id) const {
  const auto found = shown_.find(id);
  return found == shown_.end() ? nullptr : &found->second;
}

void ShownJobs::keep(std::int64_t version, JobId id, Shown shown) {
  if (version != version_) return;
  if (shown_.size() >= most_kept) shown_.clear();
  shown_.insert_or_assign(id, std::move(shown));
}

}  // namespace backupctl::jobs
