// Which handler answers which call, for whom. Deny by default: a route names the roles that may call it, or says that
// it is open to all, and nothing else is let through.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "backupctl/log.hpp"
#include "http/auth.hpp"
#include "http/message.hpp"

namespace backupctl::http {

struct Access {
  Access(RoleSet allowed) : roles(allowed) {}                      // NOLINT(google-explicit-constructor)
  Access(std::initializer_list<Role> allowed) : roles(allowed) {}  // an empty list: nobody
  static Access open() {                                           // no login
    Access access{RoleSet{}};
    access.open_to_all = true;
    return access;
  }
  RoleSet roles;
  bool open_to_all = false;
};

struct Route {
  std::string method;   // GET (answers HEAD too), POST, PUT, PATCH, DELETE
  std::string pattern;  // "/api/backup-requests/{id}": literal segments and "{name}", each one whole segment
  Access access;
  std::vector<std::string> query;  // the query parameters it knows, each at most once; others are refused
  Handler handler;
};

// On the executor; `authenticator` and `logger` outlive it, and it outlives the Server it answers for. Every answer of
// 400 and above leaves one log line with method, path, status, code, owner and trace id, never a body.
class Router {
 public:
  Router(const Authenticator& authenticator, Logger& logger) : authenticator_(authenticator), logger_(logger) {}
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // Literal segments win over parameters. The same method and pattern twice is a bug (std::logic_error).
  void add(std::string_view method, std::string_view pattern, Access access, Handler handler,
           std::vector<std::string> query = {});
  const std::vector<Route>& routes() const { return routes_; }

  // Answers 401, 403, 404, 405, 400 (query) by itself, else calls the route's handler.
  void handle(Request request, Respond respond) const;
  Handler handler() const {
    return [this](Request request, Respond respond) { handle(std::move(request), std::move(respond)); };
  }

 private:
  // The route that fits best, or null; `allowed` gets the methods of those that fit but for theirs.
  const Route* find(const Request& request, std::string& allowed) const;
  // Nothing when the call may go on; `request` then has its principal.
  std::optional<Response> refuse(const Route* route, const std::string& allowed, Request& request) const;

  const Authenticator& authenticator_;
  Logger& logger_;
  std::vector<Route> routes_;
  std::vector<std::vector<std::string>> patterns_;  // of routes_, split
};

}  // namespace backupctl::http
