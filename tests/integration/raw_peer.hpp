// A peer that behaves as badly as its script says: raw sockets on a loopback port the kernel chose.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace backupctl::testing {

// One accepted connection, in the hands of its script. On a thread of its own.
class Conversation {
 public:
  explicit Conversation(int socket) : socket_(socket) {}

  // The next request with its Content-Length body; empty when the client closed the connection.
  std::string read_request() {
    std::size_t end = 0;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return {};
    }
    std::size_t whole = end + 4;
    if (const auto at = received_.find("Content-Length: "); at < end) {
      whole += std::strtoull(received_.c_str() + at + 16, nullptr, 10);
    }
    while (received_.size() < whole) {
      if (!receive()) return {};
    }
    std::string request = received_.substr(0, whole);
    received_.erase(0, whole);
    return request;
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // One byte every 10 ms until all is sent or the client has had enough.
  void drip(std::string_view bytes) {
    for (const char& byte : bytes) {
      pollfd client{socket_, POLLIN, 0};
      if (::poll(&client, 1, 10) != 0 || !send({&byte, 1})) return;
    }
  }

  void wait_for_close() {
    while (receive()) {
    }
  }

  // The client sees "connection reset" in place of an orderly end.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }

 private:
  bool receive() {
    char bytes[4096];
    const auto count = ::recv(socket_, bytes, sizeof bytes, 0);
    if (count > 0) received_.append(bytes, static_cast<std::size_t>(count));
    return count > 0;
  }

  int socket_;
  std::string received_;
};

inline int listen_on_loopback(int backlog) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (socket < 0 || ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket, backlog) != 0) {
    throw std::runtime_error("cannot listen on 127.0.0.1");
  }
  return socket;
}

inline int port_of(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

class RawPeer {
 public:
  using Script = std::function<void(Conversation&)>;

  // The n-th connection gets the n-th script, later ones the last; when a script returns its connection is closed.
  explicit RawPeer(std::vector<Script> scripts)
      : scripts_(std::move(scripts)), listener_(listen_on_loopback(64)), acceptor_([this] { accept_all(); }) {}
  explicit RawPeer(Script script) : RawPeer(std::vector<Script>{std::move(script)}) {}
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;
  ~RawPeer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    for (auto& served : served_) {
      {
        const std::lock_guard lock(mutex_);
        if (served.socket >= 0) ::shutdown(served.socket, SHUT_RDWR);
      }
      served.thread.join();
    }
  }

  std::string name() const { return "127.0.0.1:" + std::to_string(port_of(listener_)); }
  std::string url() const { return "http://" + name(); }
  std::size_t connections() {
    const std::lock_guard lock(mutex_);
    return served_.size();
  }

 private:
  struct Served {
    int socket;
    std::thread thread{};
  };

  void accept_all() {
    int socket = -1;
    while ((socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0) {
      const std::lock_guard lock(mutex_);
      const Script& script = scripts_[std::min(served_.size(), scripts_.size() - 1)];
      Served& served = served_.emplace_back(Served{socket});
      served.thread = std::thread([this, &script, &served] {
        Conversation conversation(served.socket);
        script(conversation);
        const std::lock_guard closing(mutex_);
        ::close(std::exchange(served.socket, -1));
      });
    }
  }

  const std::vector<Script> scripts_;
  const int listener_;
  std::mutex mutex_;
  std::list<Served> served_;
  std::thread acceptor_;
};

// Answers every request of a connection with these bytes.
inline RawPeer::Script answers(std::string bytes) {
  return [bytes = std::move(bytes)](Conversation& client) {
    while (!client.read_request().empty() && client.send(bytes)) {
    }
  };
}

// Answers one request with these bytes and closes.
inline RawPeer::Script answers_once(std::string bytes) {
  return [bytes = std::move(bytes)](Conversation& client) {
    if (!client.read_request().empty()) client.send(bytes);
  };
}

}  // namespace backupctl::testing
