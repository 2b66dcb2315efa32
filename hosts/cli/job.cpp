// job create, change, show, list, history.
#include <memory>
#include <ostream>

#include "cli/caller.hpp"
#include "cli/command_line.hpp"
#include "cli/job_options.hpp"
#include "cli/job_version.hpp"
#include "cli/job_workflow.hpp"
#include "cli/list.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"

namespace backupctl::cli {
namespace {

int bad_usage(const Session& session, const std::string& what, const std::string& verb) {
  session.err << "backupctl: " << printable(what) << "\nNext: backupctl job " << verb << " --help\n";
  return exit_bad_usage;
}

// What is wrong with the options as a whole; empty: nothing.
std::string problem_with(const JobOptions& options) {
  if (!options.file.empty() && options.any()) return "--file holds the whole job: leave the other options out";
  if (options.from && options.to && *options.to < *options.from) return "--to: must not be before --from";
  return {};
}

std::string missing_of(const JobOptions& options) {
  std::string missing;
  const auto need = [&missing](bool given, const char* name) {
    if (!given) missing += (missing.empty() ? "" : ", ") + std::string(name);
  };
  need(options.name.has_value(), "--name");
  need(options.zone.has_value(), "--zone");
  need(options.storage_path.has_value(), "--storage-path");
  need(options.days_to_keep.has_value(), "--days-to-keep");
  need(!options.source_roots.empty(), "--source-root");
  need(!options.requesters.empty(), "--requester");
  return missing.empty() ? "" : "a job needs " + missing + " (or --file)";
}

// The id alone goes to standard output, so that a script can take it as it is.
int tell_written(const Session& session, const Document& job) {
  const auto id = printable(text_of(job.json, "backupJobId"));
  if (session.json) {
    session.out << job.text << '\n';
  } else {
    session.out << id << '\n';
  }
  session.err << "version " << printable(text_of(job.json, "version")) << " is "
              << printable(text_of(job.json, "approvalStateCode")) << "\nNext: backupctl job submit " << id << '\n';
  return exit_ok;
}

int create_job(const Session& session, const JobOptions& options) {
  auto problem = problem_with(options);
  if (problem.empty() && options.file.empty()) problem = missing_of(options);
  if (!problem.empty()) return bad_usage(session, problem, "create");
  std::string body;
  if (options.file.empty()) {
    body = job_document(options, "{}");
  } else {
    auto file = read_job_file(options);
    if (!file) return bad_usage(session, file.error().detail, "create");
    body = std::move(file->text);
  }
  const auto job = ask(session, Service::jobs, send("POST", "/api/backup-jobs", std::move(body)));
  if (!job) return fail(session, Service::jobs, job.error());
  return tell_written(session, *job);
}

struct ChangeOrder {
  std::string id;
  std::int64_t version = 0;  // 0: the file's, else the newest
  std::shared_ptr<JobOptions> options;
};

int change_job(const Session& session, const ChangeOrder& order) {
  const auto& options = *order.options;
  if (auto problem = problem_with(options); !problem.empty()) return bad_usage(session, problem, "change");
  if (options.file.empty() && !options.any()) return bad_usage(session, "nothing to change is given", "change");
  std::string body;
  auto version = order.version;
  if (!options.file.empty()) {
    auto file = read_job_file(options);
    if (!file) return bad_usage(session, file.error().detail, "change");
    if (version == 0) version = integer_of(file->json, "version").value_or(0);
    body = std::move(file->text);
  }
  if (version == 0 || body.empty()) {
    const auto base = read_job(session, order.id, version == 0 ? Which::newest : Which::given, version);
    if (!base) return fail(session, Service::jobs, base.error());
    version = integer_of(base->json, "version").value_or(0);
    if (body.empty()) body = job_document(options, base->text);
  }
  auto question = send("PUT", job_path(order.id), std::move(body));
  question.headers.add("If-Match", '"' + std::to_string(version) + '"');
  const auto job = ask(session, Service::jobs, question);
  if (!job) return fail(session, Service::jobs, job.error());
  return tell_written(session, *job);
}

int show_job(const Session& session, const std::string& id, std::int64_t version) {
  const auto job = read_job(session, id, version == 0 ? Which::shown : Which::given, version);
  if (!job) return fail(session, Service::jobs, job.error());
  if (session.json) {
    session.out << job->text << '\n';
    return exit_ok;
  }
  print_fields(session.out, job->json);
  if (const auto pending = integer_of(job->json, "pendingVersion")) {
    session.err << "Next: backupctl job show " << id << " --version " << *pending << " shows what waits for approval\n";
  }
  return exit_ok;
}

int show_history(const Session& session, const std::string& id) {
  return print_list(session, {.service = Service::jobs,
                              .path = job_path(id) + "/history",
                              .filters = {},
                              .limit = 0,
                              .columns = {"time", "actor", "action", "version", "approvalStateCode", "comment"},
                              .nothing = "no history"});
}

struct JobFilter {
  std::string state;
  std::string zone;
  std::string owner;
  std::int64_t limit = 100;
};

int list_jobs(const Session& session, const JobFilter& filter) {
  return print_list(session,
                    {.service = Service::jobs,
                     .path = "/api/backup-jobs",
                     .filters = {{"approvalStateCode", filter.state}, {"zone", filter.zone}, {"ownerId", filter.owner}},
                     .limit = filter.limit,
                     .columns = {"backupJobId", "name", "version", "approvalStateCode", "pendingVersion", "zone",
                                 "daysToKeep", "ownerId"},
                     .nothing = "no backup jobs"});
}

void add_writing(CLI::App& noun, Run& run) {
  auto& create =
      add_verb(noun, "create", "Describe a new backup job; prints its id",
               "  backupctl job create --name ledger --zone files --storage-path ledger --days-to-keep 3650 \\\n"
               "      --source-root /data/ledger --requester batch-night --from 2021-01-01 --to 2031-12-31\n"
               "  backupctl job create --file ledger.json\n");
  auto options = add_job_options(create);
  create.callback(
      [options, &run] { run = [options](const Session& session) { return create_job(session, *options); }; });

  auto& change = add_verb(noun, "change", "Write a new version of a job; the approved one stays in force until then",
                          "  backupctl job change 0190c3e8-0000-7000-8000-000000000001 --days-to-keep 30\n"
                          "  backupctl --output json job show ID > job.json; edit it; then\n"
                          "  backupctl job change ID --file job.json\n");
  auto order = std::make_shared<ChangeOrder>();
  add_id(change, "id", order->id, "the job's id").required();
  order->options = add_job_options(change);
  add_version(change, order->version, "the version that the change is based on (the file's, else the newest)");
  change.callback([order, &run] { run = [order](const Session& session) { return change_job(session, *order); }; });
}

void add_reading(CLI::App& noun, Run& run) {
  auto& show = add_verb(noun, "show", "Show the version in force, or another",
                        "  backupctl job show 0190c3e8-0000-7000-8000-000000000001 --version 2\n");
  auto id = std::make_shared<std::string>();
  auto version = std::make_shared<std::int64_t>(0);
  add_id(show, "id", *id, "the job's id").required();
  add_version(show, *version, "this version");
  show.callback([id, version, &run] {
    run = [id, version](const Session& session) { return show_job(session, *id, *version); };
  });

  auto& history = add_verb(noun, "history", "Show who did what with a job",
                           "  backupctl job history 0190c3e8-0000-7000-8000-000000000001\n");
  auto of = std::make_shared<std::string>();
  add_id(history, "id", *of, "the job's id").required();
  history.callback([of, &run] { run = [of](const Session& session) { return show_history(session, *of); }; });

  auto& list = add_verb(noun, "list", "List the jobs that you may see, newest first",
                        "  backupctl job list --state Submitted\n");
  auto filter = std::make_shared<JobFilter>();
  add_word(list, "--state", filter->state, {"Draft", "Submitted", "Approved", "Denied", "Suspended", "Retired"},
           "those in one state");
  add_zone_name(list, "--zone", filter->zone, "those of one zone");
  add_text(list, "--owner", filter->owner, "those of one owner");
  add_limit(list, filter->limit);
  list.callback([filter, &run] { run = [filter](const Session& session) { return list_jobs(session, *filter); }; });
}

}  // namespace

void add_job_commands(CLI::App& app, Run& run) {
  auto& noun = add_noun(app, "job", "Describe backup jobs, and decide on them",
                        "  backupctl job create --file ledger.json\n"
                        "  backupctl job submit 0190c3e8-0000-7000-8000-000000000001\n"
                        "  backupctl job approve 0190c3e8-0000-7000-8000-000000000001 --comment 'as agreed'\n");
  add_writing(noun, run);
  add_job_workflow(noun, run);
  add_reading(noun, run);
}

}  // namespace backupctl::cli
