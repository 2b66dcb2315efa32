#include "http/server.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

#include "http/runtime_access.hpp"
#include "http/server_session.hpp"

namespace backupctl::http {
namespace {

namespace asio = boost::asio;
using asio::redirect_error;
using asio::use_awaitable;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t connections_told_of_overload = 64;  // beyond max_connections; more are just closed
constexpr rlim_t files_of_the_process = 256;              // descriptors for everything but connections

Result<tcp::endpoint> resolve(asio::io_context& context, const std::string& listen) {
  const auto fault = [&listen](const std::string& what) {
    return Error{ErrorKind::invalid, "cannot listen on \"" + listen + "\": " + what, false, {}, {{"listen", what}}};
  };
  const auto colon = listen.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == listen.size()) return fault("it must be HOST:PORT");
  auto host = listen.substr(0, colon);
  if (host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string::npos)
    return fault("an IPv6 address needs brackets");
  const auto port = listen.substr(colon + 1);
  // getaddrinfo takes 99999 for 34463.
  if (port.size() > 5 || !std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; }) ||
      std::stoi(port) > 65535)
    return fault("the port must be a number from 0 to 65535");
  error_code error;
  const auto found = tcp::resolver(context).resolve(host, port, tcp::resolver::passive, error);
  if (error || found.empty()) return fault(error.message());
  for (const auto& entry : found) {  // "localhost" is 127.0.0.1 first: that is what its clients try
    if (entry.endpoint().address().is_v4()) return entry.endpoint();
  }
  return found.begin()->endpoint();
}

// Each connection is a descriptor, and the usual soft limit of 1,024 is for programs that use select().
void raise_descriptor_limit(std::size_t connections) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = std::min(limit.rlim_max, static_cast<rlim_t>(connections) + files_of_the_process);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  setrlimit(RLIMIT_NOFILE, &limit);
}

asio::awaitable<void> run(std::shared_ptr<Session> session, bool overloaded) {
  if (overloaded)
    co_await session->turn_away();
  else
    co_await session->serve();
}

asio::awaitable<void> accept(std::shared_ptr<ServerState> state) {
  bool told = false;
  while (state->acceptor.is_open()) {
    error_code error;
    tcp::socket socket = co_await state->acceptor.async_accept(redirect_error(use_awaitable, error));
    if (!state->acceptor.is_open()) break;
    if (!error) {
      told = false;
      state->begin(std::move(socket));
      continue;
    }
    // Most likely there is no descriptor left: connections wait in the kernel until one ends.
    if (!told && state->logger != nullptr)
      state->logger->write(LogLevel::warning, "cannot accept http connections now", {{"detail", error.message()}});
    told = true;
    state->pause.expires_after(std::chrono::milliseconds{100});
    co_await state->pause.async_wait(redirect_error(use_awaitable, error));
  }
}

}  // namespace

std::string to_string(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address().to_string();
  const auto port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

ServerState::ServerState(Runtime& runtime, ServerOptions chosen, Handler chosen_handler, Logger& log,
                         Clock& chosen_clock, Random& random_source)
    : context(RuntimeAccess::io_context(runtime)),
      options(std::move(chosen)),
      handler(std::move(chosen_handler)),
      logger(&log),
      clock(&chosen_clock),
      random(&random_source),
      acceptor(context),
      pause(context),
      grace(context) {}

void ServerState::begin(tcp::socket socket) {
  if (sessions.size() >= options.max_connections + connections_told_of_overload) return;
  const bool overloaded = sessions.size() >= options.max_connections;
  auto session = std::make_shared<Session>(shared_from_this(), std::move(socket));
  asio::co_spawn(context, run(std::move(session), overloaded), [self = shared_from_this()](std::exception_ptr failure) {
    if (!failure || self->logger == nullptr) return;
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      self->logger->write(LogLevel::error, "an http connection failed", {{"detail", error.what()}});
    }
  });
}

void ServerState::gone(Session* session) {
  sessions.erase(session);
  if (!sessions.empty() || !drained) return;
  grace.cancel();
  asio::post(context, [done = std::exchange(drained, nullptr), count = cut] { done(count); });
}

void ServerState::cut_all() {
  for (Session* session : sessions) session->cut();
}

Server::Server(Runtime& runtime, ServerOptions options, Handler handler, Logger& logger, Clock& clock, Random& random)
    : state_(std::make_shared<ServerState>(runtime, std::move(options), std::move(handler), logger, clock, random)) {}

Server::~Server() {
  stop_accepting();
  state_->grace.cancel();
  state_->drained = nullptr;
  state_->logger = nullptr;
  state_->cut_all();
  state_->handler = nullptr;
}

Result<std::string> Server::start() {
  auto& acceptor = state_->acceptor;
  const auto& listen = state_->options.listen;
  auto endpoint = resolve(state_->context, listen);
  if (!endpoint) return std::move(endpoint).error();
  error_code error;
  acceptor.open(endpoint->protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address{true}, error);
  if (!error) acceptor.bind(*endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error) {
    error_code ignored;
    acceptor.close(ignored);
    return unavailable("cannot listen on \"" + listen + "\": " + error.message());
  }
  raise_descriptor_limit(state_->options.max_connections);
  const auto address = to_string(acceptor.local_endpoint());
  asio::co_spawn(state_->context, accept(state_), asio::detached);
  return address;
}

void Server::stop_accepting() {
  error_code ignored;
  state_->acceptor.close(ignored);
  state_->pause.cancel();
}

void Server::drain(std::chrono::milliseconds grace, std::function<void(std::size_t cut)> done) {
  stop_accepting();
  state_->draining = true;
  if (state_->sessions.empty()) {
    asio::post(state_->context, [done = std::move(done)] { done(0); });
    return;
  }
  state_->drained = std::move(done);
  for (Session* session : state_->sessions) session->close_if_idle();
  state_->grace.expires_after(grace);
  state_->grace.async_wait([state = state_](error_code error) {
    if (error) return;
    state->cut = state->sessions.size();
    state->cut_all();
  });
}

std::size_t Server::connections() const { return state_->sessions.size(); }

}  // namespace backupctl::http
