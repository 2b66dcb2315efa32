// Asks a server over HTTP and reads its JSON. Thread rule: any thread.
#pragma once

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <future>
#include <string>
#include <utility>

#include "integration/asking_client.hpp"

namespace backupctl::testing {

struct HttpAnswer {
  int status = 0;  // 0: there was none, `text` says why
  http::Headers headers{};
  std::string text{};
  boost::json::value json{};  // null when the body is none

  std::string header(std::string_view name) const { return std::string(headers.find(name).value_or("")); }
  // A text member; empty when there is none.
  std::string operator[](std::string_view member) const { return text_of(json, member); }

  static std::string text_of(const boost::json::value& value, std::string_view member) {
    const auto* object = value.if_object();
    const auto* found = object ? object->if_contains(member) : nullptr;
    return found && found->is_string() ? std::string(found->as_string()) : std::string();
  }
};

class HttpProbe {
 public:
  explicit HttpProbe(std::string url, std::string token = {})
      : client_({.base_url = std::move(url),
                 .timeout = std::chrono::seconds{30},
                 .max_connections = 64,
                 .bearer_token = std::move(token)}) {}

  std::future<HttpAnswer> start(std::string method, std::string target, std::string body = {},
                                http::Headers headers = {}) {
    if (!body.empty() && !headers.find("Content-Type")) headers.add("Content-Type", "application/json");
    auto answer = client_.start({std::move(method), std::move(target), std::move(headers), std::move(body)});
    return std::async(std::launch::deferred, [answer = std::move(answer)]() mutable { return read(answer.get()); });
  }
  HttpAnswer get(std::string target) { return start("GET", std::move(target)).get(); }
  HttpAnswer post(std::string target, std::string body = {}, http::Headers headers = {}) {
    return start("POST", std::move(target), std::move(body), std::move(headers)).get();
  }
  HttpAnswer put(std::string target, std::string body, http::Headers headers = {}) {
    return start("PUT", std::move(target), std::move(body), std::move(headers)).get();
  }

 private:
  static HttpAnswer read(Result<http::ClientResponse> response) {
    if (!response) return {.text = response.error().detail};
    HttpAnswer answer{response->status, std::move(response->headers), std::move(response->body)};
    boost::json::error_code none;
    answer.json = boost::json::parse(answer.text, none);
    if (none) answer.json = nullptr;
    return answer;
  }

  AskingClient client_;
};

}  // namespace backupctl::testing
