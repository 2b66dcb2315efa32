// backupctl-http: the controller, asked over HTTP.

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string_view>

#include "backupctl/serial_executor.hpp"
#include "config/json_logger.hpp"
#include "config/options.hpp"
#include "controller/fault_exit.hpp"
#include "controller/service.hpp"
#include "controller/settings.hpp"

namespace {

using namespace backupctl;

const config::Program program{
    .name = "backupctl-http",
    .version = BACKUPCTL_VERSION,
    .summary = "The backup controller, asked over HTTP.",
    .examples =
        "  backupctl-http                                         try it: 127.0.0.1:8080, store in "
        "./backupctl-data\n"
        "  backupctl-http --config /etc/backupctl/controller.toml  serve\n"
        "  backupctl-http --config controller.toml --check-config  only look for problems\n"};

bool has_config_file(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--config" || argument.starts_with("--config=")) return true;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // whoever reads the log may go away
  constexpr const char* own_folder = "backupctl-data";
  host::Settings settings;
  const bool without_file = !has_config_file(argc, argv);
  if (without_file) settings.store_url = std::string("sqlite:") + own_folder + "/controller.db";
  const auto default_store = settings.store_url;

  config::Schema schema;
  declare(schema, settings);
  const auto start = config::start(program, schema, argc, argv);
  if (start.exit_code) return *start.exit_code;

  std::unique_ptr<host::FaultExit> faults;
  if (const char* text = std::getenv("BACKUPCTL_FAULT")) {
    auto fault = host::FaultExit::create(text);
    if (!fault) {
      std::cerr << program.name << ": BACKUPCTL_FAULT: " << fault.error().detail << '\n';
      return config::exit_bad_usage;
    }
    faults = *std::move(fault);
  }
  SystemClock clock;
  config::JsonLogger logger(clock, settings.log.level(),
                            settings.log.format == "text" ? config::LogFormat::text : config::LogFormat::json);
  for (const auto& warning : start.warnings) {
    logger.write(LogLevel::warning, "configuration",
                 {{"where", warning.where}, {"key", warning.key}, {"detail", warning.detail}});
  }
  if (without_file && settings.store_url == default_store) {
    std::error_code failure;  // a folder that cannot be made is told by the store that does not find it
    std::filesystem::create_directory(own_folder, failure);
  }
  return host::serve(settings, clock, logger, faults.get());
}
