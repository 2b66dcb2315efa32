// Those who ask for backups and operators who help by hand; and those who leave results and backups that nobody here
// asked for.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "sim/shop.hpp"
#include "sim/sim_node.hpp"

namespace backupctl::sim {

class Clients {
 public:
  using Nodes = std::vector<std::unique_ptr<SimNode>>;
  using Zones = std::vector<std::unique_ptr<SimZone>>;

  Clients(Shop& shop, Nodes& nodes, Zones& zones) : shop_(shop), nodes_(nodes), zones_(zones) {}

  void plan(Duration until);  // what they will do, and when
  void resume_zones();        // an operator, until every zone is resumed
  // To some controller; `acknowledged` is told whether it is durable, at the latest when the zone's patience ends.
  void deliver(ResultRecord record, Handler<bool> acknowledged);
  SimNode* some_node();

  // Nobody waits for an answer, or will ask again.
  bool are_content();

 private:
  void submit(const Submission& submission, int tries_left);
  void cancel();
  void do_by_hand();
  void dismiss();
  void adopt();
  void act_on_all(BulkAct what);
  void reconcile(const ZoneName& zone, bool import);
  void lose_a_request();
  void pause(const ZoneName& zone, bool paused);
  void leave_rogue_result();
  Submission some_submission(int number);

  // An answer that a controller owes as long as it lives.
  struct Owed {
    SimNode* node;
    std::uint64_t life;
  };

  Shop& shop_;
  Nodes& nodes_;
  Zones& zones_;
  std::vector<RequestId> acknowledged_;
  std::map<std::uint64_t, Owed> owed_;
  std::uint64_t asked_ = 0;
  std::int64_t coming_ = 0;  // asks that are planned
};

}  // namespace backupctl::sim
