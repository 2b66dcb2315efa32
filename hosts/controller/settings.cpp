#include "controller/settings.hpp"

#include <set>

#include "backupctl/names.hpp"
#include "config/jobs_file.hpp"
#include "soci/ground/store_url.hpp"

namespace backupctl::host {
namespace {

using namespace std::chrono_literals;
using config::Report;
using config::Schema;

std::string problem_with_store_url(std::string_view text) {
  const auto url = soci::parse_store_url(text);
  return url ? std::string() : "must be the URL of a store: " + url.error().detail;
}

std::string problem_with_jobs_url(std::string_view text) {
  if (text.starts_with("file:")) return jobs_file_of(text).empty() ? "must be file:///absolute/path" : "";
  return config::problem_with_http_url(text);
}

void declare_zone(Schema& row, ZoneSettings& zone) {
  row.text("name", zone.name, "its name, as jobs have it").required().check([](std::string_view text) {
    const auto name = ZoneName::parse(text);
    return name ? "" : name.error().detail;
  });
  row.text("url", zone.url, "where it listens").required().check(config::problem_with_http_url);
  row.token_file("tokenFile", zone.token, "the file with the token for it");
  row.number("maxInFlight", zone.max_in_flight, {1, 10'000}, "commands sent and unfinished, over all controllers");
  row.duration("timeout", zone.timeout, 10ms, 10min, "for one call");
  row.duration("resultDue", zone.result_due, 100ms, 24h * 365, "after this the zone is asked how a command stands");
}

void check_zones(const std::vector<ZoneSettings>& zones, const Report& report) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < zones.size(); ++i) {
    if (!zones[i].name.empty() && !names.insert(zones[i].name).second) {
      report("zone[" + std::to_string(i) + "].name", "is the name of two zones");
    }
  }
}

void check_jobs_file(const std::string& url, const Report& report) {
  const auto path = jobs_file_of(url);
  if (path.empty()) return;
  for (const auto& problem : config::read_jobs_file(std::string(path)).problems) {
    report("jobs.url", to_string(problem));
  }
}

void declare_notify(Schema& schema, NotifySettings& notify) {
  schema.text("notify.smtp", notify.smtp, "tell by mail: smtp://host:port, smtps://host:port");
  schema.text("notify.from", notify.from, "whom mails come from; needed with notify.smtp");
  schema.list("notify.to", notify.to, "who is told by mail, beside a job's own notify addresses");
  schema.text("notify.webhook", notify.webhook, "tell by an HTTP POST of JSON: http://… or https://…");
  schema.list("notify.events", notify.events,
              "what is told: NotAllowed (of requests whose sender was not waiting), Failed, overdue, parked");
  schema.also([&notify](const Report& report) {
    static const std::set<std::string_view> known{"NotAllowed", "Failed", "overdue", "parked"};
    for (const auto& event : notify.events) {
      if (!known.contains(event))
        report("notify.events", "\"" + event + "\" is none of NotAllowed, Failed, overdue, parked");
    }
    const auto notifier = notify::make_notifier(options_of(notify));
    if (!notifier) report("notify", notifier.error().detail);
  });
}

}  // namespace

notify::NotifierOptions options_of(const NotifySettings& notify) {
  return {.smtp_url = notify.smtp, .from = notify.from, .to = notify.to, .webhook_url = notify.webhook};
}

std::string_view jobs_file_of(std::string_view url) {
  constexpr std::string_view scheme = "file://";
  if (!url.starts_with(scheme)) return {};
  url.remove_prefix(scheme.size());
  return url.starts_with('/') && url.size() > 1 ? url : std::string_view{};
}

void declare(Schema& schema, Settings& settings) {
  schema.text("store.url", settings.store_url, "where requests and backups are kept: sqlite:///path")
      .check(problem_with_store_url);
  schema.choice("store.create", settings.store_create, {"auto", "never"}, "never: a missing store is an error");

  schema
      .text("results.url", settings.results_url,
            "where zones leave results: store (over HTTP, into the controller's own), or the URL of a result store of "
            "its own that zones write to directly")
      .check([](std::string_view text) { return text == "store" ? std::string() : problem_with_store_url(text); });
  schema.duration("check.giveUpAfter", settings.check_give_up_after, 0s, 24h * 365,
                  "a request that cannot be checked for so long is cancelled");
  schema.text("jobs.url", settings.jobs_url, "the job service, or file:///path of a list of approved jobs")
      .check(problem_with_jobs_url);
  schema.duration("jobs.timeout", settings.jobs_timeout, 10ms, 10min, "for one call");
  schema.token_file("jobs.tokenFile", settings.jobs_token, "the file with the token for it");
  schema.also([&settings](const Report& report) { check_jobs_file(settings.jobs_url, report); });

  schema.rows<ZoneSettings>("zone", settings.zones, "the zones that make the backups", declare_zone);
  schema.also([&settings](const Report& report) { check_zones(settings.zones, report); });

  config::declare_http(schema, settings.http, settings.auth);
  schema.number("http.maxRequestsPerSecond", settings.max_requests_per_second, {0, 1'000'000},
                "backup requests of one owner; more are answered 429; 0: no limit");
  config::declare_filedrop(schema, settings.filedrop);
  schema.duration("retry.firstDelay", settings.first_retry_delay, 1ms, 1h, "after a failed call; doubled each time");
  schema.duration("retry.maxDelay", settings.max_retry_delay, 1ms, 24h, "the longest delay");
  schema.number("breaker.failures", settings.breaker_failures, {1, 1000}, "in a row, then a peer is left alone");
  schema.duration("breaker.probeEvery", settings.breaker_probe_every, 1ms, 1h, "but for one trial");
  schema.duration("lease.duration", settings.lease, 100ms, 1h,
                  "a controller without a heartbeat for so long is dead; its work is taken over");
  declare_notify(schema, settings.notify);
  config::declare_auth(schema, settings.auth);
  config::declare_log(schema, settings.log);
  config::declare_shutdown(schema, settings.shutdown);
}

}  // namespace backupctl::host
