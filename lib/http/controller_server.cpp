#include "http/controller_server.hpp"

#include <utility>

namespace backupctl::http {
namespace {

// The server tells the API of what it refuses by itself.
ServerOptions counting(ServerOptions options, ControllerApi& api) {
  options.on_refusal = [&api](const Response& response) { api.count_refusal(response); };
  return options;
}

}  // namespace

ControllerServer::ControllerServer(Ports ports, ControllerServerOptions options)
    : controller_(ports.controller),
      logger_(ports.logger),
      api_({ports.controller, ports.runtime, ports.clock, ports.logger}, std::move(options.api)),
      router_(ports.authenticator, ports.logger),
      server_(ports.runtime, counting(std::move(options.server), api_), api_.counting(router_.handler()), ports.logger,
              ports.clock, ports.random) {
  api_.add_to(router_);
}

void ControllerServer::start(backupctl::Handler<Result<void>> handler) {
  auto address = server_.start();
  if (!address) return handler(std::move(address).error());
  address_ = *std::move(address);
  phase_ = Phase::serving;
  logger_.write(LogLevel::info, "listening", {{"address", address_}});
  handler(Result<void>{});
}

void ControllerServer::stop(Duration grace, backupctl::Handler<Result<void>> handler) {
  phase_ = Phase::stopped;
  api_.drain();
  server_.drain(std::chrono::ceil<std::chrono::milliseconds>(grace), [handler = std::move(handler)](std::size_t cut) {
    if (cut == 0) return handler(Result<void>{});
    handler(unavailable(std::to_string(cut) + " connections were cut"));
  });
}

TransportHealth ControllerServer::health() const {
  switch (phase_.load()) {
    case Phase::not_started:
      return {false, "not started"};
    case Phase::stopped:
      return {false, "stopped"};
    case Phase::serving:
      break;
  }
  if (const auto why = controller_.why_not_ready(); !why.empty()) {
    return {false, "the controller cannot take requests: " + why};
  }
  return {true, {}};
}

}  // namespace backupctl::http
