// The API in this process: /openapi.json describes exactly what the router serves, and what is beyond its bounds.
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <set>

#include <boost/json/parse.hpp>

#include "backupctl/blocking.hpp"
#include "backupctl/serial_executor.hpp"
#include "backupctl/testing/memory_repository.hpp"
#include "http/controller_api.hpp"

namespace backupctl::http {
namespace {

namespace json = boost::json;

class NoLog final : public Logger {
  void write(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

class ControllerApiTest : public ::testing::Test {
 protected:
  ControllerApiTest() {
    api_.add_to(router_);
    document_ = json::parse(get({"openapi.json"}).body);
  }

  Response get(std::vector<std::string> segments) {
    Request request;
    request.method = "GET";
    request.segments = std::move(segments);
    return ask(std::move(request));
  }
  Response ask(Request request) {
    std::promise<Response> answer;
    executor_.post([&] {
      router_.handle(std::move(request), [&answer](Response response) { answer.set_value(std::move(response)); });
    });
    return answer.get_future().get();
  }

  const json::value& resolve(const json::value& value) const {
    const auto* object = value.if_object();
    const auto* reference = object ? object->if_contains("$ref") : nullptr;
    if (!reference) return value;
    return document_.at_pointer(std::string(reference->as_string()).substr(1));
  }

  std::set<std::string> names_in(const json::object& operation, std::string_view in) const {
    std::set<std::string> names;
    const auto* parameters = operation.if_contains("parameters");
    for (const auto& one : parameters ? parameters->as_array() : json::array{}) {
      const auto& parameter = resolve(one).as_object();
      if (parameter.at("in").as_string() == in) names.emplace(parameter.at("name").as_string());
    }
    return names;
  }

  SerialExecutor executor_;
  SystemClock clock_;
  SystemRandom random_;
  RepositoryThreads repository_{std::make_unique<backupctl::testing::MemoryRepository>(), 1};
  StaticJobs jobs_{{}};
  Controller controller_{{executor_, clock_, random_, repository_, jobs_}, {.max_waiting_commands = 0}};
  NoLog log_;
  Authenticator authenticator_ = Authenticator::open(true);
  ControllerApi api_{{controller_, executor_, clock_, log_}};
  Router router_{authenticator_, log_};
  json::value document_;
};

TEST_F(ControllerApiTest, DescribesEveryRouteAndNothingElse) {
  std::map<std::string, const Route*> served;
  for (const auto& route : router_.routes()) served[lower(route.method) + " " + route.pattern] = &route;
  std::set<std::string> described;
  for (const auto& [path, methods] : document_.at("paths").as_object()) {
    for (const auto& [method, operation] : methods.as_object()) {
      const auto name = std::string(method) + " " + std::string(path);
      described.insert(name);
      ASSERT_TRUE(served.contains(name)) << name << " is described and not served";
      const auto& route = *served[name];
      const auto& members = operation.as_object();

      EXPECT_EQ(names_in(members, "query"), std::set<std::string>(route.query.begin(), route.query.end())) << name;
      std::set<std::string> in_path;
      for (std::size_t at = 0; (at = route.pattern.find('{', at)) != std::string::npos; ++at)
        in_path.insert(route.pattern.substr(at + 1, route.pattern.find('}', at) - at - 1));
      EXPECT_EQ(names_in(members, "path"), in_path) << name;

      const auto* roles = members.if_contains("x-roles");
      EXPECT_EQ(roles == nullptr, route.access.open_to_all) << name;
      RoleSet told;
      for (const auto& role : roles ? roles->as_array() : json::array{})
        told.add(parse_role(std::string(role.as_string())).value());
      EXPECT_TRUE(told == route.access.roles) << name << ": " << to_string(route.access.roles);
    }
  }
  for (const auto& [name, route] : served) EXPECT_TRUE(described.contains(name)) << name << " is not described";
}

TEST_F(ControllerApiTest, EveryReferenceLeadsSomewhere) {
  std::size_t references = 0;
  const std::function<void(const json::value&)> walk = [&](const json::value& value) {
    if (const auto* object = value.if_object()) {
      if (const auto* reference = object->if_contains("$ref"); reference && reference->is_string()) {
        ++references;
        EXPECT_NO_THROW(document_.at_pointer(std::string(reference->as_string()).substr(1))) << reference->as_string();
      }
      for (const auto& [name, member] : *object) walk(member);
    } else if (const auto* array = value.if_array()) {
      for (const auto& element : *array) walk(element);
    }
  };
  walk(document_);
  EXPECT_GT(references, 50U);
  EXPECT_EQ(document_.at("openapi").as_string(), "3.1.0");
}

TEST_F(ControllerApiTest, BeyondItsBoundsARequestIsOverloadedAndNotStored) {
  Request request;
  request.method = "POST";
  request.segments = {"api", "backup-requests"};
  request.headers = {{"Content-Type", "application/json"}};
  request.body = R"({"apiVersion":"2026-11-01","backupJobId":"01900000-0000-7000-8000-0000000000aa",)"
                 R"("backupSourcePath":"/data/x","dataAsOfDate":"2021-01-08"})";
  const auto answer = ask(std::move(request));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.code, "overloaded");
  EXPECT_TRUE(answer.headers.find("Retry-After"));
  EXPECT_EQ(answer.body.find("backupRequestId"), std::string::npos);
  EXPECT_EQ(get({"api", "backup-requests"}).body, R"({"items":[]})");
}

TEST_F(ControllerApiTest, IsNotReadyBeforeTheControllerHasStarted) {
  EXPECT_EQ(get({"readyz"}).status, 503);
  EXPECT_EQ(get({"livez"}).status, 200);
}

}  // namespace
}  // namespace backupctl::http
