// For the server's own .cpp files: one connection, and what all of them share.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "http/request_head.hpp"
#include "http/server.hpp"

namespace backupctl::http {

class Session;

// What the Server and its sessions share. On the executor.
struct ServerState : std::enable_shared_from_this<ServerState> {
  ServerState(Runtime& runtime, ServerOptions chosen, Handler chosen_handler, Logger& log, Clock& chosen_clock,
              Random& random_source);

  void begin(boost::asio::ip::tcp::socket socket);
  void gone(Session* session);
  void cut_all();

  boost::asio::io_context& context;
  ServerOptions options;
  Handler handler;
  Logger* logger;  // null once the Server is gone: sessions may outlive it by a moment
  Clock* clock;
  Random* random;
  boost::asio::ip::tcp::acceptor acceptor;
  boost::asio::steady_timer pause;
  boost::asio::steady_timer grace;
  std::unordered_set<Session*> sessions{};
  bool draining = false;
  std::size_t cut = 0;
  std::function<void(std::size_t)> drained{};
};

std::string to_string(const boost::asio::ip::tcp::endpoint& endpoint);  // "127.0.0.1:80", "[::1]:80"

// One connection: a coroutine that reads a request, waits for its answer, writes it, and begins again.
// On the executor. Kept alive by its coroutine; Responds know it only weakly.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<ServerState> server, boost::asio::ip::tcp::socket socket);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  boost::asio::awaitable<void> serve();
  boost::asio::awaitable<void> turn_away();  // 503, without reading anything

  void close_if_idle();
  void cut();

  // `number` is the request's: an answer that comes twice or too late is for none.
  void answer(std::uint64_t number, Response response);
  void answer_was_dropped(std::uint64_t number);

 private:
  enum class OnExpiry { stop_reading, close };

  // Each gives the refusal to write, or nothing: then it has read its part, or the connection is gone and cut_ is set.
  boost::asio::awaitable<std::optional<Response>> read_head(RequestHead& head);
  boost::asio::awaitable<std::optional<Response>> read_body(RequestHead& head);
  boost::asio::awaitable<std::string> read_chunks(boost::system::error_code& error);
  void call_handler(Request request);
  boost::asio::awaitable<bool> write(Response response, bool head_only);
  boost::asio::awaitable<void> linger();

  void arm(std::chrono::milliseconds time, OnExpiry then);  // one deadline at a time
  void disarm();
  void watch(Duration now);
  void on_deadline();
  std::string_view buffered() const;
  void log(LogLevel level, std::string_view message, const Response& response, std::string detail = {}) const;

  std::shared_ptr<ServerState> server_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer deadline_;
  boost::asio::steady_timer answered_;
  boost::beast::flat_buffer buffer_;
  std::size_t head_length_ = 0;
  std::string peer_{};
  std::optional<Response> answer_{};
  std::uint64_t request_number_ = 0;
  std::optional<Duration> expires_{};  // monotonic
  OnExpiry on_expiry_ = OnExpiry::close;
  std::optional<Duration> watched_until_{};  // what deadline_ runs to, perhaps before the deadline in force
  std::uint64_t watch_number_ = 0;
  bool idle_ = false;
  bool expired_ = false;
  bool cut_ = false;
};

}  // namespace backupctl::http
