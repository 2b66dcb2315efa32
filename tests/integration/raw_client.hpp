// A client that sends exactly the bytes it is told to: a blocking socket and nothing else.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace backupctl::testing {

struct RawResponse {
  int status = 0;
  std::string head;
  std::string body;
  bool has(std::string_view text) const { return head.find(text) != std::string::npos; }
};

class RawClient {
 public:
  // `address`: "127.0.0.1:port"
  explicit RawClient(const std::string& address) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in peer{};
    peer.sin_family = AF_INET;
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer.sin_port = htons(static_cast<std::uint16_t>(std::atoi(address.substr(address.rfind(':') + 1).c_str())));
    const timeval patience{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) != 0)
      throw std::runtime_error("cannot connect to " + address);
  }
  RawClient(RawClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), received_(std::move(other.received_)) {}
  RawClient& operator=(RawClient&&) = delete;
  ~RawClient() {
    if (socket_ >= 0) ::close(socket_);
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // The same byte over and over, one every 20 ms, until the server says something or closes; true when it did.
  bool drip(char byte, int times) {
    for (int i = 0; i < times; ++i) {
      pollfd server{socket_, POLLIN, 0};
      if (::poll(&server, 1, 20) > 0) return true;
      if (!send({&byte, 1})) return true;
    }
    return false;
  }

  void shut_sending() { ::shutdown(socket_, SHUT_WR); }

  // Nothing when the connection ended, or nothing came, before a whole answer.
  std::optional<RawResponse> receive(bool without_body = false) {
    RawResponse response;
    std::size_t end = 0;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return {};
    }
    response.head = received_.substr(0, end + 2);
    response.status = std::atoi(response.head.substr(std::min<std::size_t>(9, response.head.size())).c_str());
    std::size_t length = 0;
    if (const auto at = response.head.find("Content-Length: "); at != std::string::npos && !without_body)
      length = std::strtoull(response.head.c_str() + at + 16, nullptr, 10);
    while (received_.size() < end + 4 + length) {
      if (!more()) return {};
    }
    response.body = received_.substr(end + 4, length);
    received_.erase(0, end + 4 + length);
    return response;
  }

  RawResponse ask(std::string_view bytes) {
    send(bytes);
    return receive().value_or(RawResponse{});
  }

  // True when the server closes and had nothing more to say.
  bool is_closed() { return received_.empty() && !more() && closed_; }

 private:
  bool more() {
    char bytes[16384];
    const auto got = ::recv(socket_, bytes, sizeof bytes, 0);
    if (got > 0) received_.append(bytes, static_cast<std::size_t>(got));
    closed_ = got == 0 || (got < 0 && errno == ECONNRESET);
    return got > 0;
  }

  int socket_;
  std::string received_;
  bool closed_ = false;
};

}  // namespace backupctl::testing
