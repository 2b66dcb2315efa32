// As much of an HTTP client as a load needs: raw sockets, so that it takes little of the machine that it loads.
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace backupctl::bench {

[[noreturn]] inline void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

// To "127.0.0.1:8080".
inline int connect_to(const std::string& to) {
  const auto colon = to.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(to.substr(colon + 1).c_str())));
  ::inet_pton(AF_INET, to.substr(0, colon).c_str(), &address.sin_addr);
  const int one = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(one, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail(to.c_str());
  const int yes = 1;
  ::setsockopt(one, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return one;
}

// The header field with the token in that file, or none.
inline std::string authorization(const std::string& token_file) {
  if (token_file.empty()) return {};
  std::string token;
  std::ifstream(token_file) >> token;
  return "Authorization: Bearer " + token + "\r\n";
}

inline void send_all(int socket, const char* text, std::size_t size) {
  if (::send(socket, text, size, MSG_NOSIGNAL) != static_cast<ssize_t>(size)) fail("send");
}

// Takes what has come to what came before; whether the answer is whole now.
inline bool receive(int socket, std::string& text) {
  char buffer[65536];
  const auto size = ::recv(socket, buffer, sizeof buffer, 0);
  if (size <= 0) fail("a connection was closed");
  text.append(buffer, static_cast<std::size_t>(size));
  const auto head = text.find("\r\n\r\n");
  if (head == std::string::npos) return false;
  const auto length = text.find("Content-Length: ");
  if (length > head) std::exit((std::fprintf(stderr, "an answer without a length: %s\n", text.c_str()), 1));
  return text.size() >= head + 4 + static_cast<std::size_t>(std::atol(text.c_str() + length + 16));
}

inline bool is_success(const std::string& answer) { return answer.compare(9, 1, "2") == 0; }

// Of times in order; 0 when there is none.
inline float at_share(const std::vector<float>& sorted, double share) {
  return sorted.empty() ? 0.0F : sorted[static_cast<std::size_t>(share * double(sorted.size() - 1))];
}

}  // namespace backupctl::bench
