// An asynchronous HTTP/1.1 client for servers that call servers: one peer, a few kept connections, one deadline for
// everything, and strict about what counts as an answer.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "backupctl/http/client_options.hpp"
#include "backupctl/http/runtime.hpp"
#include "backupctl/result.hpp"
#include "http/message.hpp"

namespace backupctl::http {

struct ClientRequest {
  std::string method = "GET";
  std::string target{};  // path and query, encoded, beginning with "/"; goes after the base URL's prefix
  Headers headers{};     // not Host, Authorization, User-Agent or the framing: those are ours
  std::string body{};    // at most some 64 KiB: it is held in memory and sent whole
};

struct ClientResponse {
  int status = 0;  // 200 to 599; redirects are answers like any other and never followed
  Headers headers{};
  std::string body{};
};

// Called exactly once, on the executor, never from within send(); not called at all once the client is gone.
// Errors of an exchange are unavailable, retryable, and their detail says which step failed, against whom and why:
//   `connect-failed`  nothing was sent: no such host, refused, no connection in time
//   `no-answer`       it was sent, or may have been in part, and no whole answer came back in time
//   `bad-answer`      what came is not HTTP as we take it, or too large
// A request that cannot be sent as it is (method, target or headers that would break the framing) is invalid.
using ResponseHandler = std::function<void(Result<ClientResponse>)>;

// On the executor; constructed, moved and destroyed there too, or while the Runtime is not running. The Runtime
// outlives it.
class Client {
 public:
  // Errors: invalid, saying which option and why.
  static Result<Client> create(Runtime& runtime, ClientOptions options);
  ~Client();  // cuts every connection; handlers not yet called are destroyed without a call
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  // Requests must be idempotent: one whose kept connection turns out to have been closed by the peer before a single
  // byte of an answer came is sent once more, on a new connection.
  void send(const ClientRequest& request, ResponseHandler handler);

 private:
  class Connection;
  class Exchange;
  class Pool;
  explicit Client(std::shared_ptr<Pool> pool);
  std::shared_ptr<Pool> pool_;
};

// One exchange on a Runtime of its own, for programs that have nothing else to do meanwhile. Blocks until the answer
// is there or options.timeout has passed. Errors: those of create() and of send(). Thread rule: any thread.
Result<ClientResponse> call(ClientOptions options, const ClientRequest& request);

}  // namespace backupctl::http
