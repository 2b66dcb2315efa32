#include "filedrop/file_job.hpp"

#include <utility>

#include "filedrop/publishing.hpp"

namespace backupctl::filedrop {

FileJob::FileJob(Context& context, Taken taken)
    : context_(context), taken_(std::move(taken)), stage_(stage_on_disk()) {}

FileJob::Stage FileJob::stage_on_disk() {
  const int work = context_.spool().work();
  with_id_ = exists(work, part_name(taken_, Part::with_id));
  if (with_id_ || exists(work, part_name(taken_, Part::plain))) return Stage::putting_away;
  if (exists(work, part_name(taken_, Part::lines))) return Stage::publishing;
  if (exists(work, taken_.file())) return Stage::reading;
  // Somebody finished it, or an operator took the file away: what was being written of it means nothing any more.
  (void)remove(work, part_name(taken_, Part::lines_tmp));
  (void)remove(work, part_name(taken_, Part::end_tmp));
  return Stage::over;
}

Result<Duration> FileJob::step() {
  switch (stage_) {
    case Stage::reading:
      return read();
    case Stage::publishing: {
      const auto with_id = publish_receipt(context_, taken_);
      if (!with_id) return with_id.error();
      with_id_ = *with_id;
      stage_ = Stage::putting_away;
      return Duration{0};
    }
    case Stage::putting_away:
      if (auto put = put_away(context_, taken_, with_id_); !put) return std::move(put).error();
      following_ = std::make_shared<Following>(context_, taken_, with_id_, std::move(told_));
      stage_ = Stage::following;
      return Duration{0};
    case Stage::following: {
      auto due = following_->step();
      // Somebody has cleared up in work/: nothing can be followed any more.
      if (!due && due.error().kind == ErrorKind::not_found) stage_ = stage_on_disk();
      if (following_->is_over()) stage_ = Stage::over;
      return due;
    }
    case Stage::over:
      break;
  }
  return Duration{0};
}

Result<Duration> FileJob::read() {
  if (!intake_) {
    auto opened = Intake::open(context_, taken_);
    if (!opened && opened.error().code == "not-a-request-file") {
      auto rejected =
          reject(context_, context_.spool().work(), taken_.file(), taken_.id, taken_.name.file(), opened.error());
      if (!rejected) return std::move(rejected).error();
      stage_ = Stage::over;
      return Duration{0};
    }
    if (!opened) {
      if (opened.error().kind == ErrorKind::not_found) stage_ = stage_on_disk();
      return std::move(opened).error();
    }
    intake_ = *std::move(opened);
  }
  const auto due = intake_->step();
  if (intake_->state() == Intake::State::failed) {
    auto error = intake_->failure();
    intake_.reset();  // from the beginning: every line leads to the same request
    return error;
  }
  if (intake_->state() == Intake::State::complete) {
    told_ = intake_->take_told();
    intake_.reset();
    stage_ = Stage::publishing;
  }
  return due;
}

}  // namespace backupctl::filedrop
