#include "jobs/api.hpp"

#include <utility>

#include "embedded/jobs_openapi.hpp"
#include "http/problem.hpp"
#include "jobs/job_document.hpp"
#include "jobs/request_parts.hpp"

namespace backupctl::jobs {
namespace {

using http::Access;
using http::Respond;
using http::Response;
using http::Role;

constexpr http::RoleSet readers{Role::owner, Role::approver, Role::auditor, Role::admin, Role::jobs};

std::string etag(std::int64_t version) { return '"' + std::to_string(version) + '"'; }

Response version_response(int status, const JobVersion& version, std::optional<std::int64_t> pending_version = {}) {
  auto response = http::json_response(status, job_json(version, pending_version));
  response.headers.add("ETag", etag(version.document.version));
  return response;
}

// Callers must not learn from a 403 or 409 that somebody else's job exists, so this comes before any rule.
Result<Job> find_visible(JobStore& store, const JobId& id, const Actor& actor) {
  auto job = store.find(id);
  if (!job) return job;
  if (auto visible = check_visible(*job, actor); !visible) return std::move(visible).error();
  return job;
}

// The version that an action was about.
const JobVersion& concerned(const Job& job, std::int64_t version) {
  return job.newest.document.version == version ? job.newest : job.shown();
}

}  // namespace

void Api::add_routes(http::Router& router) {
  const auto to = [this](void (Api::*call)(Request, Respond)) {
    return [this, call](Request request, Respond respond) { (this->*call)(std::move(request), std::move(respond)); };
  };
  const std::string job = "/api/backup-jobs/{id}";
  router.add("GET", "/api/backup-jobs", readers, to(&Api::list),
             {"approvalStateCode", "zone", "ownerId", "limit", "cursor"});
  router.add("POST", "/api/backup-jobs", {Role::owner}, to(&Api::create));
  router.add("GET", job, readers, to(&Api::show), {"version"});
  router.add("PUT", job, {Role::owner}, to(&Api::edit));
  router.add("GET", job + "/history", readers, to(&Api::history));
  router.add("GET", job + "/backups", readers, to(&Api::backups), {"limit", "cursor"});
  struct ActionRoute {
    Action action;
    Access access;
  };
  for (const auto& [action, access] :
       {ActionRoute{Action::submit, {Role::owner}}, ActionRoute{Action::approve, {Role::approver}},
        ActionRoute{Action::deny, {Role::approver}}, ActionRoute{Action::suspend, {Role::owner, Role::approver}},
        ActionRoute{Action::resume, {Role::owner, Role::approver}},
        ActionRoute{Action::retire, {Role::owner, Role::approver}}}) {
    router.add("POST", job + "/" + std::string(to_string(action)), access,
               [this, act = action](Request request, Respond respond) {
                 this->act(act, std::move(request), std::move(respond));
               });
  }
  router.add("GET", "/livez", Access::open(),
             [](const Request&, const Respond& respond) { respond(http::json_response(200, R"({"status":"ok"})")); });
  router.add("GET", "/readyz", Access::open(), to(&Api::ready));
  router.add("GET", "/metrics", Access::open(), to(&Api::metrics));
  router.add("GET", "/openapi.json", Access::open(), [](const Request&, const Respond& respond) {
    respond(http::json_response(200, std::string(embedded::jobs_openapi().front().content)));
  });
}

Response Api::refuse(const Error& error) {
  if (http::status_of(error) >= 500) {
    parts_.logger.write(LogLevel::error, "the store failed", {{"code", error.code}, {"detail", error.detail}});
  }
  if (error.code == "store-commit-unknown") parts_.on_fatal(error);
  if (http::status_of(error) == 503) return http::problem_response(503, "store-unavailable", error.detail);
  return http::problem_response(error);
}

void Api::answer_from_store(Respond respond, std::function<Result<Response>()> work) {
  parts_.store_thread.post([this, respond = std::move(respond), work = std::move(work)] {
    parts_.executor.post([this, respond, result = work()] { respond(result ? *result : refuse(result.error())); });
  });
}

void Api::create(Request request, Respond respond) {
  if (auto refusal = http::refuse_unless_json(request)) return respond(*std::move(refusal));
  auto document = read_job_document(request.body, {});
  if (!document) return respond(refuse(document.error()));
  const auto now = parts_.clock.now();
  document->id = JobId{ids_.next(now)};
  auto change = jobs::create(*std::move(document), actor_of(request.principal));
  if (!change) return respond(refuse(change.error()));
  answer_from_store(std::move(respond), [this, now, change = *std::move(change)]() -> Result<Response> {
    auto job = parts_.store.create(change, now);
    if (!job) return std::move(job).error();
    auto response = version_response(201, job->newest);
    response.headers.add("Location", "/api/backup-jobs/" + job->newest.document.id.to_string());
    return response;
  });
}

void Api::edit(Request request, Respond respond) {
  if (auto refusal = http::refuse_unless_json(request)) return respond(*std::move(refusal));
  const auto id = job_id_of(request);
  if (!id) return respond(refuse(id.error()));
  const auto based_on = if_match_of(request);
  if (!based_on) return respond(refuse(based_on.error()));
  if (!*based_on) {
    return respond(
        http::problem_response(428, "precondition-required",
                               "a change needs the header If-Match with the version it is based on, such as \"3\""));
  }
  auto document = read_job_document(request.body, *id);
  if (!document) return respond(refuse(document.error()));
  answer_from_store(std::move(respond),
                    [this, id = *id, version = **based_on, document = *std::move(document),
                     actor = actor_of(request.principal), now = parts_.clock.now()]() -> Result<Response> {
                      const auto make_change = [&](const Job& job) -> Result<Change> {
                        if (auto visible = check_visible(job, actor); !visible) return std::move(visible).error();
                        return jobs::edit(job, document, actor, version);
                      };
                      auto job = parts_.store.change(id, make_change, "", now);
                      if (!job && job.error().code == "stale-version") {
                        return http::problem_response(412, "stale-version", job.error().detail);
                      }
                      if (!job) return std::move(job).error();
                      return version_response(200, job->newest);
                    });
}

void Api::act(Action action, Request request, Respond respond) {
  if (auto refusal = http::refuse_unless_json(request)) return respond(*std::move(refusal));
  const auto id = job_id_of(request);
  if (!id) return respond(refuse(id.error()));
  auto order = read_action_order(request.body);
  if (!order) return respond(refuse(order.error()));
  answer_from_store(std::move(respond),
                    [this, action, id = *id, order = *std::move(order), actor = actor_of(request.principal),
                     now = parts_.clock.now()]() -> Result<Response> {
                      const auto make_change = [&](const Job& job) -> Result<Change> {
                        if (auto visible = check_visible(job, actor); !visible) return std::move(visible).error();
                        return decide(job, action, actor, order.version);
                      };
                      auto job = parts_.store.change(id, make_change, order.comment, now);
                      if (!job) return std::move(job).error();
                      return version_response(200, concerned(*job, order.version));
                    });
}

void Api::show(Request request, Respond respond) {
  const auto id = job_id_of(request);
  if (!id) return respond(refuse(id.error()));
  const auto version = version_of(request);
  if (!version) return respond(refuse(version.error()));
  const auto actor = actor_of(request.principal);
  if (!*version) return show_job(*id, actor, std::move(respond));
  answer_from_store(std::move(respond), [this, id = *id, version = **version, actor]() -> Result<Response> {
    if (auto job = find_visible(parts_.store, id, actor); !job) return std::move(job).error();
    auto found = parts_.store.find_version(id, version);
    if (!found) return std::move(found).error();
    return version_response(200, *found);
  });
}

void Api::show_job(JobId id, const Actor& actor, Respond respond) {
  const auto answer = [this](const ShownJobs::Shown& shown, const Actor& to) {
    const auto visible = check_visible(shown.job, to);
    return visible ? shown.response : refuse(visible.error());
  };
  const auto version = parts_.shown.version();
  if (const auto* shown = parts_.shown.find(id)) return respond(answer(*shown, actor));
  parts_.store_thread.post([this, id, actor, version, answer, respond = std::move(respond)] {
    parts_.executor.post([this, id, actor, version, answer, respond, job = parts_.store.find(id)] {
      if (!job) return respond(refuse(job.error()));
      ShownJobs::Shown shown{*job, version_response(200, job->shown(), job->pending_version())};
      respond(answer(shown, actor));
      if (version) parts_.shown.keep(*version, id, std::move(shown));
    });
  });
}

void Api::list(Request request, Respond respond) {
  auto query = job_query_of(request);
  if (!query) return respond(refuse(query.error()));
  const auto actor = actor_of(request.principal);
  if (!actor.reads_all) query->visible_to = actor.owner;
  answer_from_store(std::move(respond), [this, query = *std::move(query)]() -> Result<Response> {
    auto page = parts_.store.list(query);
    if (!page) return std::move(page).error();
    return http::json_response(200, job_list_json(*page));
  });
}

void Api::history(Request request, Respond respond) {
  const auto id = job_id_of(request);
  if (!id) return respond(refuse(id.error()));
  answer_from_store(std::move(respond), [this, id = *id, actor = actor_of(request.principal)]() -> Result<Response> {
    if (auto job = find_visible(parts_.store, id, actor); !job) return std::move(job).error();
    auto entries = parts_.store.history(id);
    if (!entries) return std::move(entries).error();
    return http::json_response(200, history_json(*entries));
  });
}

void Api::ready(Request, Respond respond) {
  if (draining_) {
    return respond(http::problem_response(503, "draining", "the service is about to end and takes no new work"));
  }
  answer_from_store(std::move(respond), [this]() -> Result<Response> {
    if (auto counts = parts_.store.count_by_state(); !counts)
      return http::problem_response(503, "store-unavailable", counts.error().detail);
    return http::json_response(200, R"({"status":"ok"})");
  });
}

void Api::metrics(Request, Respond respond) {
  answer_from_store(std::move(respond), [this]() -> Result<Response> {
    auto counts = parts_.store.count_by_state();
    if (!counts) return std::move(counts).error();
    std::string text =
        "# HELP backupctl_backup_jobs Backup jobs by the state of the version that is shown.\n"
        "# TYPE backupctl_backup_jobs gauge\n";
    for (const auto& [state, jobs] : *counts) {
      text += "backupctl_backup_jobs{state=\"" + std::string(to_string(state)) + "\"} " + std::to_string(jobs) + "\n";
    }
    Response response;
    response.headers.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    response.body = std::move(text);
    return response;
  });
}

}  // namespace backupctl::jobs
