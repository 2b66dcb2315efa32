#include "http/server_session.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>
#include <exception>
#include <utility>

#include "http/problem.hpp"

namespace backupctl::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::redirect_error;
using asio::use_awaitable;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t max_chunk_extension_bytes = 4096;  // of one body
constexpr std::size_t body_buffer_bytes = 16384;
constexpr std::size_t idle_buffer_bytes = 4096;

bool is_safe_header(const Header& header) {
  const auto bad = [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; };
  return !header.name.empty() && std::ranges::none_of(header.name, bad) && std::ranges::none_of(header.value, bad) &&
         header.name.find_first_of(" :") == std::string::npos;
}

Response to_response(const Refusal& refusal) {
  auto response = problem_response(refusal.status, refusal.code, refusal.detail);
  response.close = true;
  return response;
}

Refusal body_too_large(std::size_t limit) {
  return {413, "body-too-large", "the body is larger than " + std::to_string(limit) + " bytes"};
}

Refusal took_too_long() { return {408, "request-timeout", "the request did not come within the time for reading one"}; }

void add_field(std::string& message, std::string_view name, std::string_view value) {
  message.append(name).append(": ").append(value).append("\r\n");
}

// RFC 9112, 4: one piece, so that it goes out as one.
std::string to_message(const Response& response, bool head_only) {
  const bool has_body = response.status != 204 && response.status != 304;
  std::string message;
  message.reserve(512 + response.body.size());
  message.append("HTTP/1.1 ").append(std::to_string(response.status)).append(1, ' ');
  message.append(beast::http::obsolete_reason(beast::http::int_to_status(static_cast<unsigned>(response.status))));
  message += "\r\n";
  for (const Header& header : response.headers) add_field(message, header.name, header.value);
  if (!response.headers.find("Cache-Control")) add_field(message, "Cache-Control", "no-store");
  if (!response.headers.find("X-Content-Type-Options")) add_field(message, "X-Content-Type-Options", "nosniff");
  if (response.close) add_field(message, "Connection", "close");
  if (has_body) add_field(message, "Content-Length", std::to_string(response.body.size()));
  message += "\r\n";
  if (has_body && !head_only) message += response.body;
  return message;
}

// Answers 500 when the handler forgets about a request: its client must not wait for ever. A handler's last copy may go
// on another thread than the session's.
struct Ticket {
  Ticket(std::weak_ptr<Session> asked, std::uint64_t request, asio::io_context& executor)
      : session(std::move(asked)), number(request), context(executor) {}
  ~Ticket() {
    if (answered || session.expired()) return;  // without a session its context may be gone too
    asio::post(context, [asked = std::move(session), request = number] {
      if (auto alive = asked.lock()) alive->answer_was_dropped(request);
    });
  }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

  std::weak_ptr<Session> session;
  std::uint64_t number;
  asio::io_context& context;
  std::atomic<bool> answered{false};
};

}  // namespace

Session::Session(std::shared_ptr<ServerState> server, tcp::socket socket)
    : server_(std::move(server)),
      socket_(std::move(socket)),
      deadline_(server_->context),
      answered_(server_->context, asio::steady_timer::time_point::max()),
      buffer_(server_->options.max_header_bytes + body_buffer_bytes) {
  error_code ignored;
  peer_ = to_string(socket_.remote_endpoint(ignored));
  socket_.set_option(tcp::no_delay{true}, ignored);
  server_->sessions.insert(this);
}

Session::~Session() { server_->gone(this); }

void Session::close_if_idle() {
  if (idle_) cut();
}

void Session::cut() {
  cut_ = true;
  expires_.reset();
  error_code ignored;
  socket_.close(ignored);
  deadline_.cancel();
  answered_.cancel();
}

void Session::answer(std::uint64_t number, Response response) {
  if (number != request_number_ || answer_ || cut_) return;
  answer_ = std::move(response);
  answered_.cancel();
}

void Session::answer_was_dropped(std::uint64_t number) {
  if (server_->logger == nullptr || number != request_number_ || answer_ || cut_) return;
  auto response = problem_response(Error{ErrorKind::internal, {}});
  log(LogLevel::error, "an http handler gave no answer", response);
  answer(number, std::move(response));
}

// An operation made of several reads cannot be cancelled between two of them, so what expires is the socket: its reads
// end from then on, or it is closed. The timer is left running when a deadline is put off, as nearly all are.
void Session::arm(std::chrono::milliseconds time, OnExpiry then) {
  if (cut_) return;
  const auto now = server_->clock->monotonic();
  expired_ = false;
  on_expiry_ = then;
  expires_ = now + time;
  if (!watched_until_ || *watched_until_ > *expires_) watch(now);
}

void Session::disarm() { expires_.reset(); }

void Session::watch(Duration now) {
  watched_until_ = expires_;
  const auto number = ++watch_number_;
  deadline_.expires_after(*expires_ - now);
  deadline_.async_wait([weak = weak_from_this(), number](error_code error) {
    const auto session = weak.lock();
    if (!session || number != session->watch_number_) return;
    session->watched_until_.reset();
    if (!error) session->on_deadline();
  });
}

void Session::on_deadline() {
  if (!expires_) return;
  if (const auto now = server_->clock->monotonic(); *expires_ > now) return watch(now);
  expires_.reset();
  expired_ = true;
  error_code ignored;
  if (on_expiry_ == OnExpiry::close) {
    socket_.close(ignored);
  } else {
    socket_.shutdown(tcp::socket::shutdown_receive, ignored);
    socket_.cancel(ignored);
  }
}

std::string_view Session::buffered() const {
  const auto data = buffer_.data();
  return {static_cast<const char*>(data.data()), data.size()};
}

void Session::log(LogLevel level, std::string_view message, const Response& response, std::string detail) const {
  if (server_->logger == nullptr) return;
  server_->logger->write(level, message,
                         {{"peer", peer_},
                          {"status", std::int64_t{response.status}},
                          {"code", response.code},
                          {"detail", std::move(detail)}});
}

asio::awaitable<std::optional<Response>> Session::read_head(RequestHead& head) {
  std::size_t scanned = 0;
  bool started = false;
  while (true) {
    if (!started && buffered().starts_with("\r\n")) buffer_.consume(2);  // left over by some clients after a body
    if (!started && buffered() != "\r" && !buffered().empty()) {
      started = true;
      idle_ = false;
      arm(server_->options.read_timeout, OnExpiry::stop_reading);
    }
    if (started) {
      const auto limit = server_->options.max_header_bytes;
      auto scan = scan_head(buffered().substr(0, limit), scanned);
      if (scan.refusal) co_return to_response(*scan.refusal);
      if (scan.length > 0) {
        auto parsed = parse_head(buffered().substr(0, scan.length));
        if (auto* refusal = std::get_if<Refusal>(&parsed)) co_return to_response(*refusal);
        head = std::get<RequestHead>(std::move(parsed));
        head_length_ = scan.length;
        co_return std::nullopt;
      }
      if (buffered().size() >= limit)
        co_return to_response({431, "header-too-large",
                               "the request line and headers are larger than " + std::to_string(limit) + " bytes"});
      scanned = buffered().size();
    }
    error_code error;
    const auto read = co_await socket_.async_read_some(buffer_.prepare(4096), redirect_error(use_awaitable, error));
    buffer_.commit(read);
    if (expired_ && started) co_return to_response(took_too_long());
    if (error == asio::error::eof && started)
      co_return to_response({400, "malformed-request", "the connection ended within the head"});
    if (error) {
      cut();
      co_return std::nullopt;
    }
  }
}

asio::awaitable<std::optional<Response>> Session::read_body(RequestHead& head) {
  const auto limit = server_->options.max_body_bytes;
  if (head.content_length > limit) co_return to_response(body_too_large(limit));
  error_code error;
  if (head.expect_continue && buffered().size() == head_length_) {
    constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    co_await asio::async_write(socket_, asio::buffer(go_on), redirect_error(use_awaitable, error));
  }

  auto& body = head.request.body;
  if (head.chunked) {
    body = co_await read_chunks(error);
  } else {
    body = buffered().substr(head_length_, head.content_length);
    buffer_.consume(head_length_ + body.size());
    while (!error && body.size() < head.content_length) {
      const auto had = body.size();
      body.resize(std::min(head.content_length, had + body_buffer_bytes));
      const auto read = co_await socket_.async_read_some(asio::buffer(body.data() + had, body.size() - had),
                                                         redirect_error(use_awaitable, error));
      body.resize(had + read);
    }
  }

  if (expired_) co_return to_response(took_too_long());
  if (error == beast::http::error::body_limit) co_return to_response(body_too_large(limit));
  if (error == beast::http::error::partial_message || error == asio::error::eof)
    co_return to_response({400, "malformed-request", "the connection ended within the body"});
  if (error && error.category() == beast::http::make_error_code(beast::http::error::bad_chunk).category())
    co_return to_response({400, "malformed-request", "the chunks of the body are not well-formed"});
  if (error) cut();
  co_return std::nullopt;
}

// Beast reads the head once more, to come to its chunks.
asio::awaitable<std::string> Session::read_chunks(error_code& error) {
  beast::http::request_parser<beast::http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(server_->options.max_header_bytes + 1));
  parser.body_limit(server_->options.max_body_bytes);
  std::size_t extension_bytes = 0;
  auto on_chunk = [&extension_bytes](std::uint64_t, beast::string_view extensions, error_code& failure) {
    extension_bytes += extensions.size();
    if (extension_bytes > max_chunk_extension_bytes) failure = beast::http::error::bad_chunk_extension;
  };
  parser.on_chunk_header(on_chunk);
  if (!error) co_await beast::http::async_read(socket_, buffer_, parser, redirect_error(use_awaitable, error));
  co_return std::move(parser.get().body());
}

void Session::call_handler(Request request) {
  request.peer = peer_;
  std::optional<TraceContext> trace;
  if (const auto given = request.headers.find("traceparent")) trace = parse_traceparent(*given);
  request.trace = trace ? *std::move(trace) : new_trace(*server_->random);

  answer_.reset();
  const auto number = ++request_number_;
  Respond respond = [ticket = std::make_shared<Ticket>(weak_from_this(), number, server_->context)](Response response) {
    ticket->answered = true;
    if (auto session = ticket->session.lock()) session->answer(ticket->number, std::move(response));
  };
  try {
    server_->handler(std::move(request), respond);
  } catch (const std::exception& bug) {
    auto response = problem_response(Error{ErrorKind::internal, {}});
    log(LogLevel::error, "an http handler failed", response, bug.what());
    answer(number, std::move(response));
  }
}

asio::awaitable<bool> Session::write(Response response, bool head_only) {
  const bool well_formed =
      response.status >= 200 && response.status <= 599 && std::ranges::all_of(response.headers, is_safe_header);
  if (!well_formed) {
    log(LogLevel::error, "an http handler gave a malformed answer", response);
    const bool close = response.close;
    response = problem_response(Error{ErrorKind::internal, {}});
    response.close = close;
  }

  const auto message = to_message(response, head_only);
  arm(server_->options.write_timeout, OnExpiry::close);
  error_code error;
  co_await asio::async_write(socket_, asio::buffer(message), redirect_error(use_awaitable, error));
  disarm();
  co_return !error && !cut_;
}

// A close with unread bytes in the socket makes the kernel send a reset, which can take the answer away from a client
// that is still sending.
asio::awaitable<void> Session::linger() {
  arm(server_->options.linger_timeout, OnExpiry::close);
  error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  buffer_.clear();
  while (!error) co_await socket_.async_read_some(buffer_.prepare(4096), redirect_error(use_awaitable, error));
  disarm();
}

asio::awaitable<void> Session::serve() {
  while (!cut_ && !server_->draining) {
    RequestHead head;
    idle_ = true;
    if (buffer_.size() == 0 && buffer_.capacity() > idle_buffer_bytes) buffer_.shrink_to_fit();
    arm(server_->options.idle_timeout, OnExpiry::close);
    auto refusal = co_await read_head(head);
    idle_ = false;
    if (!refusal && !cut_ && head.has_body())
      refusal = co_await read_body(head);
    else
      buffer_.consume(head_length_);
    disarm();
    if (cut_) co_return;

    Response response;
    if (refusal) {
      response = *std::move(refusal);
      log(LogLevel::info, "http request refused", response);
      if (server_->options.on_refusal) server_->options.on_refusal(response);
    } else {
      call_handler(std::move(head.request));
      error_code cancelled;
      while (!answer_ && !cut_) co_await answered_.async_wait(redirect_error(use_awaitable, cancelled));
      if (cut_) co_return;
      response = std::move(*answer_);
    }
    if (!head.keep_alive || server_->draining) response.close = true;
    const bool close = response.close;
    const bool written = co_await write(std::move(response), head.head_only);
    if (!written) co_return;
    if (close) {
      co_await linger();
      co_return;
    }
  }
}

asio::awaitable<void> Session::turn_away() {
  auto response = problem_response(503, "overloaded", "there are too many connections");
  response.close = true;
  log(LogLevel::info, "http connection refused", response);
  const bool written = co_await write(std::move(response), false);
  if (written) co_await linger();
}

}  // namespace backupctl::http
