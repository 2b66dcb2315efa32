// The stingiest zone that still keeps the rules: it promises nothing beyond them. It may be slow, lose calls and
// replies, tell results before the send was answered, late or twice, and fail; it runs no command twice.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "backupctl/zone_client.hpp"
#include "sim/faults.hpp"
#include "sim/sim_time.hpp"

namespace backupctl::sim {

class SimZone final : public ZoneClient {
 public:
  // Delivers a result to some controller; answers whether it was acknowledged as durable.
  using Deliver = std::function<void(ResultRecord, Handler<bool>)>;

  SimZone(SimTime& time, SimRandom& random, const Faults& faults, ZoneName name, Timestamp epoch, Deliver deliver)
      : time_(time),
        random_(random),
        faults_(faults),
        name_(std::move(name)),
        epoch_(epoch),
        deliver_(std::move(deliver)) {}

  void send(CreateBackupCommand command, Handler<SendReply> handler) override;
  void status(CallContext command, Handler<StatusReply> handler) override;
  void cancel(CallContext command, std::int64_t fence, Handler<CancelReply> handler) override;

  struct Known {
    std::int64_t fence = 0;
    std::int64_t runs = 0;
    std::int64_t forgotten = 0;
    bool present = false;  // in its memory of commands
    bool finished = false;
    bool cancelled = false;
    std::optional<ZoneResult> result{};
    bool acknowledged = false;
  };
  const std::map<RequestId, Known>& commands() const { return commands_; }

 private:
  template <class Reply, class Act>
  void call(Act act, Reply lost, Handler<Reply> handler);
  void run(RequestId id);
  void finish(RequestId id, ResultCode code);
  void push(RequestId id);
  Duration delay();

  SimTime& time_;
  SimRandom& random_;
  const Faults& faults_;
  ZoneName name_;
  Timestamp epoch_;
  Deliver deliver_;
  std::map<RequestId, Known> commands_;
};

}  // namespace backupctl::sim
