// A server of a peer inside the test: well-behaved, or as bad as it is told to be. Thread rule: any thread.
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backupctl/ids.hpp"
#include "backupctl/log.hpp"
#include "backupctl/serial_executor.hpp"
#include "http/problem.hpp"
#include "http/server.hpp"

namespace backupctl::testing {

enum class Mood {
  well,
  silent,        // takes the request and says nothing
  garbage,       // application/json that is none
  html,          // another server's page, status 200
  html_404,      // the same, status 404
  unauthorized,  // 401
  broken,        // 500
};

class FakeServer {
 public:
  using Answer = std::function<http::Response(const http::Request&)>;

  explicit FakeServer(Answer answer) : answer_(std::move(answer)) {
    come_up();
    loop_ = std::thread([this] { runtime_.run(); });
  }
  ~FakeServer() {
    runtime_.stop();
    loop_.join();
    server_.reset();
  }

  std::string url() const { return "http://" + address_; }
  std::size_t calls() const { return calls_; }
  void set(Mood mood) { mood_ = mood; }

  // Answers what it has kept waiting while it was silent, and is well from now on.
  void release(int status, const std::string& body) {
    on_executor([&] {
      mood_ = Mood::well;
      for (const auto& respond : std::exchange(held_, {})) respond(http::json_response(status, body));
    });
  }

  void go_down() {
    on_executor([this] { server_.reset(); });
  }
  void come_back() {  // at the address it had
    on_executor([this] { come_up(); });
  }

 private:
  class NoLog final : public Logger {
    void write(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
  };
  class Count final : public Random {
    std::uint64_t next() override { return ++last_; }
    std::uint64_t last_ = 0;
  };

  void come_up() {
    server_ = std::make_unique<http::Server>(
        runtime_, http::ServerOptions{.listen = address_},
        [this](const http::Request& request, http::Respond respond) { handle(request, std::move(respond)); }, log_,
        clock_, random_);
    address_ = server_->start().value();
  }

  void handle(const http::Request& request, http::Respond respond) {
    ++calls_;
    switch (mood_.load()) {
      case Mood::well:
        return respond(answer_(request));
      case Mood::silent:
        return held_.push_back(std::move(respond));
      case Mood::garbage:
        return respond(http::json_response(200, "{\"backupJobId\":"));
      case Mood::html:
      case Mood::html_404:
        return respond({.status = mood_ == Mood::html ? 200 : 404,
                        .headers = {{"Content-Type", "text/html"}},
                        .body = "<html>welcome</html>"});
      case Mood::unauthorized:
        return respond(http::problem_response(401, "unauthenticated", "the bearer token is not known"));
      case Mood::broken:
        return respond(http::problem_response(500, "internal-error", "something went wrong inside"));
    }
  }

  void on_executor(const Task& task) {
    std::promise<void> done;
    runtime_.post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }

  Answer answer_;
  http::Runtime runtime_;
  NoLog log_;
  SystemClock clock_;
  Count random_;
  std::atomic<Mood> mood_ = Mood::well;
  std::atomic<std::size_t> calls_ = 0;
  std::vector<http::Respond> held_;
  std::string address_ = "127.0.0.1:0";
  std::unique_ptr<http::Server> server_;
  std::thread loop_;
};

}  // namespace backupctl::testing
