// zone list, pause, resume, reconcile: the zones, their queues and what they hold.
#include <memory>
#include <ostream>

#include "cli/command_line.hpp"
#include "cli/list.hpp"
#include "cli/table.hpp"
#include "wire/json_writer.hpp"

namespace backupctl::cli {
namespace {

int list_zones(const Session& session) {
  return print_list(session, {.service = Service::controller,
                              .path = "/api/zones",
                              .filters = {},
                              .limit = 0,
                              .columns = {"name", "paused", "inFlight", "waiting", "breaker", "lastError"},
                              .nothing = "no zones"});
}

int change_zone(const Session& session, const std::string& zone, const std::string& verb) {
  const auto answer = ask(session, Service::controller, send("POST", "/api/zones/" + zone + "/" + verb, ""));
  if (!answer) return fail(session, Service::controller, answer.error());
  if (session.json) {
    session.out << answer->text << '\n';
    return exit_ok;
  }
  const bool paused = text_of(answer->json, "paused") == "yes";
  session.out << "zone " << zone << (paused ? " is paused: nothing is sent to it until it is resumed" : " goes on")
              << '\n';
  return exit_ok;
}

int reconcile(const Session& session, const std::string& zone, bool import, const std::string& reason) {
  std::string body;
  wire::JsonWriter out(body);
  out.begin_object().member("import", import).member_if_filled("reason", reason).end_object();
  const auto answer = ask(session, Service::controller, send("POST", "/api/zones/" + zone + "/reconcile", body),
                          std::chrono::minutes(10));
  if (!answer) return fail(session, Service::controller, answer.error());
  if (session.json) {
    session.out << answer->text << '\n';
    return exit_ok;
  }
  const auto number = [&](const char* name) { return text_of(answer->json, name); };
  session.out << "zone " << zone << " holds " << number("held") << " backups, the master store has " << number("stored")
              << " of it\n"
              << "  unknown to the master store   " << number("orphans") << " (imported " << number("imported") << ")\n"
              << "  of requests still open        " << number("open") << '\n'
              << "  missing at the zone           " << number("missing") << '\n';
  const auto& root = answer->json.as_object();
  for (const auto& [name, title] : {std::pair{"orphanBackups", "unknown to the master store"},
                                    std::pair{"missingBackups", "missing at the zone"}}) {
    for (const auto& item : root.at(name).as_array()) {
      session.out << title << ": request " << text_of(item, "backupRequestId") << " as of "
                  << text_of(item, "dataAsOfDate") << ", " << text_of(item, "backupStoragePath") << '\n';
    }
  }
  for (const auto& problem : root.at("problems").as_array()) {
    session.err << "not imported: " << std::string_view(problem.as_string()) << '\n';
  }
  if (!import && number("orphans") != "0") session.err << "Next: backupctl zone reconcile " << zone << " --import\n";
  return exit_ok;
}

}  // namespace

void add_zone_commands(CLI::App& app, Run& run) {
  auto& noun = add_noun(app, "zone", "See the zones and their queues, hold one back",
                        "  backupctl zone list\n  backupctl zone pause files\n");
  auto& list =
      add_verb(noun, "list", "List the zones: paused, in flight, waiting, reachable", "  backupctl zone list\n");
  list.callback([&run] { run = list_zones; });
  auto& compare = add_verb(noun, "reconcile", "Compare what a zone holds with the master store; deletes nothing",
                           "  backupctl zone reconcile files\n"
                           "  backupctl zone reconcile files --import --reason \"store restored from yesterday\"\n");
  auto compared = std::make_shared<std::string>();
  auto import = std::make_shared<bool>(false);
  auto reason = std::make_shared<std::string>();
  add_zone_name(compare, "zone", *compared, "the zone's name").required();
  compare.add_flag("--import", *import, "take what only the zone knows into the master store");
  add_reason(compare, *reason);
  compare.callback([compared, import, reason, &run] {
    run = [compared, import, reason](const Session& session) {
      return reconcile(session, *compared, *import, *reason);
    };
  });
  for (const auto& [verb, summary] : {std::pair{"pause", "Send nothing to a zone until it is resumed"},
                                      std::pair{"resume", "Let a paused zone go on"}}) {
    auto& command = add_verb(noun, verb, summary, "  backupctl zone " + std::string(verb) + " files\n");
    auto zone = std::make_shared<std::string>();
    add_zone_name(command, "zone", *zone, "the zone's name").required();
    command.callback([zone, name = std::string(verb), &run] {
      run = [zone, name](const Session& session) { return change_zone(session, *zone, name); };
    });
  }
}

}  // namespace backupctl::cli
