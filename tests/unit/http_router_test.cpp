#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "digest/sha256.hpp"
#include "http/problem.hpp"
#include "http/router.hpp"

namespace backupctl::http {
namespace {

class LinesLogger final : public Logger {
 public:
  void write(LogLevel, std::string_view message, std::initializer_list<LogField> fields) override {
    std::string line(message);
    for (const auto& field : fields) {
      if (const auto* text = std::get_if<std::string>(&field.value))
        line += " " + std::string(field.name) + "=" + *text;
    }
    lines.push_back(line);
  }
  std::vector<std::string> lines;
};

Request request(std::string method, std::vector<std::string> segments, const std::string& token = {}) {
  Request made;
  made.method = std::move(method);
  for (const auto& segment : segments) made.path += "/" + segment;
  made.segments = std::move(segments);
  if (!token.empty()) made.headers.add("Authorization", "Bearer " + token);
  return made;
}

Handler answers(std::string text) {
  return [text = std::move(text)](Request asked, Respond respond) {
    std::string body = text;
    for (const auto& parameter : asked.path_parameters) body += " " + parameter.name + "=" + parameter.value;
    respond(json_response(200, body + " by " + asked.principal.owner));
  };
}

// One token a role, named like it.
Authenticator token_for_each_role() {
  std::vector<Token> tokens;
  for (int i = 0; i < role_count; ++i) {
    const auto role = static_cast<Role>(i);
    const std::string name(to_string(role));
    Token token{.name = name, .owner = name, .sha256 = digest::sha256_hex(name), .roles = {role}, .zone = {}};
    if (role == Role::zone) token.zone = "files";
    tokens.push_back(token);
  }
  return Authenticator::create(std::move(tokens)).value();
}

class HttpRouter : public testing::Test {
 protected:
  HttpRouter() {
    router.add("GET", "/livez", Access::open(), answers("alive"));
    router.add("GET", "/api/things", {Role::requester, Role::auditor}, answers("list"), {"state", "limit"});
    router.add("POST", "/api/things", {Role::requester}, answers("create"));
    router.add("GET", "/api/things/{id}", {Role::requester, Role::owner}, answers("one"));
    router.add("GET", "/api/things/new", {Role::requester}, answers("new"));
    router.add("PUT", "/api/things/{id}/holds/{name}", {Role::retention}, answers("hold"));
    router.add("DELETE", "/api/nobody", Access{RoleSet{}}, answers("never"));
  }

  Response ask(Request asked) {
    std::optional<Response> response;
    int answers_given = 0;
    router.handle(std::move(asked), [&](Response given) {
      response = std::move(given);
      ++answers_given;
    });
    EXPECT_EQ(answers_given, 1);
    return response.value_or(Response{});
  }

  const Authenticator authenticator = token_for_each_role();
  LinesLogger logger;
  Router router{authenticator, logger};
};

TEST_F(HttpRouter, LetsInExactlyTheRolesOfEachRoute) {
  for (const Route& route : router.routes()) {
    std::vector<std::string> segments;
    for (std::size_t begin = 1; begin <= route.pattern.size();) {
      const auto end = std::min(route.pattern.find('/', begin), route.pattern.size());
      segments.push_back(route.pattern.substr(begin, end - begin));
      begin = end + 1;
    }
    for (int i = 0; i < role_count; ++i) {
      const auto role = static_cast<Role>(i);
      const bool allowed = route.access.open_to_all || route.access.roles.has(role);
      const auto response = ask(request(route.method, segments, std::string(to_string(role))));
      EXPECT_EQ(response.status, allowed ? 200 : 403) << route.method << " " << route.pattern << " " << to_string(role);
    }
    EXPECT_EQ(ask(request(route.method, segments)).status, route.access.open_to_all ? 200 : 401) << route.pattern;
    EXPECT_EQ(ask(request(route.method, segments, "wrong")).status, route.access.open_to_all ? 200 : 401);
  }
}

TEST_F(HttpRouter, GivesTheParametersOfThePath) {
  EXPECT_EQ(ask(request("PUT", {"api", "things", "7/8", "holds", "legal"}, "retention")).body,
            "hold id=7/8 name=legal by retention");
  EXPECT_EQ(ask(request("GET", {"api", "things", "7"}, "owner")).body, "one id=7 by owner");
  EXPECT_EQ(ask(request("GET", {"api", "things", "new"}, "requester")).body, "new by requester");
}

TEST_F(HttpRouter, AnswersNotFoundAndMethodNotAllowed) {
  const auto status = [this](std::vector<std::string> segments) {
    return ask(request("GET", std::move(segments), "admin")).status;
  };
  EXPECT_EQ(status({""}), 404);
  EXPECT_EQ(status({"api", "things", ""}), 404);
  EXPECT_EQ(status({"api", "Things"}), 404);
  EXPECT_EQ(status({"api", "things", "7", "x"}), 404);
  EXPECT_EQ(ask(request("GET", {"api", "unknown"})).status, 401);

  const auto response = ask(request("PATCH", {"api", "things"}, "admin"));
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers.find("Allow"), "GET, HEAD, POST");
  EXPECT_EQ(ask(request("POST", {"api", "things", "new"}, "admin")).headers.find("Allow"), "GET, HEAD");
}

TEST_F(HttpRouter, RefusesUnknownAndRepeatedQueryParameters) {
  auto asked = request("GET", {"api", "things"}, "requester");
  asked.query = {{"state", "a"}, {"limit", "1"}};
  EXPECT_EQ(ask(asked).status, 200);
  asked.query = {{"stat", "a"}, {"limit", "1"}, {"limit", "1"}};
  const auto response = ask(asked);
  EXPECT_EQ(response.status, 400);
  EXPECT_NE(response.body.find("unknown query parameter; known are: state, limit"), std::string::npos) << response.body;
  EXPECT_NE(response.body.find("comes more than once"), std::string::npos);
}

TEST_F(HttpRouter, LogsWhatIsNotDone) {
  auto asked = request("POST", {"api", "things"}, "auditor");
  asked.trace.trace_id = "abc";
  ask(std::move(asked));
  ask(request("GET", {"livez"}));
  EXPECT_EQ(logger.lines, std::vector<std::string>{"http call not done method=POST path=/api/things code=forbidden "
                                                   "requester=auditor traceId=abc"});
}

TEST_F(HttpRouter, ChecksTheHostBeforeAnythingElse) {
  const auto open = Authenticator::open(true);
  Router local(open, logger);
  local.add("GET", "/livez", Access::open(), answers("alive"));
  auto asked = request("GET", {"livez"});
  asked.headers.add("Host", "evil.example");
  std::optional<Response> response;
  local.handle(asked, [&response](Response given) { response = std::move(given); });
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 403);
  EXPECT_EQ(response->code, "host-not-allowed");
}

TEST_F(HttpRouter, TakesARouteOnce) {
  EXPECT_THROW(router.add("GET", "/livez", Access::open(), answers("again")), std::logic_error);
  EXPECT_THROW(router.add("GET", "livez", Access::open(), answers("again")), std::logic_error);
}

}  // namespace
}  // namespace backupctl::http
