// backupctl-filedrop: the controller, asked by files dropped in a folder.

#include "backupctl/filedrop/file_drop.hpp"
#include "backupctl/serial_executor.hpp"
#include "controller/program.hpp"

int main(int argc, char** argv) {
  using namespace backupctl;
  host::Settings settings;
  settings.http.listen.clear();  // no HTTP unless it is asked for
  SystemRandom random;           // of the file drop's own thread

  const auto make_transports = [&random](const host::Ground& ground) {
    const auto& section = ground.settings.filedrop;
    auto drop = std::make_unique<filedrop::FileDrop>(
        filedrop::FileDropPorts{ground.controller, ground.runtime, ground.clock, random, ground.logger, ground.faults},
        filedrop::FileDropOptions{.folder = section.folder,
                                  .trusted = section.trusted,
                                  .keep_for = section.keep_for,
                                  .scan_every = section.scan_every,
                                  .longest_line_bytes = static_cast<std::size_t>(ground.settings.http.max_body)});
    std::unique_ptr<Transport> http;
    if (!ground.settings.http.listen.empty()) {
      http = host::make_http_transport(ground, {.takes_requests = false,
                                                .health_beside = [&drop = *drop] { return drop.health(); },
                                                .metrics_beside = [&drop = *drop] { return drop.metrics(); }});
    }
    host::Transports transports;
    transports.push_back(std::move(drop));
    if (http) transports.push_back(std::move(http));  // zones leave results until the last file is put down
    return transports;
  };

  return host::run_program(
      argc, argv, settings,
      {.about = {.name = "backupctl-filedrop",
                 .version = BACKUPCTL_VERSION,
                 .summary = "The backup controller, asked by files dropped in a folder.",
                 .examples =
                     "  backupctl-filedrop --set filedrop.folder=drop              try it: watches ./drop/inbox\n"
                     "  backupctl-filedrop --config /etc/backupctl/controller.toml  serve\n"
                     "  backupctl-filedrop --config controller.toml --check-config  only look for problems\n"},
       .more_fault_steps = {filedrop::file_drop_fault_steps.begin(), filedrop::file_drop_fault_steps.end()},
       .make_transports = make_transports});
}
