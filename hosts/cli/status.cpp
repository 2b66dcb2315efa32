// status: is the controller well, what waits, and why.
#include <ostream>

#include "cli/caller.hpp"
#include "cli/command_line.hpp"
#include "cli/table.hpp"

namespace backupctl::cli {
namespace {

Table states_table(const Json& status) {
  Table table({"stateCode", "count", "oldestSeconds"});
  const auto* states = status.as_object().if_contains("states");
  const auto* members = states ? states->if_object() : nullptr;
  if (!members) return table;
  for (const auto& [name, state] : *members) {
    table.add({std::string(name), text_of(state, "count"), text_of(state, "oldestSeconds")});
  }
  return table;
}

int show_status(const Session& session) {
  const auto status = ask(session, Service::controller, get("/api/status"));
  if (!status) return fail(session, Service::controller, status.error());
  auto& out = session.out;
  if (session.json) {
    out << status->text << '\n';
    return exit_ok;
  }
  Table summary({"ready", "clock", "parkedResults", "rowsWithoutNextStep"});
  const auto& json = status->json;
  summary.add({text_of(json, "ready"), text_of(json, "clock"), text_of(json, "parkedResults"),
               text_of(json, "rowsWithoutNextStep")});
  summary.print(out);
  const auto part = [&](const Table& table) {
    if (table.empty()) return;
    out << '\n';
    table.print(out);
  };
  part(states_table(json));
  part(table_of(objects_of(json, "zones"), {"name", "paused", "inFlight", "waiting"},
                {"zone", "paused", "inFlight", "waiting"}));
  part(table_of(objects_of(json, "dependencies"), {"name", "breaker", "lastError"},
                {"dependency", "breaker", "lastError"}));
  part(table_of(objects_of(json, "controllers"), {"instanceId", "program", "startedTime"}));
  if (integer_of(json, "parkedResults").value_or(0) > 0) {
    session.err << "Next: backupctl parked list shows the results that fit nothing\n";
  }
  return exit_ok;
}

}  // namespace

void add_status_command(CLI::App& app, Run& run) {
  auto& verb = add_verb(app, "status", "Show whether the controller is well, what waits, and why",
                        "  backupctl status\n  backupctl status --output json\n");
  verb.callback([&run] { run = show_status; });
}

}  // namespace backupctl::cli
