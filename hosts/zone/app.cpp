#include "zone/app.hpp"

#include <csignal>
#include <cstdlib>

#include "backupctl/serial_executor.hpp"
#include "http/server.hpp"
#include "zone/api.hpp"
#include "zone/drivers/files/files_driver.hpp"
#include "zone/outbox.hpp"

namespace backupctl::zone {
namespace {

std::chrono::milliseconds milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
}

Result<http::Authenticator> authenticator(const Settings& settings) {
  if (!settings.auth.present()) return http::Authenticator::open(config::is_loopback(settings.listen));
  std::vector<http::Token> tokens;
  for (const auto& configured : settings.auth.tokens) {
    http::Token token{configured.name, configured.owner, configured.sha256, {}, {}};
    for (const auto& name : configured.roles) {
      if (const auto role = http::parse_role(name)) token.roles.add(*role);
    }
    if (!configured.zone.empty()) token.zone = configured.zone;
    tokens.push_back(std::move(token));
  }
  return http::Authenticator::create(std::move(tokens));
}

// The database and the object store get their own lines here.
Result<std::unique_ptr<Driver>> open_driver(const Settings& settings, const ZoneName& zone, Clock& clock,
                                            Logger& logger) {
  auto driver = files::FilesDriver::open(
      {zone,
       settings.sources,
       settings.root,
       {static_cast<int>(settings.compression_level), static_cast<int>(settings.compression_threads)}},
      clock, logger);
  if (!driver) return std::move(driver).error();
  return std::unique_ptr<Driver>(*std::move(driver));
}

Result<std::unique_ptr<Destination>> make_destination(const Settings& settings, const ZoneName& zone,
                                                      http::Runtime& runtime, Clock& clock) {
  if (!settings.results_url.starts_with("http")) {
    auto results = soci::open_results(settings.results_url, true);
    if (!results) return std::move(results).error();
    return to_result_store(*std::move(results), zone, runtime, clock);
  }
  auto client = http::Client::create(runtime, {.base_url = settings.results_url,
                                               .timeout = milliseconds(settings.results_timeout),
                                               .bearer_token = settings.results_token.token});
  if (!client) return std::move(client).error();
  return to_controller(*std::move(client));
}

}  // namespace

Result<void> serve(const Settings& settings, Clock& clock, Logger& logger) {
  const auto zone = ZoneName::parse(settings.name);
  if (!zone) return zone.error();
  auto driver = open_driver(settings, *zone, clock, logger);
  if (!driver) return std::move(driver).error();
  auto store = CommandStore::open(settings.state, clock.now());
  if (!store) return std::move(store).error();
  const auto recovered = (*store)->recover();
  if (!recovered) return recovered.error();
  const auto access = authenticator(settings);
  if (!access) return access.error();

  // Each of these outlives the ones below it.
  SystemRandom random;
  Metrics metrics;
  http::Runtime runtime;
  std::atomic<bool> is_broken{false};
  const auto leave_broken = [&] {
    if (is_broken.exchange(true)) return;
    logger.write(LogLevel::error, "the store cannot be trusted any more, leaving", {});
    runtime.stop();
  };
  (*store)->on_fatal(leave_broken);
  auto destination = make_destination(settings, *zone, runtime, clock);
  if (!destination) return std::move(destination).error();
  Outbox outbox{runtime, **store, *std::move(destination), clock, random, logger, metrics, {}};
  const auto look = [&outbox] { outbox.look(); };
  Workers workers{**store,
                  **driver,
                  clock,
                  logger,
                  metrics,
                  {.zone = *zone, .count = static_cast<std::size_t>(settings.workers), .on_result = [&runtime, look] {
                     runtime.post(look);
                   }}};
  Api api{{*zone, runtime, **store, workers, **driver, clock, logger, metrics, look}};
  http::Router router{*access, logger};
  api.add_to(router);
  http::Server server{runtime,
                      {.listen = settings.listen,
                       .max_body_bytes = static_cast<std::size_t>(settings.max_body),
                       .read_timeout = milliseconds(settings.read_timeout)},
                      router.handler(),
                      logger,
                      clock,
                      random};
  const auto address = server.start();
  if (!address) return address.error();

  Duration ends_at{};
  bool is_leaving = false;
  runtime.on_signal({SIGTERM, SIGINT}, [&] {
    if (std::exchange(is_leaving, true)) return;
    logger.write(LogLevel::info, "shutting down", {});
    ends_at = clock.monotonic() + settings.shutdown.grace;
    api.drain();
    workers.stop();
    outbox.stop();
    server.drain(milliseconds(settings.shutdown.grace), [&](std::size_t cut) {
      if (cut > 0) logger.write(LogLevel::warning, "connections cut", {{"count", static_cast<std::int64_t>(cut)}});
      runtime.stop();
    });
  });
  logger.write(LogLevel::info, "listening",
               {{"address", *address}, {"zone", zone->str()}, {"resumedCommands", *recovered}});
  workers.start();
  outbox.look();
  runtime.run();

  workers.stop();
  if (!workers.wait_until_idle(std::max(ends_at - clock.monotonic(), Duration{0}))) {
    // Waiting for a disk that does not answer. What is half done is found at the next start, as after a crash.
    logger.write(LogLevel::warning, "left while a command was still running", {});
    std::_Exit(is_broken ? EXIT_FAILURE : EXIT_SUCCESS);
  }
  if (is_broken) {
    return Error{ErrorKind::unknown_outcome, "the store could not be written durably; start again to read it back"};
  }
  logger.write(LogLevel::info, "stopped", {});
  return {};
}

}  // namespace backupctl::zone
