// request show, list, history, cancel.
#include <memory>
#include <ostream>

#include "cli/command_line.hpp"
#include "cli/list.hpp"
#include "cli/request_submit.hpp"
#include "cli/table.hpp"

namespace backupctl::cli {
namespace {

std::string path_of(const std::string& id) { return "/api/backup-requests/" + id; }

int show_request(const Session& session, const std::string& id) {
  const auto request = ask(session, Service::controller, get(path_of(id)));
  if (!request) return fail(session, Service::controller, request.error());
  if (session.json) {
    session.out << request->text << '\n';
  } else {
    print_fields(session.out, request->json);
  }
  return exit_ok;
}

int show_history(const Session& session, const std::string& id) {
  return print_list(session, {.service = Service::controller,
                              .path = path_of(id) + "/history",
                              .filters = {},
                              .limit = 0,
                              .columns = {"time", "stateCode", "detail"},
                              .nothing = "no history"});
}

int cancel_request(const Session& session, const std::string& id) {
  const auto request = ask(session, Service::controller, send("POST", path_of(id) + "/cancel", ""));
  if (!request) {
    const bool ended = request.error().code == "terminal";
    return fail(session, Service::controller, request.error(), ended ? "backupctl request show " + id : "");
  }
  if (session.json) {
    session.out << request->text << '\n';
    return exit_ok;
  }
  if (text_of(request->json, "stateCode") == "Cancelled") {
    session.out << "request " << id << " is Cancelled\n";
  } else {
    session.out << "the cancel of request " << id
                << " is taken up; the zone is told, and its answer ends the request\n";
    session.err << "Next: backupctl request show " << id << '\n';
  }
  return exit_ok;
}

struct RequestFilter {
  std::string job;
  std::string state;
  std::string transport;
  std::string received_from;
  std::string received_to;
  std::int64_t limit = 100;
};

int list_requests(const Session& session, const RequestFilter& filter) {
  return print_list(session, {.service = Service::controller,
                              .path = "/api/backup-requests",
                              .filters = {{"backupJobId", filter.job},
                                          {"stateCode", filter.state},
                                          {"transport", filter.transport},
                                          {"receivedFrom", filter.received_from},
                                          {"receivedTo", filter.received_to}},
                              .limit = filter.limit,
                              .columns = {"backupRequestId", "stateCode", "dataAsOfDate", "receivedTime", "requesterId",
                                          "backupJobId", "backupSourcePath"},
                              .nothing = "no backup requests"});
}

void add_list(CLI::App& noun, Run& run) {
  auto& list = add_verb(noun, "list", "List backup requests, newest first",
                        "  backupctl request list --state Failed --received-from 2026-11-24T00:00:00Z\n"
                        "  backupctl request list --limit 5000 --output json\n");
  auto filter = std::make_shared<RequestFilter>();
  add_id(list, "--job", filter->job, "those of one job");
  add_word(list, "--state", filter->state,
           {"Received", "Allowed", "NotAllowed", "Sent", "Succeeded", "Failed", "Cancelled"}, "those in one state");
  add_word(list, "--transport", filter->transport, {"HTTP", "FileDrop", "Queue", "Library"}, "how they came");
  add_time(list, "--received-from", filter->received_from, "received at this time or later (RFC 3339)");
  add_time(list, "--received-to", filter->received_to, "received at this time or earlier");
  add_limit(list, filter->limit);
  list.callback([filter, &run] { run = [filter](const Session& session) { return list_requests(session, *filter); }; });
}

}  // namespace

void add_request_commands(CLI::App& app, Run& run) {
  auto& noun = add_noun(app, "request", "Ask for backups and follow them",
                        "  backupctl request submit --job 0190c3e8-0000-7000-8000-000000000001 \\\n"
                        "      --source /data/ledger/2021-01-08 --as-of 2021-01-08 --wait\n"
                        "  backupctl request list --state Sent\n");
  add_request_submit(noun, run);

  const std::string sample = "0190c3e8-0000-7000-8000-000000000003\n";
  struct Verb {
    const char* name;
    const char* summary;
    int (*function)(const Session&, const std::string&);
  };
  for (const auto& verb : {Verb{"show", "Show all of one backup request", show_request},
                           Verb{"history", "Show every state it had, and when", show_history},
                           Verb{"cancel", "Give it up, where it has not ended", cancel_request}}) {
    auto& command =
        add_verb(noun, verb.name, verb.summary, "  backupctl request " + std::string(verb.name) + " " + sample);
    auto id = std::make_shared<std::string>();
    add_id(command, "id", *id, "the backup request's id").required();
    command.callback([id, function = verb.function, &run] {
      run = [id, function](const Session& session) { return function(session, *id); };
    });
  }
  add_list(noun, run);
}

}  // namespace backupctl::cli
