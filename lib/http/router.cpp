#include "http/router.hpp"

#include <algorithm>
#include <stdexcept>

#include "http/problem.hpp"

namespace backupctl::http {
namespace {

constexpr std::size_t max_logged_path_bytes = 256;

using Pattern = std::vector<std::string>;

bool is_parameter(std::string_view part) { return part.size() > 2 && part.front() == '{' && part.back() == '}'; }

Pattern split(std::string_view pattern) {
  if (!pattern.starts_with('/')) throw std::logic_error("a route's pattern begins with \"/\"");
  Pattern parts;
  while (!pattern.empty()) {
    pattern.remove_prefix(1);
    const auto end = std::min(pattern.find('/'), pattern.size());
    parts.emplace_back(pattern.substr(0, end));
    pattern.remove_prefix(end);
  }
  return parts;
}

bool fits(const Pattern& pattern, const std::vector<std::string>& segments) {
  return std::ranges::equal(pattern, segments, [](const std::string& part, const std::string& segment) {
    return is_parameter(part) ? !segment.empty() : part == segment;
  });
}

// Of two patterns that fit the same path: the one with a literal where the other has a parameter, from the left.
bool is_more_exact(const Pattern& a, const Pattern& b) {
  return std::ranges::lexicographical_compare(a, b, {}, is_parameter, is_parameter);
}

std::string join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::optional<Response> refuse_query(const Route& route, const Request& request) {
  std::vector<Fault> faults;
  const std::string known = route.query.empty() ? "this call takes none" : "known are: " + join(route.query);
  for (auto parameter = request.query.begin(); parameter != request.query.end(); ++parameter) {
    const auto& name = parameter->name;
    if (std::ranges::find(route.query, name) == route.query.end())
      faults.push_back({name, "unknown query parameter; " + known});
    else if (std::ranges::find(request.query.begin(), parameter, name, &Parameter::name) != parameter)
      faults.push_back({name, "the query parameter comes more than once"});
  }
  if (faults.empty()) return {};
  std::string detail = "query parameter " + faults.front().pointer + ": " + faults.front().detail;
  return problem_response(400, "invalid-query", std::move(detail), std::move(faults));
}

void write_log(Logger& logger, const Response& response, const std::string& method, const std::string& path,
               const std::string& owner, const std::string& trace_id) {
  if (response.status < 400) return;
  logger.write(response.status < 500 ? LogLevel::info : LogLevel::warning, "http call not done",
               {{"method", method},
                {"path", path},
                {"status", std::int64_t{response.status}},
                {"code", response.code},
                {"requester", owner},
                {"traceId", trace_id}});
}

}  // namespace

void Router::add(std::string_view method, std::string_view pattern, Access access, Handler handler,
                 std::vector<std::string> query) {
  for (const Route& route : routes_) {
    if (route.method == method && route.pattern == pattern)
      throw std::logic_error("the same route twice: " + route.pattern);
  }
  patterns_.push_back(split(pattern));
  routes_.push_back({std::string(method), std::string(pattern), access, std::move(query), std::move(handler)});
}

const Route* Router::find(const Request& request, std::string& allowed) const {
  std::size_t best = routes_.size();
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    if (!fits(patterns_[i], request.segments)) continue;
    const auto& method = routes_[i].method;
    if (method != request.method && allowed.find(method) == std::string::npos)
      allowed += (allowed.empty() ? "" : ", ") + method + (method == "GET" ? ", HEAD" : "");
    else if (method == request.method && (best == routes_.size() || is_more_exact(patterns_[i], patterns_[best])))
      best = i;
  }
  return best == routes_.size() ? nullptr : &routes_[best];
}

std::optional<Response> Router::refuse(const Route* route, const std::string& allowed, Request& request) const {
  if (auto host = authenticator_.check_host(request); !host) return problem_response(host.error());
  if (route == nullptr || !route->access.open_to_all) {
    auto principal = authenticator_.authenticate(request.headers.find("Authorization"));
    if (!principal) return problem_response(principal.error());
    request.principal = *std::move(principal);
  }
  if (route == nullptr && allowed.empty()) return problem_response(404, "not-found", "there is nothing at this path");
  if (route == nullptr) {
    auto response = problem_response(405, "method-not-allowed", "this path takes " + allowed);
    response.headers.add("Allow", allowed);
    return response;
  }
  if (!route->access.open_to_all && !request.principal.roles.has_any(route->access.roles))
    return problem_response(403, "forbidden", "the call needs one of the roles: " + to_string(route->access.roles));
  return refuse_query(*route, request);
}

void Router::handle(Request request, Respond respond) const {
  std::string allowed;
  const Route* route = find(request, allowed);
  auto refusal = refuse(route, allowed, request);
  auto answer = [&logger = logger_, respond = std::move(respond), method = request.method,
                 path = request.path.substr(0, max_logged_path_bytes), owner = request.principal.owner,
                 trace_id = request.trace.trace_id](Response response) {
    write_log(logger, response, method, path, owner, trace_id);
    respond(std::move(response));
  };
  if (refusal) return answer(*std::move(refusal));

  const auto& pattern = patterns_[static_cast<std::size_t>(route - routes_.data())];
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (is_parameter(pattern[i]))
      request.path_parameters.push_back({pattern[i].substr(1, pattern[i].size() - 2), request.segments[i]});
  }
  route->handler(std::move(request), std::move(answer));
}

}  // namespace backupctl::http
