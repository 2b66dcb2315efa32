// The job service: approves, suspends, changes and forgets jobs while it is asked about them.
#pragma once

#include <array>
#include <optional>

#include "backupctl/job_client.hpp"
#include "sim/shop.hpp"

namespace backupctl::sim {

class SimJobs final : public JobClient {
 public:
  explicit SimJobs(Shop& shop);
  void fetch(JobId id, CallContext context, Handler<Result<std::optional<BackupJob>>> handler) override;

  void change_until(Duration end);  // now and then until then
  static JobId job(std::uint8_t number);

 private:
  BackupJob approved(std::uint8_t number);
  void change(Duration end);
  Duration delay(Duration slow_at_most);

  Shop& shop_;
  std::array<std::optional<BackupJob>, 4> jobs_;  // the last one never is
  std::int64_t version_ = 0;
};

}  // namespace backupctl::sim
