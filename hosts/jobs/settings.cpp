#include "jobs/settings.hpp"

#include "soci/ground/store_url.hpp"

namespace backupctl::jobs {
namespace {

std::string problem_with_store_url(std::string_view text) {
  const auto url = soci::parse_store_url(text);
  if (!url) return url.error().detail;
  if (!std::holds_alternative<soci::SqliteUrl>(*url))
    return "must be sqlite:///path: the job service keeps its store on SQLite";
  return {};
}

}  // namespace

std::filesystem::path Settings::store_path() const {
  return std::get<soci::SqliteUrl>(soci::parse_store_url(store_url).value()).path;
}

void declare(config::Schema& schema, Settings& settings) {
  using namespace std::chrono_literals;
  schema.text("store.url", settings.store_url, "where jobs are kept: sqlite:///absolute/path or sqlite:relative/path")
      .check(problem_with_store_url);
  schema.choice("store.create", settings.store_create, {"auto", "never"}, "never: a missing store is an error");
  config::declare_http(schema, settings.http, settings.auth);
  schema.text("controller.url", settings.controller_url, "the controller that is asked for a job's backups")
      .check(config::problem_with_http_url);
  schema.token_file("controller.tokenFile", settings.controller_token,
                    "file with our token at the controller (role jobs)");
  schema.duration("controller.timeout", settings.controller_timeout, 1ms, 5min, "for one answer of the controller");
  config::declare_log(schema, settings.log);
  config::declare_shutdown(schema, settings.shutdown);
  config::declare_auth(schema, settings.auth);
}

Result<http::Authenticator> authenticator_of(const Settings& settings) {
  if (!settings.auth.present()) return http::Authenticator::open(!settings.http.insecure);
  std::vector<http::Token> tokens;
  for (const auto& token : settings.auth.tokens) {
    http::Token added{.name = token.name, .owner = token.owner, .sha256 = token.sha256, .roles = {}, .zone = {}};
    for (const auto& name : token.roles) {
      if (const auto role = http::parse_role(name)) added.roles.add(*role);
    }
    if (!token.zone.empty()) added.zone = token.zone;
    tokens.push_back(std::move(added));
  }
  return http::Authenticator::create(std::move(tokens));
}

}  // namespace backupctl::jobs
