// backupctl-jobs: keeps backup jobs, their versions and their approvals.
#include <csignal>

#include "backupctl/serial_executor.hpp"
#include "config/json_logger.hpp"
#include "config/options.hpp"
#include "http/server.hpp"
#include "jobs/api.hpp"
#include "jobs/settings.hpp"

namespace {

using namespace backupctl;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

int fail(Logger& logger, std::string_view what, const Error& error) {
  logger.write(LogLevel::error, what, {{"detail", error.detail}, {"code", error.code}});
  return config::exit_failed;
}

int serve(const jobs::Settings& settings, Logger& logger, Clock& clock) {
  SystemRandom random;
  const auto authenticator = jobs::authenticator_of(settings);
  if (!authenticator) return fail(logger, "the tokens cannot be used", authenticator.error());
  const auto create =
      settings.store_create == "never" ? backupctl::soci::Create::never : backupctl::soci::Create::automatic;
  auto store = jobs::JobStore::open(settings.store_path(), create, clock.now());
  if (!store) return fail(logger, "the store cannot be used", store.error());
  auto reader = (*store)->connect_reader();
  if (!reader) return fail(logger, "the store cannot be used", reader.error());

  http::Runtime runtime;
  auto controller = http::Client::create(runtime, {.base_url = settings.controller_url,
                                                   .timeout = duration_cast<milliseconds>(settings.controller_timeout),
                                                   .bearer_token = settings.controller_token.token});
  if (!controller) return fail(logger, "the controller's address cannot be used", controller.error());
  http::Router router{*authenticator, logger};
  int exit_code = config::exit_ok;
  const auto on_fatal = [&](const Error& error) {
    exit_code = fail(logger, "the store must be opened anew, ending", error);
    runtime.stop();
  };
  jobs::ShownJobs shown{*std::move(reader)};
  std::optional<jobs::Api> api;
  std::optional<WorkerThreads> store_thread;  // joined before what it uses goes
  store_thread.emplace(1);
  api.emplace(jobs::Api::Parts{runtime, *store_thread, **store, shown, clock, random, logger, *controller, on_fatal});
  api->add_routes(router);
  http::Server server{runtime,
                      {.listen = settings.http.listen,
                       .max_body_bytes = static_cast<std::size_t>(settings.http.max_body),
                       .read_timeout = duration_cast<milliseconds>(settings.http.read_timeout)},
                      router.handler(),
                      logger,
                      clock,
                      random};
  // Before anybody is told that we listen: from then on SIGTERM means an orderly end.
  runtime.on_signal({SIGTERM, SIGINT}, [&] {
    logger.write(LogLevel::info, "stopping", {});
    api->start_draining();
    server.drain(duration_cast<milliseconds>(settings.shutdown.grace), [&](std::size_t cut) {
      logger.write(LogLevel::info, "stopped", {{"connectionsCut", static_cast<std::int64_t>(cut)}});
      runtime.stop();
    });
  });
  const auto address = server.start();
  if (!address) return fail(logger, "cannot listen", address.error());
  logger.write(LogLevel::info, "listening", {{"address", *address}});

  runtime.run();
  store_thread.reset();
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  jobs::Settings settings;
  config::Schema schema;
  jobs::declare(schema, settings);
  const auto start = config::start(
      {.name = "backupctl-jobs",
       .version = BACKUPCTL_VERSION,
       .summary = "the job service: create, review and approve backup jobs over HTTP.",
       .examples = "  backupctl-jobs                          on 127.0.0.1:8081, store in ./backupctl-data\n"
                   "  backupctl-jobs --config /etc/backupctl/jobs.toml\n"
                   "  backupctl-jobs --set http.listen=127.0.0.1:0 --set log.format=text\n"},
      schema, argc, argv);
  if (start.exit_code) return *start.exit_code;
  SystemClock clock;
  config::JsonLogger logger{clock, settings.log.level(),
                            settings.log.format == "text" ? config::LogFormat::text : config::LogFormat::json};
  for (const auto& warning : start.warnings) {
    logger.write(LogLevel::warning, "configuration", {{"detail", config::to_string(warning)}});
  }
  return serve(settings, logger, clock);
}
