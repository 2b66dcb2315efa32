// NAME.cancel: asks the controller to cancel every request of the files called NAME that has not ended.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "filedrop/job.hpp"
#include "filedrop/line_reader.hpp"

namespace backupctl::filedrop {

// Who may: the requester of each request, and trusted file owners. It waits for files of that name that are still being
// read, and works from the receipts in work/, also from those of other processes: what comes of it they see in the
// store.
class CancelJob final : public Job, public std::enable_shared_from_this<CancelJob> {
 public:
  CancelJob(Context& context, Taken taken) : context_(context), taken_(std::move(taken)) {}
  Result<Duration> step() override;
  bool is_over() const override { return is_over_; }

 private:
  Result<Duration> begin();
  Result<bool> find_receipts();  // false: a file is still being read
  Result<Duration> go_through();
  void on_row(RequestId id, const Result<std::optional<BackupRequest>>& row);
  void on_cancelled(const Result<BackupRequest>& cancelled);
  void one_less();
  Result<void> end();

  Context& context_;
  const Taken taken_;
  std::optional<Speaker> speaker_;
  std::vector<std::string> receipts_;  // in work/, not gone through yet
  Descriptor file_;
  std::optional<LineReader> reader_;
  int awaited_ = 0;
  std::int64_t taken_up_ = 0;
  std::int64_t refused_ = 0;  // requests of somebody else
  bool is_to_repeat_ = false;
  bool is_over_ = false;
};

}  // namespace backupctl::filedrop
