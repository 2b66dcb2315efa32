#include <gmock/gmock.h>

#include "config/load.hpp"

namespace backupctl::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

struct Zone {
  std::string name;
  std::int64_t workers = 2;
};

struct Settings {
  std::string listen = "127.0.0.1:8080";
  std::int64_t max_body = 65536;
  bool insecure = false;
  Duration grace = 10s;
  std::string format = "json";
  std::vector<std::string> sources{"/data"};
  std::vector<Zone> zones;
};

class ConfigLoad : public ::testing::Test {
 protected:
  ConfigLoad() {
    schema.text("http.listen", settings.listen, "where to listen").check([](std::string_view text) {
      return text.empty() ? "must not be empty" : "";
    });
    schema.number("http.maxBody", settings.max_body, {1, 1000000}, "largest body");
    schema.flag("http.insecure", settings.insecure, "no TLS");
    schema.duration("shutdown.grace", settings.grace, 0s, 1h, "time to end");
    schema.choice("log.format", settings.format, {"json", "text"}, "how");
    schema.list("files.sources", settings.sources, "roots");
    schema.rows<Zone>("zone", settings.zones, "zones", [](Schema& row, Zone& zone) {
      row.text("name", zone.name, "its name").required();
      row.number("workers", zone.workers, {1, 8}, "at once");
    });
    schema.unsupported("tls", "not in this version");
  }

  std::vector<std::string> problems(std::string file, Environment environment = {},
                                    std::vector<std::string> sets = {}) {
    loaded = load(schema, {Sources::File{"a.toml", std::move(file)}, std::move(environment), std::move(sets)});
    std::vector<std::string> lines;
    for (const auto& problem : loaded.problems) lines.push_back(to_string(problem));
    return lines;
  }

  Settings settings;
  Schema schema;
  Loaded loaded;
};

TEST_F(ConfigLoad, WithoutAnySourceEveryKeyKeepsItsDefault) {
  EXPECT_THAT(load(schema, {}).problems, IsEmpty());
  EXPECT_EQ(settings.listen, "127.0.0.1:8080");
  EXPECT_EQ(settings.grace, 10s);
  EXPECT_THAT(settings.sources, ElementsAre("/data"));
}

TEST_F(ConfigLoad, TheFileSetsKeysOfEveryType) {
  EXPECT_THAT(problems(R"([http]
listen = "0.0.0.0:1"
maxBody = 1
insecure = true
[shutdown]
grace = "250ms"
[log]
format = "text"
[files]
sources = ["/a", "/b,c"]
[[zone]]
name = "one"
[[zone]]
name = "two"
workers = 8
)"),
              IsEmpty());
  EXPECT_EQ(settings.listen, "0.0.0.0:1");
  EXPECT_EQ(settings.max_body, 1);
  EXPECT_TRUE(settings.insecure);
  EXPECT_EQ(settings.grace, 250ms);
  EXPECT_EQ(settings.format, "text");
  EXPECT_THAT(settings.sources, ElementsAre("/a", "/b,c"));
  ASSERT_THAT(settings.zones, SizeIs(2));
  EXPECT_EQ(settings.zones[0].name, "one");
  EXPECT_EQ(settings.zones[0].workers, 2);
  EXPECT_EQ(settings.zones[1].name, "two");
  EXPECT_EQ(settings.zones[1].workers, 8);
}

TEST_F(ConfigLoad, EnvironmentBeatsFileAndSetBeatsEnvironment) {
  const std::string file = "[http]\nlisten = \"file\"\nmaxBody = 1\n[shutdown]\ngrace = \"1s\"\n";
  EXPECT_THAT(problems(file, {{"BACKUPCTL_HTTP_LISTEN", "env"}, {"BACKUPCTL_HTTP_MAXBODY", "2"}}, {"http.maxBody=3"}),
              IsEmpty());
  EXPECT_EQ(settings.grace, 1s);
  EXPECT_EQ(settings.listen, "env");
  EXPECT_EQ(settings.max_body, 3);
}

TEST_F(ConfigLoad, TextFromOutsideIsReadByTheTypeOfItsKey) {
  EXPECT_THAT(problems("",
                       {{"BACKUPCTL_HTTP_MAX_BODY", "7"},
                        {"BACKUPCTL_HTTP_INSECURE", "true"},
                        {"BACKUPCTL_FILES_SOURCES", "/x,/y"},
                        {"BACKUPCTL_SHUTDOWN_GRACE", "3m"}},
                       {"http.listen=a=b"}),
              IsEmpty());
  EXPECT_EQ(settings.max_body, 7);
  EXPECT_TRUE(settings.insecure);
  EXPECT_THAT(settings.sources, ElementsAre("/x", "/y"));
  EXPECT_EQ(settings.grace, 3min);
  EXPECT_EQ(settings.listen, "a=b");
  EXPECT_THAT(problems("", {}, {R"(files.sources=["/p,q"])"}), IsEmpty());
  EXPECT_THAT(settings.sources, ElementsAre("/p,q"));
}

TEST_F(ConfigLoad, EveryProblemIsFoundWithFileLineAndKey) {
  EXPECT_THAT(
      problems(R"([http]
listen = 5
maxBody = "many"
insecure = "yes"
listn = "x"
[shutdown]
grace = "10 s"
[log]
format = "xml"
[files]
sources = "/data"
[[zone]]
workers = 9
[tls]
key = "k"
)"),
      ElementsAre("a.toml:2: http.listen: must be a text in quotes",
                  "a.toml:3: http.maxBody: must be a whole number 1 to 1000000",
                  "a.toml:4: http.insecure: must be true or false",
                  "a.toml:5: http.listn: is not a key of this program; did you mean http.listen?",
                  HasSubstr("a.toml:7: shutdown.grace: must be a duration"),
                  "a.toml:9: log.format: must be one of json, text",
                  R"(a.toml:11: files.sources: must be a list of texts such as ["a", "b"])",
                  "a.toml:12: zone[0].name: must be given", "a.toml:13: zone[0].workers: must be a whole number 1 to 8",
                  "a.toml:14: tls: is not supported: not in this version"));
}

TEST_F(ConfigLoad, UnknownSectionsKeysAndRows) {
  EXPECT_THAT(
      problems("htttp = 1\n[http.listen]\nx = 1\n[shutdwon]\ngrace = \"1s\"\n[zone]\nname = \"a\"\n[quite_other]\n"),
      ElementsAre("a.toml:1: htttp: is not a key of this program; did you mean http?",
                  "a.toml:2: http.listen: must be a text in quotes",
                  "a.toml:4: shutdwon: is not a key of this program; did you mean shutdown?",
                  "a.toml:6: zone: must be written [[zone]], once for each",
                  "a.toml:8: quite_other: is not a key of this program"));
  EXPECT_THAT(problems("[[zone]]\nname = \"a\"\nworker = 1\n"),
              ElementsAre("a.toml:3: zone[0].worker: is not a key of this program; did you mean workers?"));
}

TEST_F(ConfigLoad, ProblemsOfEnvironmentAndSetNameTheirSource) {
  EXPECT_THAT(
      problems("", {{"BACKUPCTL_HTTP_MAXBODY", "0"}, {"BACKUPCTL_HTTP_MAX_BODY", "1"}},
               {"http.maxBody=1x", "http.maxbody=1", "log", "zone.name=a", "tls.key=a", "http=1", "shutdown.grace="}),
      ElementsAre("environment BACKUPCTL_HTTP_MAXBODY: http.maxBody: must be a whole number 1 to 1000000",
                  "environment BACKUPCTL_HTTP_MAX_BODY: http.maxBody: is set by BACKUPCTL_HTTP_MAXBODY as well",
                  "--set: http.maxBody: must be a whole number 1 to 1000000",
                  "--set: http.maxbody: is not a key of this program; did you mean http.maxBody?",
                  "--set: log: must be written KEY=VALUE, such as log.level=debug",
                  HasSubstr("--set: zone.name: is not a key of this program"),
                  "--set: tls.key: is not supported: not in this version", "--set: http: is a section, not a key",
                  HasSubstr("--set: shutdown.grace: must be a duration")));
}

TEST_F(ConfigLoad, StrayVariablesOfOurSectionsAreWarningsOthersAreNotOurs) {
  EXPECT_THAT(problems("", {{"BACKUPCTL_HTTP_LISTN", "x"}, {"BACKUPCTL_TOKEN", "secret"}, {"HTTP_LISTEN", "x"}}),
              IsEmpty());
  ASSERT_THAT(loaded.warnings, SizeIs(1));
  EXPECT_EQ(loaded.warnings[0].where, "environment BACKUPCTL_HTTP_LISTN");
}

TEST_F(ConfigLoad, TextThatIsNoTomlNamesTheLine) {
  EXPECT_THAT(problems("[http]\nlisten = \n"), ElementsAre(HasSubstr("a.toml:2: is no TOML: ")));
  EXPECT_THAT(problems("[http]\nlisten = \"a\"\nlisten = \"b\"\n"), ElementsAre(HasSubstr("a.toml:3: is no TOML: ")));
  EXPECT_THAT(problems("[http]\nlisten = \"\xff\"\n"), ElementsAre(HasSubstr("is no TOML: ")));
  EXPECT_THAT(problems("[.http]\n"), ElementsAre(HasSubstr("a.toml: is no TOML: ")));
  EXPECT_THAT(problems("[http]\n[\x1e[zone]]\n"), ElementsAre(HasSubstr("is no TOML: ")));
}

TEST_F(ConfigLoad, LettersBeyondAsciiStandInQuotesAndComments) {
  EXPECT_THAT(
      problems("# \u0425\n[files]\nsources = ['/d/\u0425', \"/d/\\\"\u0425\", '''\u0425''', \"\"\"\u0425\"\"\"]\n"),
      IsEmpty());
  EXPECT_EQ(settings.sources, (std::vector<std::string>{"/d/\u0425", "/d/\"\u0425", "\u0425", "\u0425"}));
  for (const auto* file : {"\n\u0425 = 1\n", "\n[\u0425]\n"})
    EXPECT_THAT(problems(file), ElementsAre("a.toml:2: is no TOML: a letter beyond ASCII stands outside of quotes"));
  for (const auto* file : {"\n[files]\u0425\n", "\nsources = \u0425\n"})
    EXPECT_THAT(problems(file), ElementsAre(HasSubstr("a.toml:2: is no TOML: ")));
}

TEST_F(ConfigLoad, ControlCharactersAreRefused) {
  EXPECT_THAT(problems("[http]\nlisten = \"a\\u0000b\"\n"),
              ElementsAre("a.toml:2: http.listen: must not contain control characters"));
}

TEST_F(ConfigLoad, ChecksOverSeveralKeysNameTheLineOfTheirKey) {
  schema.also([this](const Report& report) {
    if (settings.insecure) report("http.insecure", "is refused");
    report("zone[0].colour", "is missing");
    report("log.format", "is dull");
  });
  EXPECT_THAT(problems("[[zone]]\nname = \"a\"\n", {}, {"http.insecure=true"}),
              ElementsAre("--set: http.insecure: is refused", "a.toml:1: zone[0].colour: is missing",
                          "default: log.format: is dull"));
}

TEST_F(ConfigLoad, ARequiredKeyMustBeGiven) {
  std::string state;
  schema.path("state", state, "where").required();
  EXPECT_THAT(problems(""), ElementsAre("a.toml: state: must be given"));
  EXPECT_THAT(problems("state = \"\""), ElementsAre("a.toml:1: state: must not be empty"));
  EXPECT_THAT(problems("state = \"x\""), IsEmpty());
}

TEST(ConfigNearest, FindsSlipsAndNothingElse) {
  const std::vector<std::string> known{"http.listen", "http.maxBody", "log.level"};
  EXPECT_EQ(nearest("http.lsiten", known), "http.listen");
  EXPECT_EQ(nearest("http.maxbody", known), "http.maxBody");
  EXPECT_EQ(nearest("log.leel", known), "log.level");
  EXPECT_EQ(nearest("retention.sweepEvery", known), "");
  EXPECT_EQ(nearest("", known), "");
}

}  // namespace
}  // namespace backupctl::config
