// The transport of examples/custom_transport.cpp keeps the contract too.
#include <vector>

#include "backupctl/testing/transport_contract.hpp"
#include "queue_transport.hpp"

namespace backupctl::testing {
namespace {

class QueueWorld final : public TransportWorld {
 public:
  TransportKind kind() const override { return TransportKind::queue; }
  std::string requester() const override { return "night"; }
  std::unique_ptr<Transport> make(const TransportGround& ground) override {
    return std::make_unique<QueueTransport>(
        ground.controller, ground.executor, queue_,
        [this](const Message& message, const SubmitReply& reply) { on_reply(message, reply); },
        [this](const Message&, const BackupRequest& row) {
          const std::lock_guard lock(mutex_);
          ends_[row.order.id] = row.progress.state;
        });
  }
  int send(const TransportRequest& request) override {
    const std::lock_guard lock(mutex_);
    keys_.push_back(request.key);
    answers_.erase(request.key);
    queue_.publish(
        {request.key, contract_job, request.is_readable ? request.source : "no path", "2021-01-08", requester()});
    return static_cast<int>(keys_.size()) - 1;
  }
  std::optional<TransportAnswer> answer(int sent) override {
    const std::lock_guard lock(mutex_);
    const auto found = answers_.find(keys_.at(static_cast<std::size_t>(sent)));
    return found == answers_.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<RequestState> outcome(int, RequestId id) override {
    const std::lock_guard lock(mutex_);
    const auto found = ends_.find(id);
    return found == ends_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  void on_reply(const Message& message, const SubmitReply& reply) {
    const std::lock_guard lock(mutex_);
    TransportAnswer answer;
    if (reply.request) answer.id = reply.request->order.id;
    if (!reply.request) answer.refusal = reply.error->code;
    answers_[message.key] = answer;
  }

  std::mutex mutex_;
  Queue queue_;
  std::vector<std::string> keys_;
  std::map<std::string, TransportAnswer> answers_;
  std::map<RequestId, RequestState> ends_;
};

INSTANTIATE_TEST_SUITE_P(Queue, TransportContract, ::testing::Values([]() -> std::unique_ptr<TransportWorld> {
                           return std::make_unique<QueueWorld>();
                         }));

}  // namespace
}  // namespace backupctl::testing
