// The rules by which a job changes: who may do what to which version in which state. Pure decisions.
//
// A job is a row of immutable versions. One of them may be in force: the last that was approved. An edit makes a newer
// version, which waits as Draft while the approved one stays in force.
// Thread rule: plain values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backupctl/backup_job.hpp"
#include "backupctl/result.hpp"

namespace backupctl::jobs {

// The names go into the history and, but for create and edit, into the paths of the calls.
enum class Action { create, edit, submit, approve, deny, suspend, resume, retire };
std::string_view to_string(Action action);  // "create", "edit", …
std::optional<Action> parse_action(std::string_view text);

Error no_such_job(const JobId& id);  // not_found "backup-job-not-found"

struct Actor {
  std::string owner;        // the person or system, however many tokens it has
  bool identified = false;  // false: nobody signs in here, so two people cannot be told apart
  bool is_owner = false;    // has the role owner: may act on jobs of its own
  bool is_approver = false;
  bool reads_all = false;  // approver, auditor, admin, the controller
};

struct JobVersion {
  BackupJob document;
  std::string written_by;
  std::string state_by;  // who brought it into its present state
  friend bool operator==(const JobVersion&, const JobVersion&) = default;
};

struct Job {
  JobVersion newest;
  std::optional<JobVersion> in_force{};  // Approved, Suspended or Retired; may be the newest
  std::vector<std::string> authors{};    // who wrote a version since the last approved one

  const JobVersion& shown() const { return in_force ? *in_force : newest; }  // what others go by
  bool is_retired() const { return shown().document.approval == ApprovalState::retired; }
  // A newer version that may still come into force.
  std::optional<std::int64_t> pending_version() const;
};

// What one act makes of a job: one row of job_version, written in one transaction with its history.
struct Change {
  Action action;
  std::string actor;
  JobVersion version;
  bool comes_into_force = false;
};

// A job outside the caller's scope does not exist for them: not_found "backup-job-not-found".
Result<void> check_visible(const Job& job, const Actor& actor);
bool is_own(const Job& job,
            const Actor& actor);  // by the version in force or by the newest: a hand-over has two owners

// The first version of a new job. Errors: invalid (the document names another owner).
Result<Change> create(BackupJob document, const Actor& actor);

// A newer version; `based_on` is the one that the editor has seen. The document's id, version and state are set here,
// an empty owner keeps the present one.
// Errors by code: `forbidden` (not theirs), `retired`, `stale-version` (conflict: based_on is not the newest).
Result<Change> edit(const Job& job, BackupJob document, const Actor& actor, std::int64_t based_on);

// submit, approve and deny concern the newest version; suspend, resume and retire what is in force (retire also a job
// that never was). `version` is the one that the actor has seen.
// Errors by code: `forbidden` (the role, or not theirs), `identities-required`, `retired`, `stale-version`,
// `wrong-state`, `four-eyes`.
Result<Change> decide(const Job& job, Action action, const Actor& actor, std::int64_t version);

}  // namespace backupctl::jobs
