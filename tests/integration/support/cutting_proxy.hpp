// Between a client and a server: passes bytes on, holds them back, or cuts the connection around a COMMIT.
// Thread rule: any thread; it has one of its own.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace backupctl::testing {

class CuttingProxy {
 public:
  enum class Cut {
    never,
    after_commit,   // the COMMIT is passed on, its answer is not
    before_commit,  // the COMMIT is swallowed
  };

  explicit CuttingProxy(int server_port) : server_port_(server_port) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("the proxy cannot listen");
    }
    port_ = ntohs(address.sin_port);
    wake_ = ::eventfd(0, EFD_CLOEXEC);
    thread_ = std::thread([this] { run(); });
  }
  ~CuttingProxy() {
    over_ = true;
    wake();
    thread_.join();
    for (auto& pair : pairs_) close(pair);
    ::close(listener_);
    ::close(wake_);
  }
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  int port() const { return port_; }
  // The next so many COMMITs.
  void cut(Cut where, int commits = 1) {
    where_ = where;
    left_ = commits;
  }
  int cuts() const { return cuts_; }
  // What clients say is kept until it is let go.
  void hold(bool on) {
    held_ = on;
    wake();
  }
  bool holds_something() const { return holding_; }

 private:
  struct Pair {
    int client, server;
    std::string kept;  // from the client, while held
    bool over = false;
  };

  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  static void close(Pair& pair) {
    ::close(pair.client);
    ::close(pair.server);
  }
  static void send_all(int to, std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void wake() const {
    const std::uint64_t one = 1;
    if (::write(wake_, &one, sizeof one) < 0) return;
  }

  void run() {
    while (!over_) {
      std::vector<pollfd> watched{{listener_, POLLIN, 0}, {wake_, POLLIN, 0}};
      for (const auto& pair : pairs_) {
        watched.push_back({pair.client, POLLIN, 0});
        watched.push_back({pair.server, POLLIN, 0});
      }
      if (::poll(watched.data(), watched.size(), -1) < 0) continue;
      std::size_t at = 2;
      for (auto& pair : pairs_) {
        if (watched[at++].revents != 0) from_client(pair);
        if (watched[at++].revents != 0 && !pair.over) from_server(pair);
      }
      if (watched[1].revents != 0) {
        std::uint64_t ignored = 0;
        if (::read(wake_, &ignored, sizeof ignored) > 0 && !held_) release();
      }
      if (watched[0].revents != 0) accept_one();
      for (auto pair = pairs_.begin(); pair != pairs_.end();) {
        if (pair->over) close(*pair);
        pair = pair->over ? pairs_.erase(pair) : std::next(pair);
      }
    }
  }

  void accept_one() {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto address = loopback(server_port_);
    if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      ::close(client);
      ::close(server);
      return;
    }
    pairs_.push_back({client, server, {}});
  }

  void from_client(Pair& pair) {
    char buffer[65536];
    const auto size = ::recv(pair.client, buffer, sizeof buffer, 0);
    pair.over = size <= 0;
    if (size <= 0) return;
    const std::string_view bytes(buffer, static_cast<std::size_t>(size));
    if (held_) {
      pair.kept += bytes;
      holding_ = true;
      return;
    }
    // Not the "READ COMMITTED" that a transaction begins with.
    const bool commits = left_ > 0 && bytes.find("; COMMIT") != std::string_view::npos;
    if (!commits || where_ == Cut::after_commit) send_all(pair.server, bytes);
    if (!commits) return;
    --left_;
    ++cuts_;
    pair.over = true;
  }
  static void from_server(Pair& pair) {
    char buffer[65536];
    const auto size = ::recv(pair.server, buffer, sizeof buffer, 0);
    pair.over = size <= 0;
    if (size > 0) send_all(pair.client, {buffer, static_cast<std::size_t>(size)});
  }
  void release() {
    holding_ = false;
    for (auto& pair : pairs_) {
      send_all(pair.server, pair.kept);
      pair.kept.clear();
    }
  }

  const int server_port_;
  int listener_ = -1, wake_ = -1, port_ = 0;
  std::atomic<bool> over_{false}, held_{false}, holding_{false};
  std::atomic<Cut> where_{Cut::never};
  std::atomic<int> left_{0}, cuts_{0};
  std::list<Pair> pairs_;
  std::thread thread_;
};

}  // namespace backupctl::testing
