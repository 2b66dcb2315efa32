#include "soci/postgresql/audit_statements.hpp"

#include <map>

#include "soci/postgresql/row_set.hpp"
#include "soci/postgresql/select.hpp"
#include "soci/rows/audit_row.hpp"

namespace backupctl::soci::postgresql {

namespace {

struct FindHead {
  explicit FindHead(::soci::session& sql) : select(sql) {
    prepare(select, "SELECT seq, hash FROM audit_head WHERE writer_id = :writer FOR UPDATE",
            [&](auto results, auto parameters) {
              results("", seq);
              results("", hash);
              parameters("writer", writer);
            });
  }
  std::string writer, hash;
  std::int64_t seq = 0;
  ::soci::statement select;
};

struct Append {
  explicit Append(::soci::session& sql) : rows([this](auto&& f) { row.columns(f); }), insert(sql) {
    const auto each = [&](auto&& f) { row.columns(f); };
    prepare(
        insert,
        "INSERT INTO audit_entry (" + listed(each, "@") + ") SELECT " + listed(each, "n.@") + " FROM " + rows.rows(),
        [&](auto, auto parameters) { rows.bind(parameters); });
  }
  AuditRow row;
  RowSet rows;
  ::soci::statement insert;
};

struct MoveHead {
  explicit MoveHead(::soci::session& sql) : upsert(sql) {
    prepare(upsert,
            "INSERT INTO audit_head (writer_id, seq, hash, tied_seq) VALUES (:writer, :seq, :hash, 0)"
            " ON CONFLICT (writer_id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
            [&](auto, auto parameters) {
              parameters("writer", writer);
              parameters("seq", seq);
              parameters("hash", hash);
            });
  }
  std::string writer, hash;
  std::int64_t seq = 0;
  ::soci::statement upsert;
};

// A head that another controller is just moving is tied the next time: nobody waits for the other here.
struct TakeUntied {
  explicit TakeUntied(::soci::session& sql) : update(sql) {
    prepare(update,
            "WITH untied AS MATERIALIZED (SELECT writer_id AS untied_id FROM audit_head"
            " WHERE tied_seq < seq AND writer_id <> :writer ORDER BY writer_id FOR UPDATE SKIP LOCKED)"
            " UPDATE audit_head SET tied_seq = seq FROM untied WHERE writer_id = untied_id"
            " RETURNING writer_id, seq, hash",
            [&](auto results, auto parameters) {
              results("", other);
              results("", seq);
              results("", hash);
              parameters("writer", writer);
            });
  }
  std::string writer, other, hash;
  std::int64_t seq = 0;
  ::soci::statement update;
};

AuditHead head_of(const std::string& writer, std::int64_t seq, const std::string& hash) {
  return {stored(InstanceId::parse(writer), "writer_id"), seq, hash};
}

std::vector<AuditHead> take_untied(PostgresqlSession& session, InstanceId writer) {
  auto& take = session.prepared<TakeUntied>();
  take.writer = writer.to_string();
  std::vector<AuditHead> heads;
  for (bool more = take.update.execute(true); more; more = take.update.fetch()) {
    heads.push_back(head_of(take.other, take.seq, take.hash));
  }
  return heads;
}

// As the store can keep it, so that the hash is that of what is kept.
AuditEntry fit(AuditEntry entry) {
  for (auto* text : {&entry.actor, &entry.action, &entry.object, &entry.detail}) *text = fit_text(*text);
  return entry;
}

}  // namespace

void append_audit(PostgresqlSession& session, const std::vector<AuditEntry>& entries) {
  if (entries.empty()) return;
  auto& find = session.prepared<FindHead>();
  auto& append = session.prepared<Append>();
  append.rows.clear();
  std::map<InstanceId, AuditHead> heads;
  const auto put = [&](AuditHead& head, const AuditEntry& entry) {
    AuditRecord record{fit(entry), head.seq + 1, head.hash, {}};
    record.hash = audit_hash(record);
    append.row.set(record);
    append.rows.add([&](auto&& f) { append.row.columns(f); });
    head.seq = record.seq;
    head.hash = record.hash;
  };
  for (const auto& entry : entries) {
    auto head = heads.find(entry.writer);
    if (head == heads.end()) {
      head = heads.emplace(entry.writer, AuditHead{entry.writer, 0, {}}).first;
      find.writer = entry.writer.to_string();
      if (find.select.execute(true)) {
        head->second = {entry.writer, find.seq, find.hash};
      } else {
        put(head->second, {entry.writer, entry.time, "controller", "audit-opened", "audit",
                           describe_heads(take_untied(session, entry.writer))});
      }
    }
    put(head->second, entry);
  }
  append.rows.close();
  append.insert.execute(true);
  auto& move = session.prepared<MoveHead>();
  for (const auto& [writer, head] : heads) {
    move.writer = writer.to_string();
    move.seq = head.seq;
    move.hash = head.hash;
    move.upsert.execute(true);
  }
}

bool tie_audit(PostgresqlSession& session, const TieAudit& command) {
  const auto heads = take_untied(session, command.writer);
  if (heads.empty()) return false;
  append_audit(session, {{command.writer, command.time, "controller", "audit-tied", "audit", describe_heads(heads)}});
  return true;
}

std::vector<AuditRecord> select_audit(PostgresqlSession& session, const AuditQuery& query) {
  AuditRow row;
  const auto each = [&](auto&& f) { row.columns(f); };
  Select select("SELECT " + listed(each, "@") + " FROM audit_entry");
  if (query.after) {
    const auto writer = select.value(query.after->first.to_string());
    select.where("(writer_id, seq) > (" + writer + ", " + select.value(query.after->second) + ")");
  }
  select.then("ORDER BY writer_id, seq");
  select.limit(query.limit);
  std::vector<AuditRecord> records;
  select.run(session, each, [&] { records.push_back(row.record()); });
  return records;
}

std::vector<AuditHead> select_audit_heads(PostgresqlSession& session) {
  std::string writer, hash;
  std::int64_t seq = 0;
  Select select("SELECT writer_id, seq, hash FROM audit_head");
  select.then("ORDER BY writer_id");
  std::vector<AuditHead> heads;
  const auto each = [&](auto&& f) {
    f("", writer);
    f("", seq);
    f("", hash);
  };
  select.run(session, each, [&] { heads.push_back(head_of(writer, seq, hash)); });
  return heads;
}

}  // namespace backupctl::soci::postgresql
