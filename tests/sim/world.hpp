// One simulated shop: a store, a job service, two zones, clients, and one to three controllers that crash. Everything
// runs on one thread in virtual time and follows from the seed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backupctl/controller.hpp"
#include "backupctl/testing/memory_repository.hpp"
#include "sim/faults.hpp"
#include "sim/sim_repository.hpp"
#include "sim/sim_time.hpp"
#include "sim/sim_zone.hpp"

namespace backupctl::sim {

struct Outcome {
  std::vector<std::string> violations;  // empty: all promises held
  std::uint64_t trace = 0;              // a hash over everything that happened, in order
  std::int64_t requests = 0;
  std::int64_t succeeded = 0;
  std::int64_t crashes = 0;
};

class World {
 public:
  explicit World(std::uint64_t seed);
  ~World();
  Outcome run();

 private:
  struct Node;
  struct Crash {};
  class Jobs;

  void start(Node& node);
  void crash(Node& node);
  Node* some_live_node();
  void submit_some();
  void cancel_some();
  void pause_some();
  void step_clock();
  void submit(Submission submission, int tries_left);
  void calm_down();
  bool is_all_over();
  void check_always();
  void check_end();
  void note(std::string_view what, std::string_view detail = {});
  void violation(std::string text);

  SimRandom random_;
  Faults faults_;
  SimTime time_;
  Duration wall_offset_{};
  testing::MemoryRepository store_;
  std::unique_ptr<Jobs> jobs_;
  std::vector<std::unique_ptr<SimZone>> zones_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::int64_t max_in_flight_ = 3;

  struct Ack {
    RequestId id;
    std::string key;
  };
  std::vector<Ack> acknowledged_;
  std::map<RequestId, RequestState> last_states_;
  Outcome outcome_;
};

}  // namespace backupctl::sim
