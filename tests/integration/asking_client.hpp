// A Client on a running Runtime, for tests that ask and wait.
#pragma once

#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "http/client.hpp"

namespace backupctl::testing {

class AskingClient {
 public:
  explicit AskingClient(http::ClientOptions options)
      : client_(std::make_unique<http::Client>(http::Client::create(runtime_, std::move(options)).value())),
        thread_([this] { runtime_.run(); }) {}
  ~AskingClient() {
    runtime_.stop();
    thread_.join();
  }

  using Answer = Result<http::ClientResponse>;

  std::future<Answer> start(http::ClientRequest request) {
    auto promise = std::make_shared<std::promise<Answer>>();
    runtime_.post([this, promise, request = std::move(request)] {
      client_->send(request, [promise](Answer answer) { promise->set_value(std::move(answer)); });
    });
    return promise->get_future();
  }
  Answer ask(http::ClientRequest request) { return start(std::move(request)).get(); }
  Answer get(std::string target) { return ask({"GET", std::move(target), {}, {}}); }

  // Runs `task` on the executor and waits for its end.
  void run(Task task) {
    std::promise<void> done;
    runtime_.post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }
  std::unique_ptr<http::Client>& client() { return client_; }  // on the executor

 private:
  http::Runtime runtime_;
  std::unique_ptr<http::Client> client_;
  std::thread thread_;
};

}  // namespace backupctl::testing
