#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/options.hpp"
#include "config/sections.hpp"

namespace backupctl::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const std::string hash_a(64, 'a');
const std::string hash_b(64, 'b');

class ConfigOptions : public ::testing::Test {
 protected:
  ConfigOptions() {
    std::string pattern = std::filesystem::temp_directory_path() / "config-options-XXXXXX";
    folder = ::mkdtemp(pattern.data());
    declare_http(schema, http, auth);
    declare_auth(schema, auth);
    declare_log(schema, log);
    declare_shutdown(schema, shutdown);
    schema.token_file("jobs.tokenFile", token, "our token at the job service");
  }
  ~ConfigOptions() override { std::filesystem::remove_all(folder); }

  std::string write(const std::string& name, const std::string& text) {
    const auto path = folder / name;
    std::ofstream(path, std::ios::binary) << text;
    ::chmod(path.c_str(), 0600);
    return path;
  }

  // The exit code, or -1 when the program would go on.
  int run(std::vector<std::string> arguments) {
    out.str("");
    err.str("");
    started = start({"backupctl-test", "1.2.3", "a test.", "  backupctl-test --config x.toml\n"}, schema, arguments, {},
                    out, err);
    return started.exit_code.value_or(-1);
  }
  int run_file(const std::string& text) { return run({"--config", write("c.toml", text), "--check-config"}); }

  static std::string token_text(const std::string& name, const std::string& hash, const std::string& rest) {
    return "[[auth.token]]\nname = \"" + name + "\"\nowner = \"o\"\nsha256 = \"" + hash + "\"\n" + rest + "\n";
  }

  std::filesystem::path folder;
  AuthSection auth;
  HttpSection http;
  LogSection log;
  ShutdownSection shutdown;
  TokenFile token;
  Schema schema;
  std::ostringstream out, err;
  Start started;
};

TEST_F(ConfigOptions, WithoutArgumentsTheProgramGoesOn) {
  EXPECT_EQ(run({}), -1);
  EXPECT_EQ(out.str() + err.str(), "");
}

TEST_F(ConfigOptions, SetMayBeRepeatedAndTheLastOneHolds) {
  EXPECT_EQ(run({"--set", "log.level=debug", "--set", "http.maxBody=5", "--set=log.level=error"}), -1);
  EXPECT_EQ(log.level(), LogLevel::error);
  EXPECT_EQ(http.max_body, 5);
}

TEST_F(ConfigOptions, CheckConfigAnswersNothingWhenAllIsWell) {
  EXPECT_EQ(run({"--check-config"}), 0);
  EXPECT_EQ(out.str() + err.str(), "");
}

TEST_F(ConfigOptions, CheckConfigPrintsEveryProblem) {
  EXPECT_EQ(run_file("[http]\nlisten = \"nowhere\"\n[log]\nlevel = \"loud\"\n"), 2);
  EXPECT_THAT(err.str(), HasSubstr("c.toml:2: http.listen: must be host:port"));
  EXPECT_THAT(err.str(), HasSubstr("c.toml:4: log.level: must be one of debug, info, warning, error"));
}

TEST_F(ConfigOptions, BadUsage) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"--confg", "x"}, {"x"}, {"--config"}, {"--config", ""}, {"--set"}, {"--set", "log.level=info", "x"}}) {
    EXPECT_EQ(run(arguments), 2);
    EXPECT_THAT(err.str(), HasSubstr("backupctl-test"));
  }
}

TEST_F(ConfigOptions, AFileThatCannotBeReadIsAProblem) {
  EXPECT_EQ(run({"--config", folder / "none.toml"}), 2);
  EXPECT_THAT(err.str(), HasSubstr("none.toml: cannot be read: No such file"));
  EXPECT_EQ(run({"--config", folder}), 2);
  EXPECT_THAT(err.str(), HasSubstr("cannot be read: "));
}

TEST_F(ConfigOptions, HelpShowsExamplesAndEveryKeyWithItsDefault) {
  EXPECT_EQ(run({"--help", "--set", "nonsense"}), 0);
  for (const auto* part :
       {"backupctl-test --config x.toml", "[http]", "listen = \"127.0.0.1:8080\"", "maxBody = 65536",
        "readTimeout = \"10s\"", "[log]", "[[auth.token]]", "sha256  (required)", "--check-config"}) {
    EXPECT_THAT(out.str(), HasSubstr(part));
  }
  EXPECT_EQ(err.str(), "");
}

TEST_F(ConfigOptions, Version) {
  EXPECT_EQ(run({"--version"}), 0);
  EXPECT_EQ(out.str(), "backupctl-test 1.2.3\n");
}

TEST_F(ConfigOptions, Tokens) {
  EXPECT_EQ(run_file(token_text("a", std::string(64, 'A'), "roles = [\"requester\", \"owner\"]") +
                     token_text("z", hash_b, "roles = [\"zone\"]\nzone = \"files\"")),
            0)
      << err.str();
  ASSERT_THAT(auth.tokens, SizeIs(2));
  EXPECT_EQ(auth.tokens[0].sha256, hash_a);
  EXPECT_THAT(auth.tokens[0].roles, ElementsAre("requester", "owner"));
  EXPECT_EQ(auth.tokens[1].zone, "files");
}

TEST_F(ConfigOptions, BadTokens) {
  EXPECT_EQ(run_file(token_text("a", "secret", "roles = [\"king\"]") +                   // lines 1 to 5
                     token_text("a", hash_a, "roles = [\"zone\"]") +                     // 6 to 10
                     token_text("b", hash_a, "roles = [\"owner\"]\nzone = \"files\"") +  // 11 to 16
                     token_text("c", hash_b, "")),                                       // 17
            2);
  EXPECT_THAT(err.str(), HasSubstr("c.toml:4: auth.token[0].sha256: must be 64 hexadecimal digits"));
  EXPECT_THAT(err.str(), Not(HasSubstr("secret\"")));
  EXPECT_THAT(err.str(), HasSubstr("c.toml:5: auth.token[0].roles: item \"king\" is not a role"));
  EXPECT_THAT(err.str(), HasSubstr("c.toml:7: auth.token[1].name: is the name of two tokens"));
  EXPECT_THAT(err.str(), HasSubstr("c.toml:6: auth.token[1].zone: must name the zone"));
  EXPECT_THAT(err.str(), HasSubstr("c.toml:14: auth.token[2].sha256: stands at two tokens"));
  EXPECT_THAT(err.str(), HasSubstr("c.toml:16: auth.token[2].zone: is only for tokens with role zone"));
  EXPECT_THAT(err.str(), HasSubstr("c.toml:17: auth.token[3].roles: must be given"));
}

TEST_F(ConfigOptions, AnEmptyRoleListIsAProblem) {
  EXPECT_EQ(run_file(token_text("a", hash_a, "roles = []")), 2);
  EXPECT_THAT(err.str(), HasSubstr("c.toml:5: auth.token[0].roles: must not be empty"));
}

TEST_F(ConfigOptions, AuthWithoutTokensIsAProblemNotAnOpenDoor) {
  EXPECT_EQ(run_file("[auth]\n"), 2);
  EXPECT_THAT(err.str(), HasSubstr("c.toml:1: auth: is there without any [[auth.token]]"));
  EXPECT_EQ(run_file("auth.token = []\n"), 2);
  EXPECT_THAT(err.str(), HasSubstr("auth: is there without any"));
}

TEST_F(ConfigOptions, TlsIsNotServedYet) {
  EXPECT_EQ(run_file("[tls]\ncertificate = \"c\"\n"), 2);
  EXPECT_THAT(err.str(), HasSubstr("c.toml:1: tls: is not supported: this version does not serve TLS"));
}

TEST_F(ConfigOptions, AListenerThatOthersReachMustBeProtectedOrSaidToBe) {
  EXPECT_EQ(run({"--check-config", "--set", "http.listen=0.0.0.0:80"}), 2);
  EXPECT_THAT(err.str(), HasSubstr("--set: http.listen: is not a loopback address and there is no [[auth.token]]"));
  EXPECT_EQ(run({"--check-config", "--set", "http.listen=0.0.0.0:80", "--set", "http.insecure=true"}), 0);
}

TEST_F(ConfigOptions, TokenFilesAreTrimmedAndNeverShown) {
  const auto path = write("token", " s3cret\r\n");
  EXPECT_EQ(run({"--set", "jobs.tokenFile=" + path}), -1);
  EXPECT_EQ(token.token, "s3cret");
  EXPECT_THAT(started.warnings, IsEmpty());

  ::chmod(path.c_str(), 0644);
  EXPECT_EQ(run({"--set", "jobs.tokenFile=" + path}), -1);
  ASSERT_THAT(started.warnings, SizeIs(1));
  EXPECT_THAT(started.warnings[0].detail, HasSubstr("can be read by every user"));

  write("token", "two s3crets");
  EXPECT_EQ(run({"--set", "jobs.tokenFile=" + path}), 2);
  EXPECT_THAT(err.str(), HasSubstr("--set: jobs.tokenFile: token file " + path + " must hold one token"));
  EXPECT_THAT(err.str(), Not(HasSubstr("s3cret")));

  for (const auto& [name, what] : std::vector<std::pair<std::string, std::string>>{
           {write("blank", " \n"), "is empty"},
           {write("long", std::string(70000, 'x')), "is longer than 64 KiB"},
           {folder / "none", "cannot be opened: No such file"},
           {folder, "is not a regular file"}}) {
    EXPECT_EQ(run({"--set", "jobs.tokenFile=" + name}), 2);
    EXPECT_THAT(err.str(), HasSubstr(what));
  }
}

TEST(ConfigSections, Loopback) {
  for (const auto* yes : {"127.0.0.1:80", "127.9.9.9:0", "[::1]:80", "localhost:80"}) EXPECT_TRUE(is_loopback(yes));
  for (const auto* no : {"0.0.0.0:80", "[::]:80", "10.0.0.1:80", "127.example.org:80", "127.0.0.1.x:80", "host:80"}) {
    EXPECT_FALSE(is_loopback(no)) << no;
  }
}

TEST(ConfigSections, Endpoints) {
  for (const auto* good : {"127.0.0.1:0", "[::1]:65535", "host-a.example:80"})
    EXPECT_EQ(problem_with_endpoint(good), "");
  for (const auto* bad :
       {"", ":", ":80", "host", "host:", "host:x", "host:65536", "host:-1", "::1:80", "ho st:1", "h:8 0"}) {
    EXPECT_NE(problem_with_endpoint(bad), "") << bad;
  }
}

TEST(ConfigSections, HttpUrls) {
  for (const auto* good : {"http://127.0.0.1:8081", "http://jobs.example/", "http://[::1]:80"}) {
    EXPECT_EQ(problem_with_http_url(good), "") << good;
  }
  for (const auto* bad : {"", "http://", "127.0.0.1:80", "http://a/b", "http://u@h", "http://h:99999", "ftp://h"}) {
    EXPECT_NE(problem_with_http_url(bad), "") << bad;
  }
  EXPECT_THAT(problem_with_http_url("https://h"), HasSubstr("TLS"));
}

}  // namespace
}  // namespace backupctl::config
