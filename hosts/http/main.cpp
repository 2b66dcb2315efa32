// backupctl-http: the controller, asked over HTTP.

#include "controller/program.hpp"

int main(int argc, char** argv) {
  using namespace backupctl;
  host::Settings settings;
  return host::run_program(
      argc, argv, settings,
      {.about = {.name = "backupctl-http",
                 .version = BACKUPCTL_VERSION,
                 .summary = "The backup controller, asked over HTTP.",
                 .examples =
                     "  backupctl-http                                         try it: 127.0.0.1:8080, store in "
                     "./backupctl-data\n"
                     "  backupctl-http --config /etc/backupctl/controller.toml  serve\n"
                     "  backupctl-http --config controller.toml --check-config  only look for problems\n"},
       .make_transports = [](const host::Ground& ground) {
         host::Transports transports;
         transports.push_back(host::make_http_transport(ground));
         return transports;
       }});
}
