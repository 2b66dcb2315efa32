// backupctl-zone: makes, finds and checks physical backups for controllers.
#include <sys/resource.h>

#include "backupctl/serial_executor.hpp"
#include "config/json_logger.hpp"
#include "config/options.hpp"
#include "zone/app.hpp"

namespace {

constexpr const char* examples =
    R"(  backupctl-zone --config /etc/backupctl/zone-files.toml
      serve as that file says
  backupctl-zone --set zone.sources=/data,/srv --set files.root=/backup --set zone.state=/var/tmp/zone.db
      serve what lies below /data and /srv, without a file
  backupctl-zone --config zone.toml --check-config
      say what is wrong with the file, and do nothing else

  A backup is compared with its source by
      tar --zstd --compare -f FILES_ROOT/BACKUP_STORAGE_PATH -C SOURCE
)";

// Folders are walked with one descriptor for each level, and the usual limit of 1,024 is for programs that use
// select().
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace backupctl;
  zone::Settings settings;
  config::Schema schema;
  zone::declare(schema, settings);
  const auto start = config::start(
      {"backupctl-zone", BACKUPCTL_VERSION, "Carries out backup commands on one storage technology.", examples}, schema,
      argc, argv);
  if (start.exit_code) return *start.exit_code;

  SystemClock clock;
  config::JsonLogger logger{clock, settings.log.level(),
                            settings.log.format == "text" ? config::LogFormat::text : config::LogFormat::json};
  for (const auto& warning : start.warnings) {
    logger.write(LogLevel::warning, "configuration", {{"detail", to_string(warning)}});
  }
  raise_descriptor_limit();
  const auto served = zone::serve(settings, clock, logger);
  if (served) return config::exit_ok;
  logger.write(LogLevel::error, "cannot go on", {{"code", served.error().code}, {"detail", served.error().detail}});
  return config::exit_failed;
}
