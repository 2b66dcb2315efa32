// request show, list, history, cancel, and help for many at once: resend, cancel-all.
#include <memory>
#include <ostream>

#include "cli/command_line.hpp"
#include "cli/list.hpp"
#include "cli/request_submit.hpp"
#include "cli/table.hpp"
#include "wire/json_writer.hpp"

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

struct BulkFilter {
  std::string job;
  std::string state;
  std::string zone;
  std::string received_from;
  std::string received_to;
  std::string reason;
};

int act_on_all(const Session& session, const BulkFilter& filter, const std::string& path) {
  if ((filter.job + filter.state + filter.zone + filter.received_from + filter.received_to).empty()) {
    session.err << "backupctl: say which requests: --state, --zone, --job, --received-from or --received-to\n";
    return exit_bad_usage;
  }
  std::string body;
  wire::JsonWriter out(body);
  out.begin_object()
      .member_if_filled("backupJobId", filter.job)
      .member_if_filled("stateCode", filter.state)
      .member_if_filled("zone", filter.zone)
      .member_if_filled("receivedFrom", filter.received_from)
      .member_if_filled("receivedTo", filter.received_to)
      .member_if_filled("reason", filter.reason)
      .end_object();
  const auto answer = ask(session, Service::controller, send("POST", path, body), std::chrono::minutes(10));
  if (!answer) return fail(session, Service::controller, answer.error());
  if (session.json) {
    session.out << answer->text << '\n';
  } else {
    session.out << text_of(answer->json, "matched") << " requests matched, " << text_of(answer->json, "changed")
                << " changed\n";
  }
  return exit_ok;
}

void add_bulk(CLI::App& noun, const std::string& name, const std::string& summary, const std::string& path, Run& run) {
  auto& verb =
      add_verb(noun, name, summary,
               "  backupctl request " + name + " --state " + (name == "resend" ? "Failed" : "Allowed") +
                   " --zone files --received-from 2026-01-08T20:00:00Z --reason \"disk of the zone was full\"\n");
  auto filter = std::make_shared<BulkFilter>();
  add_id(verb, "--job", filter->job, "those of one job");
  add_word(verb, "--state", filter->state,
           {"Received", "Allowed", "NotAllowed", "Sent", "Succeeded", "Failed", "Cancelled"}, "those in one state");
  add_zone_name(verb, "--zone", filter->zone, "those of one zone");
  add_time(verb, "--received-from", filter->received_from, "received at this time or later");
  add_time(verb, "--received-to", filter->received_to, "received before this time");
  add_reason(verb, filter->reason);
  verb.callback([filter, path, &run] {
    run = [filter, path](const Session& session) { return act_on_all(session, *filter, path); };
  });
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
  add_bulk(noun, "resend", "Ask anew for every Failed or Cancelled one, and take up waiting ones now, by filter",
           "/api/backup-requests/resend", run);
  add_bulk(noun, "cancel-all", "Give up every one that has not ended, by filter", "/api/backup-requests/cancel", run);
}

}  // namespace backupctl::cli
