#include "controller/service.hpp"

#include <algorithm>
#include <csignal>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "backupctl/blocking.hpp"
#include "backupctl/controller.hpp"
#include "backupctl/http/job_client.hpp"
#include "backupctl/http/runtime.hpp"
#include "backupctl/http/zone_client.hpp"
#include "backupctl/serial_executor.hpp"
#include "backupctl/soci/store.hpp"
#include "config/jobs_file.hpp"
#include "controller/result_pump.hpp"
#include "controller/store_guard.hpp"

namespace backupctl::host {
namespace {

constexpr Duration longest_store_wait = std::chrono::seconds{5};

std::chrono::milliseconds milliseconds(Duration duration) {
  return std::chrono::ceil<std::chrono::milliseconds>(duration);
}

Result<std::unique_ptr<Repository>> open_store(const Settings& settings, Logger& logger) {
  auto engine =
      soci::open_blocking(settings.store_url, {.create = settings.store_create == "auto", .wait_for_server = true});
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

ControllerOptions options_of(const Settings& settings, const std::string& program) {
  return {.program = program,
          .lease = settings.lease,
          .check_give_up_after = settings.check_give_up_after,
          .first_retry_delay = settings.first_retry_delay,
          .max_retry_delay = settings.max_retry_delay,
          .breaker_failures = settings.breaker_failures,
          .breaker_probe_every = settings.breaker_probe_every,
          .notify_events = settings.notify.events};
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
  Service(const Settings& settings, const ServiceParts& parts, http::Runtime& runtime, Repository& repository,
          JobClient& jobs, Notifier* notifier, std::unique_ptr<soci::ResultStore> results,
          std::vector<ControllerZone> zones, const http::Authenticator& authenticator)
      : settings_(settings),
        runtime_(runtime),
        clock_(parts.clock),
        logger_(parts.logger),
        controller_({.executor = runtime,
                     .clock = parts.clock,
                     .random = random_,
                     .repository = repository,
                     .jobs = jobs,
                     .zones = std::move(zones),
                     .log = &parts.logger,
                     .faults = parts.faults,
                     .notifier = notifier},
                    options_of(settings, parts.program)),
        transports_(parts.make_transports(
            {settings, runtime, parts.clock, random_, parts.logger, parts.faults, controller_, authenticator})) {
    if (results) pump_.emplace(std::move(results), controller_, runtime, parts.logger);
  }

  int run() {
    runtime_.on_signal({SIGTERM, SIGINT}, [this] { on_signal(); });
    runtime_.post([this] { start_controller(); });
    runtime_.run();
    return exit_code_;
  }

 private:
  void start_controller() {
    controller_.async_start([this](const Result<void>& started) {
      if (stopping_) return;
      if (started) return start_transport(0);
      if (!started.error().retryable) return fail("the controller cannot start", started.error());
      wait_for_store(started.error());
    });
  }

  // After a power cut everything starts at once, and a database takes longer than we do. HTTP is served meanwhile, so
  // that whoever asks hears what is waited for.
  void wait_for_store(const Error& error) {
    logger_.write(LogLevel::warning, "waiting for the store",
                  {{"error", error.detail}, {"code", error.code}, {"again", to_string(store_wait_)}});
    for (std::size_t i = 0; i < transports_.size(); ++i) {
      if (transports_[i]->kind() != TransportKind::http || !listening_.insert(i).second) continue;
      transports_[i]->start([this](const Result<void>& listens) {
        if (!listens) fail("cannot take requests", listens.error());
      });
    }
    runtime_.post_after(store_wait_, [this] {
      if (!stopping_) start_controller();
    });
    store_wait_ = std::min(2 * store_wait_, longest_store_wait);
  }

  void start_transport(std::size_t index) {
    if (stopping_) return;
    if (index == transports_.size()) {
      serving_ = true;
      if (pump_) pump_->start();
      return;
    }
    if (listening_.contains(index)) return start_transport(index + 1);
    transports_[index]->start([this, index](const Result<void>& started) {
      if (!started) return fail("cannot take requests", started.error());
      start_transport(index + 1);
    });
  }

  void fail(std::string_view message, const Error& error) {
    if (stopping_) return;
    logger_.write(LogLevel::error, message, {{"error", error.detail}});
    exit_code_ = 1;
    runtime_.stop();
  }

  void on_signal() {
    if (std::exchange(stopping_, true) || !serving_) return runtime_.stop();
    logger_.write(LogLevel::info, "stopping", {{"grace", to_string(settings_.shutdown.grace)}});
    if (pump_) pump_->stop();
    stop_transport(0, clock_.monotonic() + settings_.shutdown.grace);
  }

  // What is under way in a transport needs the controller: it goes last.
  void stop_transport(std::size_t index, Duration deadline) {
    const auto left = std::max(deadline - clock_.monotonic(), Duration{0});
    if (index == transports_.size()) {
      controller_.async_stop(left, [this](const Result<void>& stopped) {
        logger_.write(LogLevel::info, "stopped", {{"handedBack", stopped.has_value()}});  // else the lease runs out
        runtime_.stop();
      });
      return;
    }
    transports_[index]->stop(left, [this, index, deadline](const Result<void>& stopped) {
      if (!stopped) logger_.write(LogLevel::warning, "not all ended in time", {{"error", stopped.error().detail}});
      stop_transport(index + 1, deadline);
    });
  }

  const Settings& settings_;
  http::Runtime& runtime_;
  Clock& clock_;
  Logger& logger_;
  SystemRandom random_;
  Controller controller_;
  Transports transports_;
  std::optional<ResultPump> pump_;
  Duration store_wait_ = std::chrono::milliseconds{500};
  std::set<std::size_t> listening_;  // transports that did not wait for the store
  bool serving_ = false;
  bool stopping_ = false;
  int exit_code_ = 0;
};

}  // namespace

std::unique_ptr<Transport> make_http_transport(const Ground& ground, http::ControllerApiOptions options) {
  const auto& settings = ground.settings;
  options.retry_check_after =
      std::max(std::chrono::ceil<std::chrono::seconds>(settings.breaker_probe_every), std::chrono::seconds{1});
  options.max_requests_per_second = settings.max_requests_per_second;
  return std::make_unique<http::ControllerServer>(
      http::ControllerServer::Ports{ground.controller, ground.runtime, ground.clock, ground.random, ground.logger,
                                    ground.authenticator},
      http::ControllerServerOptions{.server = {.listen = settings.http.listen,
                                               .max_body_bytes = static_cast<std::size_t>(settings.http.max_body),
                                               .read_timeout = milliseconds(settings.http.read_timeout)},
                                    .api = std::move(options)});
}

int serve(const Settings& settings, const ServiceParts& parts) {
  const auto fail = [&parts](std::string_view message, const Error& error) {
    parts.logger.write(LogLevel::error, message, {{"error", error.detail}, {"code", error.code}});
    return 1;
  };
  http::Runtime runtime;
  auto store = open_store(settings, parts.logger);
  if (!store) return fail("the store cannot be used", store.error());
  auto jobs = make_jobs(settings, runtime);
  if (!jobs) return fail("the job service cannot be used", jobs.error());
  auto zones = make_zones(settings, runtime);
  if (!zones) return fail("a zone cannot be used", zones.error());
  std::unique_ptr<Notifier> notifier;
  if (settings.notify.present()) {
    auto made = notify::make_notifier(options_of(settings.notify));
    if (!made) return fail("nobody can be notified", made.error());
    notifier = *std::move(made);
  }
  std::unique_ptr<soci::ResultStore> results;
  if (settings.results_url != "store") {
    auto opened = soci::open_results(settings.results_url, true);
    if (!opened) return fail("the result store cannot be used", opened.error());
    results = *std::move(opened);
  }
  const auto authenticator = make_authenticator(settings);
  if (!authenticator) return fail("the tokens cannot be used", authenticator.error());
  return Service(settings, parts, runtime, **store, **jobs, notifier.get(), std::move(results), zones->ports,
                 *authenticator)
      .run();
}

}  // namespace backupctl::host
