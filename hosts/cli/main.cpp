// backupctl: asks the controller and the job service over HTTP, or a store as it lies, for people and scripts.
#include <unistd.h>

#include <clocale>
#include <iostream>

#include "backupctl/serial_executor.hpp"
#include "cli/command_line.hpp"
#include "cli/store.hpp"
#include "cli/store_reader.hpp"
#include "cli/text.hpp"

namespace backupctl::cli {
namespace {

constexpr const char* examples = R"(Examples:
  backupctl token new --name ann --owner ann --role owner --out ann.token
      make a token, and the lines with which a server knows it
  backupctl job create --name ledger --zone files --storage-path ledger --days-to-keep 3650 \
      --source-root /data/ledger --requester batch-night
      describe what may be backed up; then: job submit ID, and job approve ID by somebody else
  backupctl request submit --job ID --source /data/ledger/2021-01-08 --as-of 2021-01-08 --wait
      ask for a backup and follow it to its end
  backupctl backup list --output json
      the master list, for a script
  backupctl --store sqlite:///var/lib/backupctl/controller.db status
      what is open, read from the store: no controller need listen

Exit codes: 0 done, 1 failed, 2 bad usage; of a backup request also 3 NotAllowed, 4 Failed, 5 Cancelled, 6 time-out.
Results go to standard output; remarks, progress and failures to standard error.)";

void add_global_options(CLI::App& app, Session& session, std::string& store, std::string& output) {
  app.add_option("--controller", session.controller_url, "the controller (http://127.0.0.1:8080)")
      ->envname("BACKUPCTL_CONTROLLER")
      ->option_text("URL (Env:BACKUPCTL_CONTROLLER)");
  app.add_option("--store", store, "read the controller's store itself, where no controller listens; changes nothing")
      ->check(store_url())
      ->envname("BACKUPCTL_STORE")
      ->option_text("URL (Env:BACKUPCTL_STORE)");
  app.add_option("--jobs", session.jobs_url, "the job service (http://127.0.0.1:8081)")
      ->envname("BACKUPCTL_JOBS")
      ->option_text("URL (Env:BACKUPCTL_JOBS)");
  app.add_option("--token-file", session.token_file, "the file that holds your token")
      ->envname("BACKUPCTL_TOKEN_FILE")
      ->option_text("FILE (Env:BACKUPCTL_TOKEN_FILE)");
  app.add_option("--output", output, "table for people, json (the services' own documents) for scripts")
      ->check(word_of({"table", "json"}))
      ->option_text("table|json");
}

std::string command_of(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return app.get_name() + (chosen.empty() ? "" : " " + command_of(*chosen.front()));
}

int main(int argc, char** argv) {
  // How wide characters are is a matter of Unicode, whatever the user's language.
  std::setlocale(LC_CTYPE, "C.UTF-8");

  SystemClock clock;
  Session session{.out = std::cout, .err = std::cerr, .clock = clock, .err_is_terminal = ::isatty(STDERR_FILENO) == 1};
  std::string store, output = "table";
  Run run;

  CLI::App app{"Asks for backups, follows them, describes backup jobs, and shows what is there.", "backupctl"};
  app.footer(examples);
  app.set_version_flag("--version", std::string("backupctl ") + BACKUPCTL_VERSION);
  app.require_subcommand(1);
  add_global_options(app, session, store, output);
  add_request_commands(app, run);
  add_backup_commands(app, run);
  add_job_commands(app, run);
  add_zone_commands(app, run);
  add_parked_commands(app, run);
  add_audit_commands(app, run);
  add_store_commands(app, run);
  add_token_commands(app, run);
  add_status_command(app, run);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted) {  // --help, --version
    app.exit(wanted, std::cout, std::cerr);
    return exit_ok;
  } catch (const CLI::ParseError& error) {
    std::cerr << "backupctl: " << printable(error.what()) << "\nNext: " << command_of(app) << " --help\n";
    return exit_bad_usage;
  }
  session.json = output == "json";
  std::unique_ptr<StoreReader> reader;
  if (!store.empty()) {
    auto opened = StoreReader::open(store, clock);
    if (!opened) return fail_on_store(session, opened.error(), "say which store: --store URL or BACKUPCTL_STORE");
    reader = *std::move(opened);
    session.store = reader.get();
  }
  const int code = run(session);
  if (!std::cout.flush()) {
    std::cerr << "backupctl: standard output cannot be written to\n";
    return exit_failed;
  }
  return code;
}

}  // namespace
}  // namespace backupctl::cli

int main(int argc, char** argv) { return backupctl::cli::main(argc, argv); }
