#include "config/jobs_file.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>

#include "config/load.hpp"

namespace backupctl::config {
namespace {

struct JobRow {
  std::string id;
  std::int64_t version = 1;
  std::string name;
  std::string description;
  std::string owner_id;
  std::string approval = "Approved";
  std::string zone;
  std::string storage_path;
  std::int64_t days_to_keep = 0;
  std::string in_force_from;
  std::string in_force_to;
  std::vector<std::string> allowed_requesters;
  std::vector<std::string> source_roots;
  std::int64_t minimum_backups = 0;
  std::string expected_every;
  std::vector<std::string> notify;
};

// A check for Schema from a parsing function.
template <class Parse>
auto parses_with(Parse parse) {
  return [parse](std::string_view text) {
    const auto value = parse(text);
    return value ? std::string() : value.error().detail;
  };
}

void declare(Schema& schema, JobRow& row) {
  const auto is_filled = [](std::string_view text) { return text.empty() ? "must not be empty" : ""; };
  schema.text("backupJobId", row.id, "its id, a UUID").required().check(parses_with(JobId::parse));
  schema.number("version", row.version, {1}, "one more at each change");
  schema.text("name", row.name, "for people");
  schema.text("description", row.description, "for people");
  schema.text("ownerId", row.owner_id, "whose job it is");
  schema.choice("approvalStateCode", row.approval, {"Approved"}, "only approved jobs stand in a jobs file");
  schema.text("zone", row.zone, "the zone that makes its backups").required().check(parses_with(ZoneName::parse));
  schema.text("storagePath", row.storage_path, "where in the zone").required().check(is_filled);
  schema.number("daysToKeep", row.days_to_keep, {0}, "from the data as-of date").required();
  schema.text("inForceFrom", row.in_force_from, "first day, \"2021-01-31\"").check(parses_with(CivilDate::parse));
  schema.text("inForceTo", row.in_force_to, "last day, \"2031-12-31\"").check(parses_with(CivilDate::parse));
  schema.list("allowedRequesters", row.allowed_requesters, "who may ask for backups").required();
  schema.list("backupSourceRoots", row.source_roots, "folders; a source is one of them or lies beneath one").required();
  schema.number("minimumBackups", row.minimum_backups, {0}, "never fewer than these");
  schema.text("expectedEvery", row.expected_every, "1d, weekdays, month-end, …");
  schema.list("notify", row.notify, "mail addresses");
}

void check_ids(const std::vector<JobRow>& rows, const Report& report) {
  std::set<JobId> ids;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto id = JobId::parse(rows[i].id);
    if (id && !ids.insert(*id).second) {
      report("job[" + std::to_string(i) + "].backupJobId", "is the id of another job of this file too");
    }
  }
}

BackupJob job_of(JobRow row) {
  const auto date = [](const std::string& text) {
    return text.empty() ? std::optional<CivilDate>{} : CivilDate::parse(text).value();
  };
  return {.id = JobId::parse(row.id).value(),
          .version = row.version,
          .name = std::move(row.name),
          .description = std::move(row.description),
          .owner_id = std::move(row.owner_id),
          .approval = ApprovalState::approved,
          .zone = ZoneName::parse(row.zone).value(),
          .storage_path = std::move(row.storage_path),
          .days_to_keep = row.days_to_keep,
          .in_force_from = date(row.in_force_from),
          .in_force_to = date(row.in_force_to),
          .allowed_requesters = std::move(row.allowed_requesters),
          .source_roots = std::move(row.source_roots),
          .minimum_backups = row.minimum_backups,
          .expected_every = std::move(row.expected_every),
          .notify = std::move(row.notify)};
}

// "" or why it cannot be read.
std::string read_text(const std::string& path, std::string& text) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return std::strerror(errno);
  try {
    text.assign(std::istreambuf_iterator<char>(stream), {});
  } catch (const std::ios_base::failure& error) {  // a folder, or a disk that fails
    return error.what();
  }
  return {};
}

}  // namespace

JobsRead read_jobs_file(const std::string& path) {
  JobsRead read;
  std::string text;
  const auto problem = read_text(path, text);
  if (!problem.empty()) {
    read.problems.push_back({path, "", "cannot be read: " + problem});
    return read;
  }
  Schema schema;
  std::vector<JobRow> rows;
  schema.rows<JobRow>("job", rows, "the approved jobs", declare);
  schema.also([&rows](const Report& report) { check_ids(rows, report); });
  read.problems = load(schema, {.file = Sources::File{path, std::move(text)}}).problems;
  if (!read.problems.empty()) return read;
  for (auto& row : rows) read.jobs.push_back(job_of(std::move(row)));
  return read;
}

std::optional<JobsFile::Stamp> JobsFile::stamp() const {
  struct stat file {};
  if (::stat(path_.c_str(), &file) != 0) return {};
  return Stamp{file.st_dev, file.st_ino, file.st_size, file.st_mtim.tv_sec, file.st_mtim.tv_nsec};
}

void JobsFile::fetch(JobId id, CallContext, Handler<Result<std::optional<BackupJob>>> handler) {
  // Looked at before it is read: a change in between is then seen the next time.
  const auto now = stamp();
  if (!now || now != seen_) {
    read_ = read_jobs_file(path_);
    seen_ = now;
  }
  if (!read_.problems.empty()) {
    return handler(unavailable("the jobs file is not right: " + to_string(read_.problems.front())));
  }
  const auto found = std::find_if(read_.jobs.begin(), read_.jobs.end(), [&](const auto& job) { return job.id == id; });
  handler(found == read_.jobs.end() ? std::optional<BackupJob>{} : *found);
}

}  // namespace backupctl::config
