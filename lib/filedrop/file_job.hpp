// One dropped file on its way: read, receipt published, put away, followed to its end.
#pragma once

#include <memory>
#include <optional>

#include "filedrop/following.hpp"
#include "filedrop/intake.hpp"
#include "filedrop/job.hpp"

namespace backupctl::filedrop {

class FileJob final : public Job {
 public:
  // Goes on where the files in work/ show that it stands.
  FileJob(Context& context, Taken taken);
  Result<Duration> step() override;
  bool is_over() const override { return stage_ == Stage::over; }
  bool is_reading() const override { return stage_ == Stage::reading; }

 private:
  enum class Stage { reading, publishing, putting_away, following, over };

  Stage stage_on_disk();
  Result<Duration> read();

  Context& context_;
  const Taken taken_;
  bool with_id_ = false;
  Stage stage_;
  std::shared_ptr<Intake> intake_;
  Told told_;
  std::shared_ptr<Following> following_;
};

}  // namespace backupctl::filedrop
