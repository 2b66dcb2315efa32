#include "jobs/workflow.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace backupctl::jobs {
namespace {

constexpr std::array<std::pair<Action, std::string_view>, 8> action_names{{{Action::create, "create"},
                                                                           {Action::edit, "edit"},
                                                                           {Action::submit, "submit"},
                                                                           {Action::approve, "approve"},
                                                                           {Action::deny, "deny"},
                                                                           {Action::suspend, "suspend"},
                                                                           {Action::resume, "resume"},
                                                                           {Action::retire, "retire"}}};

Error forbidden(std::string detail, std::string code = "forbidden") {
  return {ErrorKind::forbidden, std::move(detail), false, std::move(code), {}};
}

}  // namespace

Error no_such_job(const JobId& id) {
  return {ErrorKind::not_found, "there is no backup job " + id.to_string(), false, "backup-job-not-found", {}};
}

namespace {

Error conflict(std::string detail, std::string code) {
  return {ErrorKind::conflict, std::move(detail), false, std::move(code), {}};
}

bool is_one_of(ApprovalState state, std::initializer_list<ApprovalState> states) {
  return std::find(states.begin(), states.end(), state) != states.end();
}

Result<void> may_act(const Job& job, Action action, const Actor& actor) {
  const bool own = actor.is_owner && is_own(job, actor);
  const auto& shown = job.shown();
  switch (action) {
    case Action::submit:
      if (own) return {};
      return forbidden("only the owner of the job submits it");
    case Action::approve:
    case Action::deny:
      if (actor.is_approver) return {};
      return forbidden("only an approver decides on a submitted version");
    case Action::resume:
      // Who could lift a suspension that an approver has imposed would not be bound by it.
      if (actor.is_approver || (own && shown.state_by == actor.owner)) return {};
      return forbidden("an approver resumes a job, or the owner who suspended it");
    case Action::suspend:
    case Action::retire:
      if (own || actor.is_approver) return {};
      return forbidden("only the owner of the job or an approver does this");
    case Action::create:
    case Action::edit:
      break;
  }
  return Error{ErrorKind::internal, "an edit needs a document"};
}

bool is_possible(Action action, ApprovalState state, bool in_force) {
  switch (action) {
    case Action::submit:
      return state == ApprovalState::draft;
    case Action::approve:
    case Action::deny:
      return state == ApprovalState::submitted;
    case Action::suspend:
      return in_force && state == ApprovalState::approved;
    case Action::resume:
      return in_force && state == ApprovalState::suspended;
    case Action::retire:
      return in_force ? is_one_of(state, {ApprovalState::approved, ApprovalState::suspended}) : true;
    case Action::create:
    case Action::edit:
      break;
  }
  return false;
}

ApprovalState state_after(Action action) {
  switch (action) {
    case Action::submit:
      return ApprovalState::submitted;
    case Action::deny:
      return ApprovalState::denied;
    case Action::suspend:
      return ApprovalState::suspended;
    case Action::retire:
      return ApprovalState::retired;
    case Action::approve:
    case Action::resume:
    case Action::create:
    case Action::edit:
      break;
  }
  return ApprovalState::approved;
}

Result<void> check_four_eyes(const Job& job, const Actor& actor) {
  const bool wrote = std::find(job.authors.begin(), job.authors.end(), actor.owner) != job.authors.end();
  if (wrote || job.newest.written_by == actor.owner) {
    return forbidden("nobody approves what they wrote or edited themselves", "four-eyes");
  }
  if (job.newest.state_by == actor.owner) {
    return forbidden("nobody approves what they submitted themselves", "four-eyes");
  }
  return {};
}

Error stale(std::int64_t seen, std::int64_t present) {
  return conflict("this concerns version " + std::to_string(present) + ", not version " + std::to_string(seen) +
                      "; read it again before deciding",
                  "stale-version");
}

}  // namespace

std::string_view to_string(Action action) {
  for (const auto& [each, name] : action_names) {
    if (each == action) return name;
  }
  return "";
}

std::optional<Action> parse_action(std::string_view text) {
  for (const auto& [action, name] : action_names) {
    if (name == text) return action;
  }
  return {};
}

std::optional<std::int64_t> Job::pending_version() const {
  if (!in_force || is_retired() || newest.document.version <= in_force->document.version) return {};
  return newest.document.version;
}

bool is_own(const Job& job, const Actor& actor) {
  return job.newest.document.owner_id == actor.owner ||
         (job.in_force && job.in_force->document.owner_id == actor.owner);
}

Result<void> check_visible(const Job& job, const Actor& actor) {
  if (actor.reads_all || (actor.is_owner && is_own(job, actor))) return {};
  return no_such_job(job.newest.document.id);
}

Result<Change> create(BackupJob document, const Actor& actor) {
  if (!document.owner_id.empty() && document.owner_id != actor.owner) {
    return Error{ErrorKind::invalid,
                 "a new job belongs to who creates it",
                 false,
                 "invalid-request",
                 {{"/ownerId", "must be absent or your own; hand the job over afterwards"}}};
  }
  document.version = 1;
  document.approval = ApprovalState::draft;
  document.owner_id = actor.owner;
  return Change{Action::create, actor.owner, {std::move(document), actor.owner, actor.owner}};
}

Result<Change> edit(const Job& job, BackupJob document, const Actor& actor, std::int64_t based_on) {
  if (!actor.is_owner || !is_own(job, actor)) return forbidden("only the owner of the job changes it");
  if (job.is_retired()) return conflict("the job is retired", "retired");
  const auto& newest = job.newest.document;
  if (based_on != newest.version) return stale(based_on, newest.version);
  document.id = newest.id;
  document.version = newest.version + 1;
  document.approval = ApprovalState::draft;
  if (document.owner_id.empty()) document.owner_id = newest.owner_id;
  return Change{Action::edit, actor.owner, {std::move(document), actor.owner, actor.owner}};
}

Result<Change> decide(const Job& job, Action action, const Actor& actor, std::int64_t version) {
  if (auto allowed = may_act(job, action, actor); !allowed) return std::move(allowed).error();
  if (action == Action::approve && !actor.identified) {
    return forbidden("an approval needs two people, and without tokens in [auth] nobody can be told apart",
                     "identities-required");
  }
  if (job.is_retired()) return conflict("the job is retired", "retired");
  const bool concerns_newest =
      is_one_of(state_after(action), {ApprovalState::submitted, ApprovalState::denied}) || action == Action::approve;
  const auto& concerned = concerns_newest ? job.newest : job.shown();
  if (version != concerned.document.version) return stale(version, concerned.document.version);
  const bool in_force = job.in_force && job.in_force->document.version == concerned.document.version;
  if (!is_possible(action, concerned.document.approval, in_force)) {
    return conflict("version " + std::to_string(version) + " is " +
                        std::string(to_string(concerned.document.approval)) + "; " + std::string(to_string(action)) +
                        " is not possible now",
                    "wrong-state");
  }
  if (action == Action::approve) {
    if (auto good = check_four_eyes(job, actor); !good) return std::move(good).error();
  }
  Change change{action, actor.owner, concerned, action == Action::approve};
  change.version.document.approval = state_after(action);
  change.version.state_by = actor.owner;
  if (action == Action::approve && job.in_force && job.in_force->document.approval == ApprovalState::suspended) {
    // Requests stay forbidden until somebody resumes the job, whatever changed meanwhile.
    change.version.document.approval = ApprovalState::suspended;
    change.version.state_by = job.in_force->state_by;
  }
  return change;
}

}  // namespace backupctl::jobs
