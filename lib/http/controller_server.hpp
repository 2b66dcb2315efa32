// HTTP as a Transport: the controller's API behind a server of its own.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>

#include "backupctl/transport.hpp"
#include "http/controller_api.hpp"
#include "http/router.hpp"
#include "http/server.hpp"

namespace backupctl::http {

struct ControllerServerOptions {
  ServerOptions server{};
  ControllerApiOptions api{};
};

// As Transport says. Constructed on the executor, or while the Runtime is not running; destroyed alike. The ports and
// the authenticator outlive it. Logs "listening" with the address.
class ControllerServer final : public Transport {
 public:
  struct Ports {
    Controller& controller;
    Runtime& runtime;
    Clock& clock;
    Random& random;
    Logger& logger;
    const Authenticator& authenticator;
  };
  ControllerServer(Ports ports, ControllerServerOptions options);

  TransportKind kind() const override { return TransportKind::http; }
  void start(backupctl::Handler<Result<void>> handler) override;
  void stop(Duration grace, backupctl::Handler<Result<void>> handler) override;
  TransportHealth health() const override;

  const std::string& address() const { return address_; }  // where it listens, once it does

 private:
  enum class Phase { not_started, serving, stopped };

  Controller& controller_;
  Logger& logger_;
  ControllerApi api_;
  Router router_;
  Server server_;
  std::string address_;
  std::atomic<Phase> phase_ = Phase::not_started;
};

}  // namespace backupctl::http
