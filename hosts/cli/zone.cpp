// zone list, pause, resume: the zones and their queues.
#include <memory>
#include <ostream>

#include "cli/command_line.hpp"
#include "cli/list.hpp"

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

}  // namespace

void add_zone_commands(CLI::App& app, Run& run) {
  auto& noun = add_noun(app, "zone", "See the zones and their queues, hold one back",
                        "  backupctl zone list\n  backupctl zone pause files\n");
  auto& list =
      add_verb(noun, "list", "List the zones: paused, in flight, waiting, reachable", "  backupctl zone list\n");
  list.callback([&run] { run = list_zones; });
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
