// A controller as a server process: its parts put together, started, and ended in order.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backupctl/controller.hpp"
#include "backupctl/transport.hpp"
#include "controller/settings.hpp"
#include "http/controller_server.hpp"

namespace backupctl::host {

// What transports are made of. All of it outlives them.
struct Ground {
  const Settings& settings;
  http::Runtime& runtime;
  Clock& clock;
  Random& random;  // on the executor
  Logger& logger;
  FaultPoints* faults;
  Controller& controller;
  const http::Authenticator& authenticator;
};

// Started in this order, stopped one after another in this order too.
using Transports = std::vector<std::unique_ptr<Transport>>;
using MakeTransports = std::function<Transports(const Ground&)>;

// The HTTP API as [http] says.
std::unique_ptr<Transport> make_http_transport(const Ground& ground, http::ControllerApiOptions options = {});

struct ServiceParts {
  std::string program;  // shown among the live controllers
  Clock& clock;
  Logger& logger;
  FaultPoints* faults = nullptr;
  MakeTransports make_transports;
};

// Serves until SIGTERM or SIGINT; a second one ends without waiting. Returns the exit code: 0 after a signal, 1 when it
// could not start; the log says why. Thread rule: call once, from main.
int serve(const Settings& settings, const ServiceParts& parts);

}  // namespace backupctl::host
