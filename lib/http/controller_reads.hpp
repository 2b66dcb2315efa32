// The calls of the controller's HTTP API that only read. They need no Controller: who has the store at hand answers
// them as one would.
#pragma once

#include <functional>
#include <utility>

#include "backupctl/controller.hpp"
#include "backupctl/executor.hpp"
#include "http/router.hpp"

namespace backupctl::http {

// On the executor. The ports outlive it; it outlives the Router it is added to and every call that the Router has let
// in.
class ControllerReads {
 public:
  using AskStatus = std::function<void(backupctl::Handler<Result<ControllerStatus>>)>;

  ControllerReads(Repository& repository, Executor& executor, Clock& clock, AskStatus ask_status)
      : repository_(repository), executor_(executor), clock_(clock), ask_status_(std::move(ask_status)) {}

  void add_to(Router& router) const;

  Repository& repository() const { return repository_; }
  Timestamp now() const { return clock_.now(); }
  void ask_status(backupctl::Handler<Result<ControllerStatus>> handler) const { ask_status_(std::move(handler)); }

  // Ports answer from any thread, once; the caller's connection lives on the executor.
  template <class T>
  backupctl::Handler<T> back(std::function<void(T)> handler) const {
    return [&executor = executor_, handler = std::move(handler)](T value) mutable {
      executor.post([handler = std::move(handler), value = std::move(value)]() mutable { handler(std::move(value)); });
    };
  }

 private:
  Repository& repository_;
  Executor& executor_;
  Clock& clock_;
  AskStatus ask_status_;
};

}  // namespace backupctl::http
