#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "backupctl/ids.hpp"
#include "http/problem.hpp"
#include "http/traceparent.hpp"
#include "wire/problem.hpp"

namespace backupctl::http {
namespace {

TEST(HttpProblem, HasTheStatusOfItsKindOrCode) {
  const auto status = [](ErrorKind kind, std::string code = {}) {
    return status_of({kind, "x", false, std::move(code), {}});
  };
  EXPECT_EQ(status(ErrorKind::invalid), 422);
  EXPECT_EQ(status(ErrorKind::invalid, "malformed-json"), 400);
  EXPECT_EQ(status(ErrorKind::not_allowed), 403);
  EXPECT_EQ(status(ErrorKind::forbidden), 403);
  EXPECT_EQ(status(ErrorKind::forbidden, "unauthenticated"), 401);
  EXPECT_EQ(status(ErrorKind::not_found), 404);
  EXPECT_EQ(status(ErrorKind::conflict), 409);
  EXPECT_EQ(status(ErrorKind::unavailable), 503);
  EXPECT_EQ(status(ErrorKind::overloaded), 503);
  EXPECT_EQ(status(ErrorKind::unknown_outcome), 503);
  EXPECT_EQ(status(ErrorKind::corrupt), 500);
  EXPECT_EQ(status(ErrorKind::internal), 500);
}

TEST(HttpProblem, CarriesEverything) {
  const Error error{ErrorKind::invalid, "two are bad", false, {}, {{"/a", "is no date"}, {"/b", "is missing"}}};
  const auto response = problem_response(error, {.backup_request_id = "0190", .retry_after = std::chrono::seconds{7}});
  EXPECT_EQ(response.headers.find("content-type"), "application/problem+json");
  EXPECT_EQ(response.headers.find("Retry-After"), "7");
  EXPECT_EQ(response.code, "invalid-request");
  const auto problem = wire::parse_problem(response.body).value();
  EXPECT_EQ(problem.status, 422);
  EXPECT_EQ(problem.code, "invalid-request");
  EXPECT_EQ(problem.detail, "two are bad");
  EXPECT_EQ(problem.backup_request_id, "0190");
  EXPECT_EQ(problem.errors, error.faults);
}

TEST(HttpProblem, KeepsTheInsideInside) {
  const auto response = problem_response(Error{ErrorKind::internal, "no such table: requests"});
  EXPECT_EQ(response.body.find("table"), std::string::npos);
}

TEST(HttpProblem, SaysWhenToComeAgain) {
  EXPECT_EQ(problem_response(unavailable("the store is busy")).headers.find("Retry-After"), "1");
  EXPECT_FALSE(problem_response(Error{ErrorKind::conflict, "x"}).headers.find("Retry-After"));
}

TEST(HttpMessage, KnowsJson) {
  const auto is_json = [](std::optional<std::string> type) {
    Request request;
    if (type) request.headers.add("content-type", *type);
    EXPECT_EQ(refuse_unless_json(request).has_value(), !has_json_content_type(request));
    return has_json_content_type(request);
  };
  EXPECT_TRUE(is_json("application/json"));
  EXPECT_TRUE(is_json("Application/JSON ; charset=utf-8"));
  EXPECT_FALSE(is_json("application/jsonx"));
  EXPECT_FALSE(is_json("text/plain"));
  EXPECT_FALSE(is_json(std::nullopt));
}

TEST(HttpTraceparent, IsReadAsTheRecommendationSays) {
  const std::string id = "4bf92f3577b34da6a3ce929d0e0e4736";
  const std::string good = "00-" + id + "-00f067aa0ba902b7-01";
  ASSERT_TRUE(parse_traceparent(good));
  EXPECT_EQ(parse_traceparent(good)->trace_id, id);
  EXPECT_EQ(parse_traceparent(good)->to_header(), good);
  EXPECT_TRUE(parse_traceparent("cc-" + id + "-00f067aa0ba902b7-01-what-comes-later"));
  const std::vector<std::string> refused = {"",
                                            good + "-x",
                                            "ff" + good.substr(2),
                                            good.substr(1),
                                            "cc" + good.substr(2) + "x",
                                            "00-" + std::string(32, '0') + "-00f067aa0ba902b7-01",
                                            "00-" + id + "-0000000000000000-01",
                                            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                            "00-" + id + "-00f067aa0ba902b7-0x"};
  for (const std::string& bad : refused) EXPECT_FALSE(parse_traceparent(bad)) << bad;
}

class Zeros final : public Random {
 public:
  std::uint64_t next() override { return 0; }
};

TEST(HttpTraceparent, NewOnesAreValid) {
  Zeros zeros;
  EXPECT_TRUE(parse_traceparent(new_trace(zeros).to_header()));
}

}  // namespace
}  // namespace backupctl::http
