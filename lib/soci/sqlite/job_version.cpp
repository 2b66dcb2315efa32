#include "soci/sqlite/job_version.hpp"

#include "soci/rows/column.hpp"

namespace backupctl::soci {

namespace {

struct InsertVersion {
  explicit InsertVersion(::soci::session& sql) : insert(sql) {
    const auto each = [&](auto&& f) { columns(f); };
    prepare(insert,
            "INSERT INTO job_version (" + listed(each, "@") + ") VALUES (" + listed(each, ":@") +
                ") ON CONFLICT DO NOTHING",
            [&](auto, auto parameters) { columns(parameters); });
  }

  template <class F>
  void columns(F&& f) {
    f("backup_job_id", id);
    f("version", version);
    f("name", name);
    f("description", description);
    f("owner_id", owner_id);
    f("approval_state_code", approval);
    f("zone", zone);
    f("storage_path", storage_path);
    f("days_to_keep", days_to_keep);
    f("in_force_from_date", in_force_from);
    f("in_force_to_date", in_force_to);
    f("minimum_backups", minimum_backups);
    f("expected_every", expected_every);
  }

  std::string id, name, description, owner_id, approval, zone, storage_path, expected_every;
  std::int64_t version = 0, days_to_keep = 0, minimum_backups = 0;
  TextColumn in_force_from, in_force_to;
  ::soci::statement insert;
};

struct InsertItem {
  explicit InsertItem(::soci::session& sql) : insert(sql) {
    prepare(insert,
            "INSERT INTO job_version_item (backup_job_id, version, kind, position, value)"
            " VALUES (:id, :version, :kind, :position, :value)",
            [&](auto, auto parameters) {
              parameters("id", id);
              parameters("version", version);
              parameters("kind", kind);
              parameters("position", position);
              parameters("value", value);
            });
  }
  std::string id, kind, value;
  std::int64_t version = 0, position = 0;
  ::soci::statement insert;
};

std::optional<std::string> text_of(const std::optional<CivilDate>& date) {
  return date ? std::optional(date->to_string()) : std::nullopt;
}

void insert_items(SqliteSession& session, const BackupJob& job, std::string kind,
                  const std::vector<std::string>& values) {
  auto& item = session.prepared<InsertItem>();
  item.id = job.id.to_string();
  item.version = job.version;
  item.kind = std::move(kind);
  item.position = 0;
  for (const auto& value : values) {
    ++item.position;
    item.value = value;
    item.insert.execute(true);
  }
}

}  // namespace

void keep_job_version(SqliteSession& session, const BackupJob& job) {
  auto& row = session.prepared<InsertVersion>();
  row.id = job.id.to_string();
  row.version = job.version;
  row.name = job.name;
  row.description = job.description;
  row.owner_id = job.owner_id;
  row.approval = to_string(job.approval);
  row.zone = job.zone.str();
  row.storage_path = job.storage_path;
  row.days_to_keep = job.days_to_keep;
  row.in_force_from.set(text_of(job.in_force_from));
  row.in_force_to.set(text_of(job.in_force_to));
  row.minimum_backups = job.minimum_backups;
  row.expected_every = job.expected_every;
  row.insert.execute(true);
  if (row.insert.get_affected_rows() == 0) return;
  insert_items(session, job, "allowedRequester", job.allowed_requesters);
  insert_items(session, job, "backupSourceRoot", job.source_roots);
  insert_items(session, job, "notify", job.notify);
}

}  // namespace backupctl::soci
