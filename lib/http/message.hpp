// What a handler sees of HTTP: a request that is already well-framed and decoded, and the answer it gives.
//
// Thread rule: plain values. A Handler is called on the executor and calls its Respond exactly once, on the executor,
// at once or later; nothing is held up meanwhile but that one connection.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/principal.hpp"
#include "http/traceparent.hpp"

namespace backupctl::http {

struct Header {
  std::string name;
  std::string value;
};

// Header fields in the order they came. Names compare without regard to ASCII case.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> fields) : fields_(fields) {}

  void add(std::string name, std::string value) {
    if (fields_.size() == fields_.capacity()) fields_.reserve(2 * fields_.size() + usual_count);
    fields_.push_back({std::move(name), std::move(value)});
  }
  void set(std::string_view name, std::string value);                 // replaces every field of that name
  std::optional<std::string_view> find(std::string_view name) const;  // the first of that name
  std::size_t count(std::string_view name) const;

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  std::size_t size() const { return fields_.size(); }
  bool empty() const { return fields_.empty(); }

 private:
  static constexpr std::size_t usual_count = 8;
  std::vector<Header> fields_;
};

bool equal_ignoring_case(std::string_view a, std::string_view b);  // ASCII only
bool is_token(std::string_view text);                              // RFC 9110, 5.6.2
std::string_view trim(std::string_view text);                      // of spaces and tabs

// A query or path parameter, percent-decoded, without control characters, valid UTF-8.
struct Parameter {
  std::string name;
  std::string value;
};

struct Request {
  std::string method;                      // "GET"; a HEAD comes as GET, only its answer goes without the body
  std::string path;                        // as it was sent, still encoded: for logs only
  std::vector<std::string> segments;       // decoded after the split at "/", so an encoded slash never makes a segment
  std::vector<Parameter> query;            // in order; a name may come twice
  std::vector<Parameter> path_parameters;  // filled in by the Router from "{name}" of the pattern
  Headers headers;
  std::string body;
  std::string peer;     // "127.0.0.1:50312"
  Principal principal;  // filled in by the Router; on open routes nobody, without roles
  TraceContext trace;   // of the caller, or new

  // The value of "{name}" in the route's pattern; empty when the pattern has none of that name.
  const std::string& path_parameter(std::string_view name) const;
  // The first value of a query parameter, if it was given. The Router has refused unknown and repeated ones.
  std::optional<std::string_view> query_parameter(std::string_view name) const;
};

struct Response {
  int status = 200;
  Headers headers{};  // Content-Length and Connection are the server's
  std::string body{};
  bool close = false;  // close the connection after this answer
  std::string code{};  // the problem's code, for the log and the counts; not sent
};

using Respond = std::function<void(Response)>;
using Handler = std::function<void(Request, Respond)>;

Response json_response(int status, std::string body);  // application/json
Response empty_response(int status);                   // no body, as 204 wants it

// True when the request's Content-Type is application/json, with or without parameters.
bool has_json_content_type(const Request& request);

}  // namespace backupctl::http
