// One backupctl-filedrop: a controller and the file drop beside it, which live and die together. The drop is the code
// that ships, on a real folder; only its thread, its clock and its watch are the simulation's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "filedrop/controller_requests.hpp"
#include "filedrop/drop.hpp"
#include "sim/sim_node.hpp"
#include "sim_drop/drop_shop.hpp"

namespace backupctl::sim {

class DropHost final : filedrop::Requests, FaultPoints, Logger, Clock {
 public:
  DropHost(DropShop& drop_shop, SimNode& node) : all_(drop_shop), shop_(drop_shop.shop), node_(node) {}
  ~DropHost() override;

  void begin() { plan(Duration{0}); }
  void came(const std::string& name, bool by_rename);  // the kernel tells of a file in inbox/, or does not
  void stop_for(Duration away);                        // cleanly, then starts again
  void die();                                          // as of SIGKILL, then starts again
  const DropHits& crashes() const { return crashes_; }

 private:
  struct Crash {};

  void submit(Submission submission, Handler<SubmitReply> handler) override;
  void find(std::vector<RequestId> ids, Handler<Result<std::vector<BackupRequest>>> handler) override {
    requests_->find(std::move(ids), std::move(handler));
  }
  void histories(std::vector<RequestId> ids, Handler<Result<std::vector<filedrop::History>>> handler) override {
    requests_->histories(std::move(ids), std::move(handler));
  }
  void cancel(RequestId id, Act act, Handler<Result<BackupRequest>> handler) override;
  void reach(std::string_view step, bool after) override;
  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) override;
  Timestamp now() override { return shop_.wall(); }
  Duration monotonic() override { return shop_.time.now(); }

  void plan(Duration delay);
  void turn();
  bool start();
  void let_go();
  Duration work();

  DropShop& all_;
  Shop& shop_;
  SimNode& node_;
  std::unique_ptr<filedrop::ControllerRequests> requests_;
  std::unique_ptr<filedrop::Drop> drop_;
  std::uint64_t born_ = 0;  // the life of the controller that the drop belongs to
  std::uint64_t planned_ = 0;
  std::vector<std::pair<std::string, bool>> arrivals_;  // told by the kernel, not looked at yet
  std::optional<Duration> stop_by_;
  Duration away_{};
  DropHits crashes_{};
};

}  // namespace backupctl::sim
