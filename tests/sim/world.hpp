// One simulated shop in a storm, and then in the quiet after it: a store, a job service, two zones, clients, and one to
// three controllers that crash, hang and stop. Everything runs on one thread in virtual time and follows from the seed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/clients.hpp"
#include "sim/shop.hpp"
#include "sim/sim_node.hpp"

namespace backupctl::sim {

struct RunReport {
  std::vector<std::string> violations;  // empty: all promises held
  std::uint64_t trace = 0;              // a hash over everything that happened, in order
  std::uint64_t events = 0;
  std::int64_t requests = 0;
  std::int64_t succeeded = 0;
  std::int64_t parked = 0;
  std::int64_t adopted = 0;
  std::int64_t imported = 0;
  FaultHits crashes{};  // at each fault point
};

class World {
 public:
  explicit World(std::uint64_t seed);
  RunReport run();

 private:
  void plan_troubles();
  void calm_down();
  void complete_configurations();
  std::string what_goes_on();
  RunReport report() const;

  Shop shop_;
  SimJobs jobs_;
  std::vector<std::unique_ptr<SimZone>> zones_;
  std::vector<std::unique_ptr<SimNode>> nodes_;
  Clients clients_;
};

}  // namespace backupctl::sim
