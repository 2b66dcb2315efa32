// parked list, adopt, dismiss: results that fit nothing, contradict or cannot be read.
#include <memory>
#include <ostream>

#include "cli/command_line.hpp"
#include "cli/list.hpp"

namespace backupctl::cli {
namespace {

int adopt(const Session& session, const std::string& id, const std::string& reason) {
  const auto request =
      ask(session, Service::controller, send("POST", "/api/parked-results/" + id + "/adopt", reason_body(reason)));
  if (!request) return fail(session, Service::controller, request.error());
  if (session.json) {
    session.out << request->text << '\n';
    return exit_ok;
  }
  session.out << "adopted: request " << text_of(request->json, "backupRequestId") << " is "
              << text_of(request->json, "stateCode") << " with backup " << text_of(request->json, "backupId") << '\n';
  session.err << "Next: backupctl backup show " << text_of(request->json, "backupId") << '\n';
  return exit_ok;
}

int dismiss(const Session& session, const std::string& id, const std::string& reason) {
  const auto answer = exchange(session, Service::controller,
                               send("POST", "/api/parked-results/" + id + "/dismiss", reason_body(reason)));
  if (!answer) return fail(session, Service::controller, answer.error());
  if (answer->status >= 300) return fail(session, Service::controller, error_of(*answer));
  if (!session.json) session.out << "parked result " << id << " is dismissed; the audit keeps who did it\n";
  return exit_ok;
}

}  // namespace

void add_parked_commands(CLI::App& app, Run& run) {
  auto& noun =
      add_noun(app, "parked", "See the results that fit nothing, adopt or dismiss them", "  backupctl parked list\n");
  auto& list = add_verb(noun, "list", "List parked results, newest first; json shows what the zone wrote",
                        "  backupctl parked list\n  backupctl parked list --output json\n");
  auto limit = std::make_shared<std::int64_t>(100);
  add_limit(list, *limit);
  list.callback([limit, &run] {
    run = [limit](const Session& session) {
      return print_list(session, {.service = Service::controller,
                                  .path = "/api/parked-results",
                                  .filters = {},
                                  .limit = *limit,
                                  .columns = {"parkedResultId", "receivedTime", "zone", "reasonCode", "commandId"},
                                  .nothing = "no parked results"});
    };
  });

  struct Verb {
    const char* name;
    const char* summary;
    int (*function)(const Session&, const std::string&, const std::string&);
  };
  for (const auto& verb : {Verb{"adopt", "Take a parked success as its request's backup all the same", adopt},
                           Verb{"dismiss", "Drop a parked result that a person has seen", dismiss}}) {
    auto& command = add_verb(noun, verb.name, verb.summary,
                             "  backupctl parked " + std::string(verb.name) +
                                 " 0190c3e8-0000-7000-8000-000000000003 --reason \"checked with the zone\"\n");
    auto id = std::make_shared<std::string>();
    auto reason = std::make_shared<std::string>();
    add_id(command, "id", *id, "the parked result's id").required();
    add_reason(command, *reason);
    command.callback([id, reason, function = verb.function, &run] {
      run = [id, reason, function](const Session& session) { return function(session, *id, *reason); };
    });
  }
}

}  // namespace backupctl::cli
