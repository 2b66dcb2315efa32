// A transport of one's own: requests come as messages of a queue. The queue here lives in memory and stands for a
// broker; what matters is how a message is treated: it is acknowledged once its request is durable, not before, and one
// that is delivered again leads to the same request, for its key is the same.
#pragma once

#include <backupctl/controller.hpp>
#include <backupctl/transport.hpp>

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>

struct Message {
  std::string key, job, source, as_of, requester;
};

// A broker: keeps a message until it is acknowledged, and delivers it again when it is given back. Thread-safe.
class Queue {
 public:
  void publish(Message message) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(message));
    }
    wake();
  }
  bool take(Message& message) {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return false;
    message = taken_.emplace_back(std::move(waiting_.front()));
    waiting_.pop_front();
    return true;
  }
  void acknowledge(const std::string& key) {
    const std::lock_guard lock(mutex_);
    std::erase_if(taken_, [&key](const Message& message) { return message.key == key; });
  }
  void give_back_all() {  // as a broker does when its consumer has gone
    const std::lock_guard lock(mutex_);
    waiting_.insert(waiting_.begin(), taken_.begin(), taken_.end());
    taken_.clear();
  }
  void subscribe(std::function<void()> consumer) {
    const std::lock_guard lock(mutex_);
    consumer_ = std::move(consumer);
  }

 private:
  void wake() {
    std::function<void()> consumer;
    {
      const std::lock_guard lock(mutex_);
      consumer = consumer_;
    }
    if (consumer) consumer();
  }

  std::mutex mutex_;
  std::deque<Message> waiting_, taken_;
  std::function<void()> consumer_;
};

// On the executor, as every transport; replies go to `tell`, on the executor too.
class QueueTransport final : public backupctl::Transport {
 public:
  using Tell = std::function<void(const Message&, const backupctl::SubmitReply&)>;
  using TellEnd = std::function<void(const Message&, const backupctl::BackupRequest&)>;

  QueueTransport(backupctl::Controller& controller, backupctl::Executor& executor, Queue& queue, Tell tell,
                 TellEnd tell_end)
      : controller_(controller),
        executor_(executor),
        queue_(queue),
        tell_(std::move(tell)),
        tell_end_(std::move(tell_end)) {}
  ~QueueTransport() override {
    queue_.subscribe(nullptr);
    queue_.give_back_all();
  }

  backupctl::TransportKind kind() const override { return backupctl::TransportKind::queue; }

  void start(backupctl::Handler<backupctl::Result<void>> handler) override {
    is_taking_ = true;
    queue_.subscribe([this, life = std::weak_ptr(life_)] {
      executor_.post([this, life] {
        if (!life.expired()) pump();
      });
    });
    handler({});
    pump();
  }

  void stop(backupctl::Duration, backupctl::Handler<backupctl::Result<void>> handler) override {
    is_taking_ = false;
    queue_.subscribe(nullptr);
    queue_.give_back_all();  // what was not acknowledged is delivered again, here or elsewhere
    life_ = std::make_shared<int>();
    handler({});
  }

  backupctl::TransportHealth health() const override {
    if (!is_taking_) return {false, "messages are not taken"};
    if (!controller_.is_ready()) return {false, "the store does not answer"};
    return {true, {}};
  }

 private:
  void pump() {
    Message message;
    while (is_taking_ && under_way_ < 64 && queue_.take(message)) submit(message);
  }

  void submit(const Message& message) {
    using namespace backupctl;
    const auto job = JobId::parse(message.job);
    const auto source = SourcePath::parse(message.source);
    const auto as_of = CivilDate::parse(message.as_of);
    const auto requester = OwnerName::parse(message.requester);
    const auto key = IdempotencyKey::parse(message.key);
    if (!job || !source || !as_of || !requester || !key) {
      queue_.acknowledge(message.key);  // it would not be better next time
      return tell_(message, {{}, false, Error{ErrorKind::invalid, "no request", false, "invalid-request", {}}});
    }
    ++under_way_;
    Submission submission{*job, *source, *as_of, *requester, *key, TransportKind::queue, {}, true};
    controller_.async_submit(submission, [this, message, life = std::weak_ptr(life_)](const SubmitReply& reply) {
      if (life.expired()) return;
      --under_way_;
      on_reply(message, reply);
      pump();
    });
  }

  void on_reply(const Message& message, const backupctl::SubmitReply& reply) {
    if (!reply.request && reply.error->retryable) {  // nothing is promised: once more, later
      return executor_.post_after(std::chrono::milliseconds(100), [this, message, life = std::weak_ptr(life_)] {
        if (!life.expired() && is_taking_) submit(message);
      });
    }
    queue_.acknowledge(message.key);
    tell_(message, reply);
    if (!reply.request) return;
    controller_.async_wait(reply.request->order.id, std::chrono::hours(24 * 365),
                           [this, message, life = std::weak_ptr(life_)](const auto& row) {
                             if (!life.expired() && row) tell_end_(message, *row);
                           });
  }

  backupctl::Controller& controller_;
  backupctl::Executor& executor_;
  Queue& queue_;
  const Tell tell_;
  const TellEnd tell_end_;
  std::atomic<bool> is_taking_ = false;
  int under_way_ = 0;
  std::shared_ptr<int> life_ = std::make_shared<int>();  // gone: answers that still come find nobody
};
