#include "wire/problem.hpp"

#include <gtest/gtest.h>

namespace backupctl::wire {
namespace {

TEST(Problem, IsWrittenAsAProblemDocument) {
  EXPECT_EQ(
      problem_json({.status = 401, .code = "unauthenticated", .title = "Who are you?", .detail = "No token."}),
      R"({"type":"urn:backupctl:problem:unauthenticated","title":"Who are you?","status":401,"detail":"No token.",)"
      R"("code":"unauthenticated"})");
  EXPECT_EQ(
      problem_json({.status = 422,
                    .code = "invalid-request",
                    .title = "T",
                    .detail = "D",
                    .backup_request_id = "0190a000-0000-7000-8000-000000000001",
                    .errors = {{"/a", "is required"}, {"/b~1c", "x \"y\""}}}),
      R"({"type":"urn:backupctl:problem:invalid-request","title":"T","status":422,"detail":"D","code":"invalid-request",)"
      R"("backupRequestId":"0190a000-0000-7000-8000-000000000001","errors":[{"pointer":"/a","detail":"is required"},)"
      R"({"pointer":"/b~1c","detail":"x \"y\""}]})");
}

TEST(Problem, IsReadBack) {
  const Problem problem{.status = 503,
                        .code = "overloaded",
                        .title = "Busy",
                        .detail = "Come again.",
                        .backup_request_id = "0190a000-0000-7000-8000-000000000001",
                        .errors = {{"/a", "b"}, {"", "c"}}};
  EXPECT_EQ(parse_problem(problem_json(problem)).value(), problem);
}

TEST(Problem, IsReadWithMembersThatWeDoNotKnow) {
  const auto read = parse_problem(
      R"({"type":"about:blank","status":404,"code":"backup-job-not-found","instance":"/x","balance":[1]})");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, (Problem{.status = 404, .code = "backup-job-not-found"}));
}

TEST(Problem, IsNotReadFromAnythingElse) {
  for (const auto* text : {R"({"status":404})", R"({"code":"x"})", R"({"status":"404","code":"x"})",
                           R"({"status":200,"code":"x"})", R"({"status":404,"code":"x","detail":1})",
                           R"({"status":404,"code":"x","errors":[{"pointer":"/a"}]})", "[]", "null"}) {
    const auto read = parse_problem(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().code, "invalid-request") << text;
  }
  EXPECT_EQ(parse_problem("<html>not found</html>").error().code, "malformed-json");
}

}  // namespace
}  // namespace backupctl::wire
