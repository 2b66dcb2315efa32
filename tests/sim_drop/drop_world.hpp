// One simulated shop whose requests come as files: a store, a job service, two zones, those who drop files, and one to
// three backupctl-filedrop on one real folder. Everything follows from the seed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/clients.hpp"
#include "sim_drop/drop_host.hpp"
#include "sim_drop/drop_model.hpp"

namespace backupctl::sim {

struct DropReport {
  std::vector<std::string> violations;  // empty: all promises held
  std::uint64_t trace = 0;
  std::uint64_t events = 0;
  std::int64_t files = 0;
  std::int64_t requests = 0;
  std::int64_t succeeded = 0;
  DropHits crashes{};  // at each fault point of the file drop
};

class DropWorld {
 public:
  explicit DropWorld(std::uint64_t seed);
  DropReport run();

 private:
  void plan_troubles();
  void calm_down();
  void complete_configurations();
  void cut_power();
  std::string what_goes_on();
  DropReport report() const;

  DropShop all_;
  Shop& shop_{all_.shop};
  SimJobs jobs_;
  std::vector<std::unique_ptr<SimZone>> zones_;
  std::vector<std::unique_ptr<SimNode>> nodes_;
  Clients clients_;
  std::vector<std::unique_ptr<DropHost>> hosts_;
  DropWriters writers_;
  DropModel model_;
};

}  // namespace backupctl::sim
