#include "zone/settings.hpp"

#include "backupctl/names.hpp"
#include "soci/ground/store_url.hpp"

namespace backupctl::zone {
namespace {

using namespace std::chrono_literals;

std::string problem_with_root(std::string_view text) {
  if (!text.starts_with('/')) return "must be an absolute path";
  const auto path = SourcePath::parse(text);
  return path ? "" : path.error().detail;
}

std::string problem_with_name(std::string_view text) {
  const auto name = ZoneName::parse(text);
  return name ? "" : name.error().detail;
}

}  // namespace

void declare(config::Schema& schema, Settings& settings) {
  schema.text("zone.name", settings.name, "its name in jobs and results").check(problem_with_name);
  schema.choice("zone.driver", settings.driver, {"files"}, "where backups land");
  schema.text("zone.listen", settings.listen, "address and port to listen on; port 0: the system chooses")
      .check(config::problem_with_endpoint);
  schema.number("zone.workers", settings.workers, {1, 64}, "commands carried out at the same time");
  schema.path("zone.state", settings.state, "the store of commands and of results to deliver; made when missing");
  schema.list("zone.sources", settings.sources, "folders; what is backed up lies in one of them")
      .required()
      .check(problem_with_root);
  schema.list("zone.restoreTargets", settings.restore_targets, "folders; restores go into one of them")
      .check(problem_with_root);

  schema
      .text("results.url", settings.results_url,
            "who takes the results: the controller, or the result store that both share: sqlite:///… postgresql://…")
      .check([](std::string_view text) {
        if (text.starts_with("http")) return config::problem_with_http_url(text);
        const auto url = soci::parse_store_url(text);
        return url ? std::string() : "must be http://host:port of the controller or the URL of a result store";
      });
  schema.token_file("results.tokenFile", settings.results_token, "the file with the token for it");
  schema.duration("results.timeout", settings.results_timeout, 100ms, 10min, "for one delivery");

  schema.choice("files.engine", settings.engine, {"archive"}, "archive: one verified .tar.zst for each backup");
  schema.path("files.root", settings.root, "the folder of the backups; must be there").check(problem_with_root);
  schema.number("files.compressionLevel", settings.compression_level, {1, 19}, "of zstd");
  schema.number("files.compressionThreads", settings.compression_threads, {0, 256},
                "of zstd, for each command; 0: one for each processor");

  schema.number("http.maxBody", settings.max_body, {1024, 16 * 1024 * 1024}, "bytes of a request's body");
  schema.duration("http.readTimeout", settings.read_timeout, 100ms, 10min, "for one request to arrive in full");
  schema.flag("http.insecure", settings.insecure, "listen beyond this machine without protection of its own");
  config::declare_auth(schema, settings.auth);
  config::refuse_unprotected(schema, "zone.listen", settings.listen, settings.insecure, settings.auth);
  config::declare_log(schema, settings.log);
  config::declare_shutdown(schema, settings.shutdown);
}

}  // namespace backupctl::zone
