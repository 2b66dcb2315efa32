// The stingiest zone that still keeps the rules: it promises nothing beyond them. It may be slow, lose calls and
// replies, hear late or twice, tell results before the send was answered, forget, contradict itself and answer
// nonsense; it runs no command twice that it remembers.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "backupctl/zone_client.hpp"
#include "sim/shop.hpp"

namespace backupctl::sim {

class SimZone final : public ZoneClient {
 public:
  // Delivers a result to some controller; answers whether it was acknowledged as durable.
  using Deliver = std::function<void(ResultRecord, Handler<bool>)>;

  SimZone(Shop& shop, ZoneName name, Deliver deliver)
      : shop_(shop), name_(std::move(name)), deliver_(std::move(deliver)) {}

  void send(CreateBackupCommand command, Handler<SendReply> handler) override;
  void status(CallContext command, Handler<StatusReply> handler) override;
  void cancel(CallContext command, std::int64_t fence, Handler<CancelReply> handler) override;

  void list(std::string cursor, Handler<Result<ManifestList>> handler) override;

  void hold(Manifest manifest);  // a backup that nobody here asked for, as far as the store knows
  // Leaves a result of any kind in the outbox, also one that no command has.
  void leave_result(ResultRecord record);
  bool is_idle() const { return running_ == 0 && outbox_ == 0; }
  const ZoneName& name() const { return name_; }

 private:
  struct Known {
    std::int64_t fence = 0;
    std::int64_t runs = 0;
    bool present = false;  // in its memory of commands
    bool finished = false;
    bool cancelled = false;
    std::optional<ZoneResult> result{};
    std::optional<CreateBackupCommand> command{};
  };

  template <class Reply, class Act>
  void call(Act act, Reply lost, Handler<Reply> handler);
  SendReply hear(const CreateBackupCommand& command);
  SendReply wrong_send_answer(RequestId id);
  void run(RequestId id, std::int64_t nth);
  ZoneResult do_command(RequestId id, ResultCode code);
  void finish(RequestId id, ResultCode code);
  void leave(const ZoneResult& result);
  void push(const ResultRecord& record);
  ZoneResult result_of(RequestId id, ResultCode code) const;
  Duration delay();

  Shop& shop_;
  ZoneName name_;
  Deliver deliver_;
  std::map<RequestId, Known> commands_;
  std::map<RequestId, Manifest> held_;
  std::int64_t running_ = 0;
  std::int64_t outbox_ = 0;  // results that nobody has acknowledged
};

}  // namespace backupctl::sim
