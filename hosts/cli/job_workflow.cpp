#include "cli/job_workflow.hpp"

#include <memory>
#include <ostream>

#include "cli/caller.hpp"
#include "cli/job_version.hpp"
#include "cli/text.hpp"
#include "wire/json_writer.hpp"

namespace backupctl::cli {
namespace {

struct Verb {
  const char* name;
  const char* summary;
  Which version;     // that it is about when none is given
  const char* next;  // what to type then, before the id; null: nothing
};

constexpr Verb verbs[] = {
    {"submit", "Ask for approval", Which::newest, "Next, somebody else: backupctl job approve "},
    {"approve", "Put a submitted version in force; nobody approves what they wrote", Which::newest,
     "Next: backupctl request submit --source PATH --as-of DATE --job "},
    {"deny", "Turn a submitted version down", Which::newest, "Next, its owner: backupctl job change "},
    {"suspend", "Allow no requests until the job is resumed", Which::shown, "Next, some day: backupctl job resume "},
    {"resume", "Let a suspended job go on", Which::shown, nullptr},
    {"retire", "Allow no more requests, for good", Which::shown, nullptr},
};

struct ActOrder {
  const Verb& verb;
  std::string id{};
  std::int64_t version = 0;  // 0: as the verb says
  std::string comment{};
};

int act(const Session& session, const ActOrder& order) {
  auto version = order.version;
  if (version == 0) {
    const auto job = read_job(session, order.id, order.verb.version);
    if (!job) return fail(session, Service::jobs, job.error());
    version = integer_of(job->json, "version").value_or(0);
  }
  std::string body;
  wire::JsonWriter out(body);
  out.begin_object().member("version", version).member_if_filled("comment", order.comment).end_object();
  const auto job = ask(session, Service::jobs, send("POST", job_path(order.id) + "/" + order.verb.name, body));
  if (!job) return fail(session, Service::jobs, job.error());
  if (session.json) {
    session.out << job->text << '\n';
  } else {
    session.out << "version " << printable(text_of(job->json, "version")) << " of job "
                << printable(text_of(job->json, "name")) << " is " << printable(text_of(job->json, "approvalStateCode"))
                << '\n';
  }
  if (order.verb.next) session.err << order.verb.next << order.id << '\n';
  return exit_ok;
}

}  // namespace

void add_job_workflow(CLI::App& noun, Run& run) {
  for (const auto& verb : verbs) {
    const std::string call = "  backupctl job " + std::string(verb.name) + " 0190c3e8-0000-7000-8000-000000000001";
    auto& command = add_verb(noun, verb.name, verb.summary,
                             call + "\n" + call + " --version 3 --comment 'as agreed with finance'\n");
    auto order = std::make_shared<ActOrder>(ActOrder{.verb = verb});
    add_id(command, "id", order->id, "the job's id").required();
    add_version(command, order->version,
                verb.version == Which::newest ? "this version (the newest)" : "this version (the one in force)");
    add_text(command, "--comment", order->comment, "why, for the history");
    command.callback([order, &run] { run = [order](const Session& session) { return act(session, *order); }; });
  }
}

}  // namespace backupctl::cli
