#include "http/client.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>
#include <deque>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "http/client_message.hpp"
#include "http/runtime_access.hpp"

namespace backupctl::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t max_head_bytes = 32 * 1024;    // status line and headers of an answer
constexpr std::size_t max_buffer_bytes = 64 * 1024;  // also bounds a chunk's line and the trailers
constexpr std::string_view closed = "the connection was closed";

// Framing that two readers could take in two ways; "" when there is none.
std::string_view problem_with_framing(const beast::http::response<beast::http::string_body>& answer) {
  using beast::http::field;
  const auto lengths = answer.count(field::content_length);
  const auto codings = answer.count(field::transfer_encoding);
  if (lengths > 1 || codings > 1 || (lengths == 1 && codings == 1)) return "more than one length";
  const std::string_view length = answer[field::content_length];
  if (length.find_first_not_of("0123456789") != length.npos) return "a Content-Length that is no number";
  if (codings == 1 && (answer.version() != 11 || !beast::iequals(answer[field::transfer_encoding], "chunked"))) {
    return "a Transfer-Encoding other than chunked";
  }
  return {};
}

}  // namespace

class Client::Connection {
 public:
  explicit Connection(asio::io_context& io) : socket(io) {}

  // A kept connection should be silent: readable means closed by the peer, or an answer that nobody asked for.
  bool is_silent() {
    char byte = 0;
    return ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
  }
  void close() {
    error_code ignored;
    socket.close(ignored);
  }

  tcp::socket socket;
  beast::flat_buffer buffer{max_buffer_bytes};
};

// The connections to the one peer and who has or awaits one. On the executor.
class Client::Pool : public std::enable_shared_from_this<Pool> {
 public:
  Pool(asio::io_context& event_loop, Peer whom, ClientOptions how)
      : io(event_loop), peer(std::move(whom)), options(std::move(how)) {}

  void send(const ClientRequest& request, ResponseHandler handler);
  void acquire(Exchange& exchange);
  // The exchange has ended; `connection` when it can carry another one.
  void release(Exchange& exchange, std::unique_ptr<Connection> connection);
  void shut_down();

  asio::io_context& io;
  const Peer peer;
  const ClientOptions options;

 private:
  bool shut_down_ = false;
  std::set<std::shared_ptr<Exchange>> exchanges_;
  std::deque<Exchange*> waiting_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t open_ = 0;  // idle, in use and being made
};

// One request until its answer. Lives as long as the pool or one of its asynchronous operations needs it: those use the
// connection's socket and buffer, so a connection given up is closed but kept until then.
class Client::Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(Pool& pool, const ClientRequest& request, std::string wire, ResponseHandler handler)
      : pool_(pool.shared_from_this()),
        what_(request.method + " " + request.target.substr(0, request.target.find('?'))),
        wire_(std::move(wire)),
        is_head_(request.method == "HEAD"),
        handler_(std::move(handler)),
        deadline_(pool.io),
        resolver_(pool.io) {}

  void start() {
    deadline_.expires_after(pool_->options.timeout);
    deadline_.async_wait([self = shared_from_this()](error_code ec) {
      if (!ec) self->fail("no answer within " + std::to_string(self->pool_->options.timeout.count()) + " ms");
    });
    pool_->acquire(*this);
  }

  void use(std::unique_ptr<Connection> kept) {
    connection_ = std::move(kept);
    kept_ = true;
    has_slot_ = true;
    write();
  }

  void connect() {
    connection_ = std::make_unique<Connection>(pool_->io);
    kept_ = false;
    has_slot_ = true;
    error_code not_an_address;
    const auto address = asio::ip::make_address(pool_->peer.host, not_an_address);
    if (!not_an_address) {
      endpoints_.assign(1, {address, static_cast<std::uint16_t>(std::stoul(pool_->peer.port))});
      return connect_to_endpoints();
    }
    step_ = Step::look_up;
    resolver_.async_resolve(pool_->peer.host, pool_->peer.port,
                            [self = shared_from_this()](error_code ec, const tcp::resolver::results_type& found) {
                              if (self->done_) return;
                              if (ec) return self->fail(ec.message());
                              self->endpoints_.assign(found.begin(), found.end());
                              self->connect_to_endpoints();
                            });
  }

  // Ends it without a call of the handler.
  void abandon() {
    done_ = true;
    handler_ = nullptr;
    deadline_.cancel();
    resolver_.cancel();
    if (connection_) connection_->close();
  }

  bool has_slot() const { return has_slot_; }

 private:
  enum class Step { wait, look_up, connect, write, read };

  void connect_to_endpoints() {
    step_ = Step::connect;
    asio::async_connect(connection_->socket, endpoints_,
                        [self = shared_from_this()](error_code ec, const tcp::endpoint&) {
                          if (self->done_) return;
                          if (ec) return self->fail(ec.message());
                          error_code ignored;
                          self->connection_->socket.set_option(tcp::no_delay(true), ignored);
                          self->write();
                        });
  }

  void write() {
    step_ = Step::write;
    sent_ = true;
    asio::async_write(connection_->socket, asio::buffer(wire_),
                      [self = shared_from_this()](error_code ec, std::size_t) {
                        if (self->done_) return;
                        if (ec) return self->connection_lost(ec.message());
                        self->step_ = Step::read;
                        self->read();
                      });
  }

  void read() {
    const std::size_t room = max_buffer_bytes - connection_->buffer.size();
    if (room == 0) return refuse("a chunk's line or trailers longer than " + std::to_string(max_buffer_bytes));
    connection_->socket.async_read_some(connection_->buffer.prepare(std::min<std::size_t>(room, 16384)),
                                        [self = shared_from_this()](error_code ec, std::size_t bytes) {
                                          if (!self->done_) self->on_read(ec, bytes);
                                        });
  }

  void on_read(error_code ec, std::size_t bytes) {
    connection_->buffer.commit(bytes);
    heard_ = heard_ || bytes > 0;
    if (ec == asio::error::eof) return on_close();
    if (ec) return connection_lost(ec.message());
    while (!parser_) {
      const auto whole = take_head();
      if (done_) return;
      if (!whole) return read();
    }
    while (!parser_->is_done() && connection_->buffer.size() > 0) {
      connection_->buffer.consume(parser_->put(connection_->buffer.data(), ec));
      if (ec == beast::http::error::need_more) break;
      if (ec) return refuse(ec.message());
    }
    if (!parser_->is_done()) return read();
    complete(parser_->keep_alive() && connection_->buffer.size() == 0);
  }

  void on_close() {
    if (!heard_) return connection_lost(std::string(closed));
    error_code ec;
    if (parser_) parser_->put_eof(ec);
    if (!parser_ || ec) return fail(std::string(closed) + " in the middle of it");
    complete(false);
  }

  // Takes the status line and headers from the buffer once they are whole; false: read on. An interim answer (1xx) is
  // taken and dropped: the parser is then still absent.
  bool take_head() {
    auto& buffer = connection_->buffer;
    const std::string_view text(static_cast<const char*>(buffer.data().data()), buffer.size());
    constexpr std::string_view protocol = "HTTP/1.";
    if (text.substr(0, protocol.size()) != protocol.substr(0, text.size())) {
      return refuse("it does not begin with HTTP/1."), false;
    }
    const auto end = text.find("\r\n\r\n");
    if (end == text.npos && text.size() < max_head_bytes) return false;
    if (end == text.npos || end > max_head_bytes) return refuse("its headers are too long"), false;
    if (const auto problem = problem_with_head(text.substr(0, end + 2)); !problem.empty()) {
      return refuse(std::string(problem)), false;
    }

    parser_.emplace();
    parser_->header_limit(max_buffer_bytes);
    parser_->body_limit(pool_->options.max_response_bytes);
    parser_->skip(is_head_);
    error_code ec;
    buffer.consume(parser_->put(buffer.data(), ec));
    if (ec) return refuse(ec.message()), false;
    const auto& answer = parser_->get();
    if (const auto problem = problem_with_framing(answer); !problem.empty()) {
      return refuse(std::string(problem)), false;
    }
    response_.status = static_cast<int>(answer.result_int());
    if (response_.status == 101 || response_.status < 100 || response_.status > 599) {
      return refuse("its status is " + std::to_string(response_.status)), false;
    }
    if (response_.status < 200) return parser_.reset(), true;
    // Now, so that no trailer passes for a header.
    for (const auto& field : answer)
      response_.headers.add(std::string(field.name_string()), std::string(field.value()));
    parser_->eager(true);
    return true;
  }

  void complete(bool keep) {
    response_.body = std::move(parser_->get().body());
    finish(std::move(response_), keep);
  }

  void connection_lost(const std::string& why) {
    if (!kept_ || heard_) return fail(why);
    connect();  // at most once: a new connection is not a kept one
  }

  void fail(const std::string& why) { finish(error(why, sent_ ? "no-answer" : "connect-failed"), false); }
  void refuse(const std::string& why) { finish(error(why, "bad-answer"), false); }

  void finish(Result<ClientResponse> result, bool keep) {
    if (done_) return;
    const auto handler = std::move(handler_);
    auto kept = keep ? std::move(connection_) : nullptr;
    abandon();
    pool_->release(*this, std::move(kept));
    handler(std::move(result));
  }

  Error error(const std::string& why, std::string code) const {
    const std::string& whom = pool_->peer.name;
    std::string detail;
    switch (step_) {
      case Step::wait:
        detail = "wait for a free connection to " + whom;
        break;
      case Step::look_up:
        detail = "look up " + whom;
        break;
      case Step::connect:
        detail = "connect to " + whom;
        break;
      case Step::write:
        detail = "send " + what_ + " to " + whom;
        break;
      case Step::read:
        detail = "read the answer of " + whom + " to " + what_;
        break;
    }
    return {ErrorKind::unavailable, detail + ": " + why, true, std::move(code), {}};
  }

  const std::shared_ptr<Pool> pool_;
  const std::string what_;  // "GET /path", for people
  const std::string wire_;  // the request's bytes
  const bool is_head_;
  ResponseHandler handler_;
  asio::steady_timer deadline_;
  tcp::resolver resolver_;
  std::vector<tcp::endpoint> endpoints_;
  std::unique_ptr<Connection> connection_;
  std::optional<beast::http::response_parser<beast::http::string_body>> parser_;
  ClientResponse response_;
  Step step_ = Step::wait;
  bool has_slot_ = false;  // counts among the pool's open connections
  bool kept_ = false;      // the connection has served another request before
  bool sent_ = false;      // the peer may have seen some of the request
  bool heard_ = false;     // a byte of an answer came
  bool done_ = false;
};

void Client::Pool::send(const ClientRequest& request, ResponseHandler handler) {
  auto wire = to_wire(peer, options.bearer_token, request);
  if (!wire) {
    asio::post(io, [self = shared_from_this(), handler = std::move(handler), error = std::move(wire).error()] {
      if (!self->shut_down_) handler(error);
    });
    return;
  }
  auto exchange = std::make_shared<Exchange>(*this, request, *std::move(wire), std::move(handler));
  exchanges_.insert(exchange);
  exchange->start();
}

void Client::Pool::acquire(Exchange& exchange) {
  while (!idle_.empty()) {
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    if (connection->is_silent()) return exchange.use(std::move(connection));
    --open_;
  }
  if (open_ == options.max_connections) return waiting_.push_back(&exchange);
  ++open_;
  exchange.connect();
}

void Client::Pool::release(Exchange& exchange, std::unique_ptr<Connection> connection) {
  std::erase(waiting_, &exchange);
  if (connection) {
    idle_.push_back(std::move(connection));
  } else if (exchange.has_slot()) {
    --open_;
  }
  exchanges_.erase(exchange.shared_from_this());
  if (waiting_.empty() || !exchange.has_slot()) return;
  Exchange& next = *waiting_.front();
  waiting_.pop_front();
  acquire(next);
}

void Client::Pool::shut_down() {
  shut_down_ = true;
  waiting_.clear();
  idle_.clear();
  for (const auto& exchange : std::exchange(exchanges_, {})) exchange->abandon();
}

Result<Client> Client::create(Runtime& runtime, ClientOptions options) {
  auto peer = parse_base_url(options.base_url);
  if (!peer) return std::move(peer).error();
  if (options.timeout <= std::chrono::milliseconds(0) || options.timeout > std::chrono::hours(24)) {
    return Error{ErrorKind::invalid, "the time-out of " + options.base_url + " is not between 1 ms and 24 hours"};
  }
  if (options.max_connections == 0)
    return Error{ErrorKind::invalid, "not one connection to " + options.base_url + " is allowed"};
  if (!is_visible_ascii(options.bearer_token)) {
    return Error{ErrorKind::invalid,
                 "the token for " + options.base_url + " has spaces, control or non-ASCII characters"};
  }
  return Client{std::make_shared<Pool>(RuntimeAccess::io_context(runtime), *std::move(peer), std::move(options))};
}

Client::Client(std::shared_ptr<Pool> pool) : pool_(std::move(pool)) {}
Client::Client(Client&&) noexcept = default;

Client& Client::operator=(Client&& other) noexcept {
  if (this != &other && pool_) pool_->shut_down();
  pool_ = std::move(other.pool_);
  return *this;
}

Client::~Client() {
  if (pool_) pool_->shut_down();
}

void Client::send(const ClientRequest& request, ResponseHandler handler) { pool_->send(request, std::move(handler)); }

Result<ClientResponse> call(ClientOptions options, const ClientRequest& request) {
  Runtime runtime;
  auto client = Client::create(runtime, std::move(options));
  if (!client) return std::move(client).error();
  Result<ClientResponse> answer = Error{ErrorKind::internal, "the exchange ended without an answer"};
  client->send(request, [&](Result<ClientResponse> result) {
    answer = std::move(result);
    runtime.stop();
  });
  runtime.run();
  return answer;
}

}  // namespace backupctl::http
