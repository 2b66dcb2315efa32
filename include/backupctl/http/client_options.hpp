// How another server is called over HTTP/1.1.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace backupctl::http {

struct ClientOptions {
  std::string base_url{};                        // "http://host:port" or "http://host:port/prefix"; https is not built
  std::chrono::milliseconds timeout{10'000};     // greater 0: for the whole exchange, from send() to the last byte
  std::size_t max_response_bytes = 1024 * 1024;  // of the body; more is no answer of ours
  std::size_t max_connections = 16;              // at least 1; further requests wait their turn, within their time-out
  std::string bearer_token{};                    // sent as "Authorization: Bearer …" when not empty; never logged
};

}  // namespace backupctl::http
