#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "digest/sha256.hpp"
#include "http/auth.hpp"
#include "http/problem.hpp"

namespace backupctl::http {
namespace {

Token token(const std::string& name, const std::string& secret, RoleSet roles) {
  return {.name = name, .owner = "owner of " + name, .sha256 = digest::sha256_hex(secret), .roles = roles, .zone = {}};
}

TEST(HttpSha256, IsTheStandardOne) {
  EXPECT_EQ(digest::sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(HttpRoles, HaveTheirNames) {
  for (int i = 0; i < role_count; ++i) {
    const auto role = static_cast<Role>(i);
    EXPECT_EQ(parse_role(to_string(role)), role);
    EXPECT_TRUE(RoleSet::all().has(role));
  }
  EXPECT_EQ(to_string(Role::operator_), "operator");
  EXPECT_FALSE(parse_role("root"));
  EXPECT_EQ(to_string(RoleSet{Role::zone, Role::requester}), "requester, zone");
}

TEST(HttpAuthenticator, KnowsItsTokens) {
  auto zone = token("zone", "three", {Role::zone});
  zone.zone = "files";
  zone.sha256[0] = static_cast<char>(std::toupper(zone.sha256[0]));
  const auto table =
      Authenticator::create({token("a", "one", {Role::requester}), token("b", "two", {Role::operator_}), zone}).value();

  const auto b = table.authenticate("Bearer two").value();
  EXPECT_EQ(b.owner, "owner of b");
  EXPECT_EQ(b.token_name, "b");
  EXPECT_EQ(b.roles, RoleSet{Role::operator_});
  EXPECT_TRUE(b.identified);
  EXPECT_EQ(table.authenticate("bearer   three").value().zone, "files");

  const std::vector<std::optional<std::string_view>> bad = {
      std::nullopt,  "",          "Bearer", "Bearer ",   "Bearer   ",  "Bearer four",
      "Bearer two ", "Basic two", "two",    "Bearertwo", "Bearer Two", "Bearer one two"};
  for (const auto& header : bad) {
    const auto principal = table.authenticate(header);
    ASSERT_FALSE(principal) << header.value_or("(none)");
    EXPECT_EQ(principal.error().code, "unauthenticated");
    const auto response = problem_response(principal.error());
    EXPECT_EQ(response.status, 401);
    EXPECT_EQ(response.headers.find("WWW-Authenticate"), "Bearer");
  }
}

TEST(HttpAuthenticator, OfAnEmptyTableLetsNobodyIn) {
  EXPECT_FALSE(Authenticator::create({}).value().authenticate("Bearer x"));
}

TEST(HttpAuthenticator, WithoutAuthEveryoneIsLocal) {
  const auto principal = Authenticator::open(true).authenticate(std::nullopt).value();
  EXPECT_EQ(principal.owner, "local");
  EXPECT_EQ(principal.roles, RoleSet::all());
  EXPECT_FALSE(principal.identified);
}

TEST(HttpAuthenticator, NamesEveryBadToken) {
  auto no_digest = token("a", "one", {Role::admin});
  no_digest.sha256.back() = 'g';
  auto no_role = token("b", "two", {});
  auto no_zone = token("c", "three", {Role::zone});
  auto zone_too_many = token("d", "four", {Role::admin});
  zone_too_many.zone = "files";
  const auto same_token = token("e", "four", {Role::admin});
  const auto same_name = token("d", "five", {Role::admin});
  const auto table = Authenticator::create({no_digest, no_role, no_zone, zone_too_many, same_token, same_name});
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().faults.size(), 6U);
}

struct HostRow {
  const char* host;
  const char* origin;
  bool allowed;
};

TEST(HttpAuthenticator, OnLoopbackAnswersOnlyNamesOfThisMachine) {
  const HostRow rows[] = {
      {"localhost", nullptr, true},
      {"LOCALHOST:8080", nullptr, true},
      {"127.0.0.1:1", nullptr, true},
      {"127.9.9.9", nullptr, true},
      {"[::1]:8080", nullptr, true},
      {"[::1]", nullptr, true},
      {"evil.example:8080", nullptr, false},
      {"192.168.0.1", nullptr, false},
      {"localhost.evil.example", nullptr, false},
      {"127.0.0.1.evil.example", nullptr, false},
      {"[::2]", nullptr, false},
      {"0.0.0.0", nullptr, false},
      {"localhost", "http://localhost:3000", true},
      {"localhost", "https://evil.example", false},
      {"localhost", "null", false},
  };
  for (const auto& row : rows) {
    Request request;
    request.headers.add("Host", row.host);
    if (row.origin != nullptr) request.headers.add("Origin", row.origin);
    const auto checked = Authenticator::open(true).check_host(request);
    EXPECT_EQ(checked.has_value(), row.allowed) << row.host << " " << (row.origin != nullptr ? row.origin : "");
    if (!checked) {
      EXPECT_EQ(status_of(checked.error()), 403);
    }
    EXPECT_TRUE(Authenticator::open(false).check_host(request));
  }
}

}  // namespace
}  // namespace backupctl::http
