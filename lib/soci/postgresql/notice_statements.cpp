#include "soci/postgresql/notice_statements.hpp"

#include "soci/postgresql/row_set.hpp"
#include "soci/rows/notice_row.hpp"

namespace backupctl::soci::postgresql {

namespace {

std::string notice_columns(std::string_view pattern) {
  NoticeRow row;
  return listed([&](auto&& f) { row.columns(f); }, pattern);
}

struct InsertNotices {
  explicit InsertNotices(::soci::session& sql) : rows([this](auto&& f) { row.columns(f); }), insert(sql) {
    prepare(insert,
            "INSERT INTO notice (" + notice_columns("@") + ", last_error, next_action_time) SELECT " +
                notice_columns("n.@") + ", '', n.time FROM " + rows.rows() + " ON CONFLICT DO NOTHING",
            [&](auto, auto parameters) { rows.bind(parameters); });
  }
  NoticeRow row;
  RowSet rows;
  ::soci::statement insert;
};

struct NotifyAddresses {
  explicit NotifyAddresses(::soci::session& sql) : select(sql) {
    prepare(select,
            "SELECT value FROM job_version_item WHERE backup_job_id = :job AND version = :version AND kind = 'notify'"
            " ORDER BY position",
            [&](auto results, auto parameters) {
              results("", address);
              parameters("job", job_id);
              parameters("version", version);
            });
  }
  std::string job_id, address;
  std::int64_t version = 0;
  ::soci::statement select;
};

struct ClaimNotices {
  explicit ClaimNotices(::soci::session& sql) : update(sql) {
    prepare(update,
            "WITH due AS MATERIALIZED (SELECT notice_id AS due_id FROM notice WHERE next_action_time <= :now"
            " ORDER BY next_action_time LIMIT :count FOR UPDATE SKIP LOCKED)"
            " UPDATE notice SET attempts = attempts + 1, next_action_time = :hidden FROM due WHERE notice_id = due_id"
            " RETURNING " +
                notice_columns("@"),
            [&](auto results, auto parameters) {
              row.columns(results);
              parameters("hidden", hidden);
              parameters("now", now);
              parameters("count", count);
            });
  }
  std::int64_t hidden = 0, now = 0, count = 0;
  NoticeRow row;
  ::soci::statement update;
};

struct DelayNotice {
  explicit DelayNotice(::soci::session& sql) : update(sql) {
    prepare(update, "UPDATE notice SET next_action_time = :time, last_error = :error WHERE notice_id = :id",
            [&](auto, auto parameters) {
              parameters("time", time);
              parameters("error", error);
              parameters("id", id);
            });
  }
  std::int64_t time = 0;
  std::string error, id;
  ::soci::statement update;
};

struct RemoveNotice {
  explicit RemoveNotice(::soci::session& sql) : remove(sql) {
    prepare(remove, "DELETE FROM notice WHERE notice_id = :id", [&](auto, auto parameters) { parameters("id", id); });
  }
  std::string id;
  ::soci::statement remove;
};

}  // namespace

void keep_notices(PostgresqlSession& session, const std::vector<const Notice*>& notices) {
  if (notices.empty()) return;
  auto& insert = session.prepared<InsertNotices>();
  insert.rows.clear();
  for (const auto* notice : notices) {
    auto told = *notice;
    if (told.job_id && told.job_version) {
      auto& select = session.prepared<NotifyAddresses>();
      select.job_id = told.job_id->to_string();
      select.version = *told.job_version;
      for (bool more = select.select.execute(true); more; more = select.select.fetch()) {
        told.addresses.push_back(select.address);
      }
    }
    insert.row.set(told);
    insert.rows.add([&](auto&& f) { insert.row.columns(f); });
  }
  insert.rows.close();
  insert.insert.execute(true);
}

bool settle_notice(PostgresqlSession& session, const SettleNotice& command) {
  if (!command.retry_at) {
    auto& remove = session.prepared<RemoveNotice>();
    remove.id = command.id.to_string();
    remove.remove.execute(true);
    return remove.remove.get_affected_rows() > 0;
  }
  auto& delay = session.prepared<DelayNotice>();
  delay.time = to_integer(*command.retry_at);
  delay.error = fit_text(command.error);
  delay.id = command.id.to_string();
  delay.update.execute(true);
  return delay.update.get_affected_rows() > 0;
}

std::vector<WaitingNotice> claim_waiting_notices(PostgresqlSession& session, const NoticeClaim& claim) {
  auto& take = session.prepared<ClaimNotices>();
  take.hidden = to_integer(claim.hidden_until);
  take.now = to_integer(claim.now);
  take.count = claim.limit;
  std::vector<WaitingNotice> notices;
  for (bool more = take.update.execute(true); more; more = take.update.fetch()) notices.push_back(take.row.waiting());
  return notices;
}

}  // namespace backupctl::soci::postgresql
