#include "controller/program.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>

#include "backupctl/serial_executor.hpp"
#include "backupctl/soci/store.hpp"
#include "config/json_logger.hpp"
#include "controller/fault_exit.hpp"

namespace backupctl::host {
namespace {

constexpr const char* own_folder = "backupctl-data";

bool has_config_file(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--config" || argument.starts_with("--config=")) return true;
  }
  return false;
}

}  // namespace

int run_program(int argc, char** argv, Settings& settings, const ProgramParts& parts) {
  std::signal(SIGPIPE, SIG_IGN);  // whoever reads the log may go away
  const bool without_file = !has_config_file(argc, argv);
  if (without_file) settings.store_url = std::string("sqlite:") + own_folder + "/controller.db";
  const auto default_store = settings.store_url;

  config::Schema schema;
  declare(schema, settings);
  if (parts.declare_more) parts.declare_more(schema);
  const auto start = config::start(parts.about, schema, argc, argv);
  if (start.exit_code) return *start.exit_code;

  std::unique_ptr<FaultExit> faults;
  if (const char* text = std::getenv("BACKUPCTL_FAULT")) {
    auto fault = FaultExit::create(text, parts.more_fault_steps);
    if (!fault) {
      std::cerr << parts.about.name << ": BACKUPCTL_FAULT: " << fault.error().detail << '\n';
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
  soci::leave_out_sqlite_locks();
  return serve(settings, {parts.about.name, clock, logger, faults.get(), parts.make_transports});
}

}  // namespace backupctl::host
