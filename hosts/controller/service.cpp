#include "controller/service.hpp"

#include <algorithm>
#include <csignal>
#include <memory>
#include <vector>

#include "backupctl/blocking.hpp"
#include "backupctl/controller.hpp"
#include "backupctl/http/job_client.hpp"
#include "backupctl/http/runtime.hpp"
#include "backupctl/http/zone_client.hpp"
#include "backupctl/serial_executor.hpp"
#include "backupctl/soci/store.hpp"
#include "config/jobs_file.hpp"
#include "controller/store_guard.hpp"
#include "http/controller_api.hpp"
#include "http/server.hpp"

namespace backupctl::host {
namespace {

std::chrono::milliseconds milliseconds(Duration duration) {
  return std::chrono::ceil<std::chrono::milliseconds>(duration);
}

Result<std::unique_ptr<Repository>> open_store(const Settings& settings, Logger& logger) {
  auto engine = soci::open_blocking(settings.store_url, {.create = settings.store_create == "auto"});
  if (!engine) return std::move(engine).error();
  return std::unique_ptr<Repository>(
      std::make_unique<RepositoryThreads>(std::make_unique<StoreGuard>(*std::move(engine), logger)));
}

Result<std::unique_ptr<JobClient>> make_jobs(const Settings& settings, http::Runtime& runtime) {
  if (const auto path = jobs_file_of(settings.jobs_url); !path.empty()) {
    return std::unique_ptr<JobClient>(std::make_unique<config::JobsFile>(std::string(path)));
  }
  return http::make_job_client(runtime, {.base_url = settings.jobs_url,
                                         .timeout = milliseconds(settings.jobs_timeout),
                                         .bearer_token = settings.jobs_token.token});
}

Result<http::Authenticator> make_authenticator(const Settings& settings) {
  if (!settings.auth.present()) return http::Authenticator::open(config::is_loopback(settings.http.listen));
  std::vector<http::Token> tokens;
  for (const auto& token : settings.auth.tokens) {
    http::RoleSet roles;
    for (const auto& role : token.roles) {
      if (const auto known = http::parse_role(role)) roles.add(*known);
    }
    tokens.push_back({.name = token.name,
                      .owner = token.owner,
                      .sha256 = token.sha256,
                      .roles = roles,
                      .zone = token.zone.empty() ? std::nullopt : std::optional(token.zone)});
  }
  return http::Authenticator::create(std::move(tokens));
}

ControllerOptions options_of(const Settings& settings) {
  return {.program = "backupctl-http",
          .lease = settings.lease,
          .check_give_up_after = settings.check_give_up_after,
          .first_retry_delay = settings.first_retry_delay,
          .max_retry_delay = settings.max_retry_delay,
          .breaker_failures = settings.breaker_failures,
          .breaker_probe_every = settings.breaker_probe_every};
}

struct Zones {
  std::vector<std::unique_ptr<ZoneClient>> clients;
  std::vector<ControllerZone> ports;
};

Result<Zones> make_zones(const Settings& settings, http::Runtime& runtime) {
  Zones zones;
  for (const auto& zone : settings.zones) {
    auto client = http::make_zone_client(
        runtime, {.base_url = zone.url, .timeout = milliseconds(zone.timeout), .bearer_token = zone.token.token});
    if (!client) return std::move(client).error();
    zones.clients.push_back(*std::move(client));
    zones.ports.push_back({.name = ZoneName::parse(zone.name).value(),
                           .client = *zones.clients.back(),
                           .max_in_flight = zone.max_in_flight,
                           .result_due = zone.result_due});
  }
  return zones;
}

// The parts that live as long as the process serves. On the executor, but for run().
class Service {
 public:
  struct Parts {
    http::Runtime& runtime;
    Clock& clock;
    Logger& logger;
    FaultPoints* faults;
    Repository& repository;
    JobClient& jobs;
    std::vector<ControllerZone> zones;
    const http::Authenticator& authenticator;
  };

  Service(const Settings& settings, Parts parts)
      : settings_(settings),
        runtime_(parts.runtime),
        clock_(parts.clock),
        logger_(parts.logger),
        controller_({.executor = parts.runtime,
                     .clock = parts.clock,
                     .random = random_,
                     .repository = parts.repository,
                     .jobs = parts.jobs,
                     .zones = std::move(parts.zones),
                     .log = &parts.logger,
                     .faults = parts.faults},
                    options_of(settings)),
        api_({controller_, parts.runtime, parts.clock, parts.logger},
             {.retry_check_after = std::max(std::chrono::ceil<std::chrono::seconds>(settings.breaker_probe_every),
                                            std::chrono::seconds{1})}),
        router_(parts.authenticator, parts.logger),
        server_(parts.runtime,
                {.listen = settings.http.listen,
                 .max_body_bytes = static_cast<std::size_t>(settings.http.max_body),
                 .read_timeout = milliseconds(settings.http.read_timeout),
                 .on_refusal = [this](const http::Response& response) { api_.count_refusal(response); }},
                api_.counting(router_.handler()), parts.logger, random_) {
    api_.add_to(router_);
  }

  int run() {
    runtime_.on_signal({SIGTERM, SIGINT}, [this] { on_signal(); });
    runtime_.post([this] { controller_.async_start([this](const Result<void>& started) { on_started(started); }); });
    runtime_.run();
    return exit_code_;
  }

 private:
  void on_started(const Result<void>& started) {
    if (stopping_) return;
    if (!started) return fail("the controller cannot start", started.error());
    auto address = server_.start();
    if (!address) return fail("cannot listen", address.error());
    serving_ = true;
    logger_.write(LogLevel::info, "listening", {{"address", *address}});
  }

  void fail(std::string_view message, const Error& error) {
    logger_.write(LogLevel::error, message, {{"error", error.detail}});
    exit_code_ = 1;
    runtime_.stop();
  }

  void on_signal() {
    if (std::exchange(stopping_, true) || !serving_) return runtime_.stop();
    logger_.write(LogLevel::info, "stopping", {{"grace", to_string(settings_.shutdown.grace)}});
    api_.drain();
    const auto deadline = clock_.monotonic() + settings_.shutdown.grace;
    // Calls that are under way need the controller: it goes when they have been answered.
    server_.drain(milliseconds(settings_.shutdown.grace), [this, deadline](std::size_t cut) {
      const auto left = std::max(deadline - clock_.monotonic(), Duration{0});
      controller_.async_stop(left, [this, cut](const Result<void>& stopped) {
        logger_.write(LogLevel::info, "stopped",
                      {{"connectionsCut", static_cast<std::int64_t>(cut)},
                       {"handedBack", stopped.has_value()}});  // else the lease runs out by itself
        runtime_.stop();
      });
    });
  }

  const Settings& settings_;
  http::Runtime& runtime_;
  Clock& clock_;
  Logger& logger_;
  SystemRandom random_;
  Controller controller_;
  http::ControllerApi api_;
  http::Router router_;
  http::Server server_;
  bool serving_ = false;
  bool stopping_ = false;
  int exit_code_ = 0;
};

}  // namespace

int serve(const Settings& settings, Clock& clock, Logger& logger, FaultPoints* faults) {
  const auto fail = [&logger](std::string_view message, const Error& error) {
    logger.write(LogLevel::error, message, {{"error", error.detail}, {"code", error.code}});
    return 1;
  };
  http::Runtime runtime;
  auto store = open_store(settings, logger);
  if (!store) return fail("the store cannot be used", store.error());
  auto jobs = make_jobs(settings, runtime);
  if (!jobs) return fail("the job service cannot be used", jobs.error());
  auto zones = make_zones(settings, runtime);
  if (!zones) return fail("a zone cannot be used", zones.error());
  const auto authenticator = make_authenticator(settings);
  if (!authenticator) return fail("the tokens cannot be used", authenticator.error());
  return Service(settings, {runtime, clock, logger, faults, **store, **jobs, zones->ports, *authenticator}).run();
}

}  // namespace backupctl::host
