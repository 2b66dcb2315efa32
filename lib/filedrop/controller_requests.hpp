// Requests of a Controller.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "filedrop/requests.hpp"

namespace backupctl::filedrop {

// As Requests says. Questions that the executor has not come to when this goes are dropped.
class ControllerRequests final : public Requests {
 public:
  ControllerRequests(Controller& controller, Executor& executor) : controller_(controller), executor_(executor) {}
  ~ControllerRequests() override {
    const std::lock_guard lock(life_->mutex);
    life_->is_over = true;
  }

  void submit(Submission submission, Handler<SubmitReply> handler) override {
    controller_.async_submit(std::move(submission), std::move(handler));
  }
  void find(std::vector<RequestId> ids, Handler<Result<std::vector<BackupRequest>>> handler) override;
  void histories(std::vector<RequestId> ids, Handler<Result<std::vector<History>>> handler) override;
  void cancel(RequestId id, Act act, Handler<Result<BackupRequest>> handler) override {
    controller_.async_cancel(id, std::move(act), std::move(handler));
  }

 private:
  struct Life {
    std::recursive_mutex mutex;
    bool is_over = false;
  };

  Controller& controller_;
  Executor& executor_;
  std::shared_ptr<Life> life_ = std::make_shared<Life>();
};

}  // namespace backupctl::filedrop
