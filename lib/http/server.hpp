// An HTTP/1.1 server that is strict about framing, bounded in everything, and never holds a thread for a request.
//
// Whatever could be read in two ways (two lengths, two hosts, folded headers, unknown transfer codings, …) is refused
// with a problem document and the connection is closed: no proxy in front can be made to see other requests than we do.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "backupctl/log.hpp"
#include "backupctl/result.hpp"
#include "http/message.hpp"
#include "http/runtime.hpp"

namespace backupctl {
class Random;
}

namespace backupctl::http {

struct ServerState;

struct ServerOptions {
  std::string listen = "127.0.0.1:8080";            // "host:port", "[::1]:port"; port 0: the kernel chooses
  std::size_t max_body_bytes = 65536;               // more: 413
  std::size_t max_header_bytes = 16384;             // request line and headers; more: 431
  std::size_t max_connections = 2000;               // more: 503 at once
  std::chrono::milliseconds read_timeout{10'000};   // from a request's first byte to its last
  std::chrono::milliseconds idle_timeout{60'000};   // between requests, and before the first
  std::chrono::milliseconds write_timeout{30'000};  // for one whole answer
  std::chrono::milliseconds linger_timeout{1'000};  // for the peer to take the last answer before the close
  // Told, on the executor, of each answer that refuses what the handler never sees: bad framing, too large, too slow.
  std::function<void(const Response&)> on_refusal{};
};

// On the executor; constructed and destroyed there too, or while the Runtime is not running. `runtime`, `logger`,
// `clock` and `random` outlive it. The handler is called on the executor; when it throws, or drops its Respond without
// calling it, the client gets a 500.
class Server {
 public:
  Server(Runtime& runtime, ServerOptions options, Handler handler, Logger& logger, Clock& clock, Random& random);
  ~Server();  // cuts every connection
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Listens and returns the real address. Errors: invalid (the listen address), unavailable (in use, not ours, …).
  Result<std::string> start();

  void stop_accepting();

  // Stops accepting, closes idle connections, lets answers under way end, each with "Connection: close". Calls `done`
  // once all are gone, or after `grace` with the number of connections that were cut.
  void drain(std::chrono::milliseconds grace, std::function<void(std::size_t cut)> done);

  std::size_t connections() const;

 private:
  std::shared_ptr<ServerState> state_;
};

}  // namespace backupctl::http
