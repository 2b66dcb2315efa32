#include "jobs/store.hpp"

#include <soci/soci.h>

#include <algorithm>
#include <utility>

#include "embedded/job_migrations.hpp"
#include "wire/backup_job_json.hpp"

namespace backupctl::jobs {
namespace {

using ::soci::into;
using ::soci::use;

std::string text_of(const BackupJob& job) {
  return wire::json_text([](wire::JsonWriter& out, const BackupJob& each) { wire::write_backup_job(out, each); }, job);
}

Error corrupt(const JobId& id, const std::string& what) {
  return {ErrorKind::corrupt, "backup job " + id.to_string() + " cannot be read back: " + what};
}

struct VersionRow {
  std::string document, state, state_by, written_by;
};

Result<JobVersion> version_of(const JobId& id, const VersionRow& row) {
  auto document = wire::read_backup_job(row.document);
  if (!document) return corrupt(id, document.error().detail);
  const auto state = parse_approval_state(row.state);
  if (!state) return corrupt(id, "unknown state " + row.state);
  document->approval = *state;
  return JobVersion{*std::move(document), row.written_by, row.state_by};
}

// What every check of a request reads is prepared once. A statement is read to its end, or it would keep its snapshot.
struct FindJob {
  explicit FindJob(::soci::session& sql)
      : select((sql.prepare << "SELECT newest_version, coalesce(in_force_version, 0) FROM job WHERE job_id = :id",
                use(id, "id"), into(newest), into(in_force))) {}
  std::string id;
  std::int64_t newest = 0, in_force = 0;
  ::soci::statement select;
};

struct FindVersion {
  explicit FindVersion(::soci::session& sql)
      : select((sql.prepare << "SELECT document, state, state_by, written_by FROM job_version"
                               " WHERE job_id = :id AND version = :version",
                use(id, "id"), use(version, "version"), into(row.document), into(row.state), into(row.state_by),
                into(row.written_by))) {}
  std::string id;
  std::int64_t version = 0;
  VersionRow row;
  ::soci::statement select;
};

struct FindAuthors {
  explicit FindAuthors(::soci::session& sql)
      : select((sql.prepare << "SELECT DISTINCT written_by FROM job_version WHERE job_id = :id AND version > :version",
                use(id, "id"), use(version, "version"), into(author))) {}
  std::string id, author;
  std::int64_t version = 0;
  ::soci::statement select;
};

Result<JobVersion> load_version(soci::SqliteSession& session, const JobId& id, std::int64_t version) {
  auto& find = session.prepared<FindVersion>();
  find.id = id.to_string();
  find.version = version;
  if (!find.select.execute(true)) {
    return Error{ErrorKind::not_found,
                 "there is no version " + std::to_string(version) + " of backup job " + find.id,
                 false,
                 "backup-job-version-not-found",
                 {}};
  }
  auto found = version_of(id, find.row);
  find.select.fetch();
  return found;
}

std::vector<std::string> load_authors(soci::SqliteSession& session, const JobId& id, std::int64_t in_force) {
  auto& find = session.prepared<FindAuthors>();
  find.id = id.to_string();
  find.version = in_force;
  std::vector<std::string> authors;
  for (bool more = find.select.execute(true); more; more = find.select.fetch()) authors.push_back(find.author);
  return authors;
}

Result<Job> load(soci::SqliteSession& session, const JobId& id) {
  auto& find = session.prepared<FindJob>();
  find.id = id.to_string();
  if (!find.select.execute(true)) return no_such_job(id);
  const auto newest = find.newest, in_force = find.in_force;
  find.select.fetch();
  auto newest_version = load_version(session, id, newest);
  if (!newest_version) return corrupt(id, newest_version.error().detail);
  Job job{*std::move(newest_version), {}, load_authors(session, id, in_force)};
  if (in_force == newest) {
    job.in_force = job.newest;
  } else if (in_force != 0) {
    auto version = load_version(session, id, in_force);
    if (!version) return corrupt(id, version.error().detail);
    job.in_force = *std::move(version);
  }
  return job;
}

// Entries of one job never go backwards in time, whatever the clock does.
std::int64_t entry_time(::soci::session& sql, const std::string& key, Timestamp now) {
  std::int64_t last = 0;
  sql << "SELECT coalesce(max(time), 0) FROM job_history WHERE job_id = :id", use(key, "id"), into(last);
  return std::max<std::int64_t>(last, now.time_since_epoch().count());
}

void write(::soci::session& sql, const Change& change, const std::string& comment, Timestamp now) {
  const auto& document = change.version.document;
  const auto key = document.id.to_string();
  const auto version = document.version;
  const std::string state(to_string(document.approval));
  const auto time = entry_time(sql, key, now);
  if (change.action == Action::create || change.action == Action::edit) {
    const auto text = text_of(document);
    const auto& zone = document.zone.str();
    if (change.action == Action::create) {
      sql << "INSERT INTO job (job_id, newest_version) VALUES (:id, :version)", use(key, "id"), use(version, "version");
    }
    sql << "INSERT INTO job_version (job_id, version, state, state_by, written_by, written_time, owner_id, zone, "
           "document)"
           " VALUES (:id, :version, :state, :by, :writer, :time, :owner, :zone, :document)",
        use(key, "id"), use(version, "version"), use(state, "state"), use(change.version.state_by, "by"),
        use(change.version.written_by, "writer"), use(time, "time"), use(document.owner_id, "owner"), use(zone, "zone"),
        use(text, "document");
    sql << "UPDATE job SET newest_version = :version WHERE job_id = :id", use(version, "version"), use(key, "id");
  } else {
    sql << "UPDATE job_version SET state = :state, state_by = :by WHERE job_id = :id AND version = :version",
        use(state, "state"), use(change.version.state_by, "by"), use(key, "id"), use(version, "version");
  }
  if (change.comes_into_force) {
    sql << "UPDATE job SET in_force_version = :version WHERE job_id = :id", use(version, "version"), use(key, "id");
  }
  const std::string action(to_string(change.action));
  sql << "INSERT INTO job_history (job_id, version, action, actor, time, state, comment)"
         " VALUES (:id, :version, :action, :actor, :time, :state, :comment)",
      use(key, "id"), use(version, "version"), use(action, "action"), use(change.actor, "actor"), use(time, "time"),
      use(state, "state"), use(comment, "comment");
}

}  // namespace

Result<std::unique_ptr<JobStore>> JobStore::open(const std::filesystem::path& path, soci::Create create,
                                                 Timestamp now) {
  const soci::SqliteProduct product{"job service", soci::jobs_application_id, embedded::job_migrations()};
  auto store = soci::SqliteStore::open(path, product, {.create = create}, now);
  if (!store) return std::move(store).error();
  auto session = (*store)->connect(soci::Access::write);
  if (!session) return std::move(session).error();
  return std::unique_ptr<JobStore>(new JobStore(*std::move(store), *std::move(session)));
}

Result<Job> JobStore::create(const Change& change, Timestamp now) {
  return session_->write([&]() -> Result<Job> {
    write(session_->sql(), change, "", now);
    return load(*session_, change.version.document.id);
  });
}

Result<Job> JobStore::change(JobId id, const std::function<Result<Change>(const Job&)>& decide,
                             const std::string& comment, Timestamp now) {
  return session_->write([&]() -> Result<Job> {
    auto job = load(*session_, id);
    if (!job) return job;
    auto change = decide(*job);
    if (!change) return std::move(change).error();
    write(session_->sql(), *change, comment, now);
    return load(*session_, id);
  });
}

Result<Job> JobStore::find(JobId id) {
  return session_->read([&] { return load(*session_, id); });
}

Result<JobVersion> JobStore::find_version(JobId id, std::int64_t version) {
  return session_->read([&] { return load_version(*session_, id, version); });
}

Result<std::vector<HistoryEntry>> JobStore::history(JobId id) {
  return session_->read([&]() -> Result<std::vector<HistoryEntry>> {
    const auto key = id.to_string();
    std::int64_t time = 0, version = 0;
    std::string actor, action, state, comment;
    ::soci::statement select =
        (session_->sql().prepare << "SELECT time, actor, action, version, state, comment"
                                    " FROM job_history WHERE job_id = :id ORDER BY entry_id",
         use(key, "id"), into(time), into(actor), into(action), into(version), into(state), into(comment));
    std::vector<HistoryEntry> entries;
    for (select.execute(); select.fetch();) {
      const auto known_action = parse_action(action);
      const auto known_state = parse_approval_state(state);
      if (!known_action || !known_state) return corrupt(id, "unknown action or state in its history");
      entries.push_back({Timestamp{Duration{time}}, actor, *known_action, version, *known_state, comment});
    }
    return entries;
  });
}

Result<JobPage> JobStore::list(const JobQuery& query) {
  return session_->read([&]() -> Result<JobPage> {
    const auto state = query.state ? std::string(to_string(*query.state)) : "";
    const auto zone = query.zone.value_or(""), owner = query.owner.value_or(""), mine = query.visible_to.value_or("");
    const auto before = query.before ? query.before->to_string() : "~";  // behind every id
    const std::int64_t limit = query.limit + 1;
    std::string key;
    ::soci::statement select =
        (session_->sql().prepare << "SELECT job.job_id FROM job"
                                    " JOIN job_version AS shown ON shown.job_id = job.job_id"
                                    "  AND shown.version = coalesce(job.in_force_version, job.newest_version)"
                                    " JOIN job_version AS newest ON newest.job_id = job.job_id"
                                    "  AND newest.version = job.newest_version"
                                    " WHERE job.job_id < :before AND (:state = '' OR shown.state = :state)"
                                    " AND (:zone = '' OR shown.zone = :zone)"
                                    " AND (:owner = '' OR shown.owner_id = :owner)"
                                    " AND (:mine = '' OR shown.owner_id = :mine OR newest.owner_id = :mine)"
                                    " ORDER BY job.job_id DESC LIMIT :limit",
         use(before, "before"), use(state, "state"), use(zone, "zone"), use(owner, "owner"), use(mine, "mine"),
         use(limit, "limit"), into(key));
    std::vector<JobId> ids;
    for (select.execute(); select.fetch();) {
      auto id = JobId::parse(key);
      if (!id) return Error{ErrorKind::corrupt, "the store has a job whose id is no UUID"};
      ids.push_back(*id);
    }
    JobPage page;
    page.has_more = std::cmp_greater(ids.size(), query.limit);
    if (page.has_more) ids.pop_back();
    for (const auto& id : ids) {
      auto job = load(*session_, id);
      if (!job) return std::move(job).error();
      page.items.push_back({job->shown(), job->pending_version()});
    }
    return page;
  });
}

Result<std::vector<StateCount>> JobStore::count_by_state() {
  return session_->read([&]() -> Result<std::vector<StateCount>> {
    std::string state;
    std::int64_t count = 0;
    ::soci::statement select =
        (session_->sql().prepare
             << "SELECT v.state, count(*) FROM job JOIN job_version AS v ON v.job_id = job.job_id"
                " AND v.version = coalesce(job.in_force_version, job.newest_version) GROUP BY v.state ORDER BY v.state",
         into(state), into(count));
    std::vector<StateCount> counts;
    for (select.execute(); select.fetch();) {
      if (const auto known = parse_approval_state(state)) counts.push_back({*known, count});
    }
    return counts;
  });
}

}  // namespace backupctl::jobs
