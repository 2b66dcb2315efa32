#include "soci/sqlite/audit_statements.hpp"

#include "soci/rows/audit_row.hpp"
#include "soci/sqlite/select.hpp"

namespace backupctl::soci {

namespace {

struct FindHead {
  explicit FindHead(::soci::session& sql) : select(sql) {
    prepare(select, "SELECT seq, hash FROM audit_head WHERE writer_id = :writer", [&](auto results, auto parameters) {
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
  explicit Append(::soci::session& sql) : insert(sql) {
    const auto each = [&](auto&& f) { row.columns(f); };
    prepare(insert, "INSERT INTO audit_entry (" + listed(each, "@") + ") VALUES (" + listed(each, ":@") + ")",
            [&](auto, auto parameters) { row.columns(parameters); });
  }
  AuditRow row;
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

struct TakeUntied {
  explicit TakeUntied(::soci::session& sql) : update(sql) {
    prepare(update,
            "UPDATE audit_head SET tied_seq = seq WHERE tied_seq < seq AND writer_id <> :writer"
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

std::vector<AuditHead> take_untied(SqliteSession& session, InstanceId writer) {
  auto& take = session.prepared<TakeUntied>();
  take.writer = writer.to_string();
  std::vector<AuditHead> heads;
  for (bool more = take.update.execute(true); more; more = take.update.fetch()) {
    heads.push_back(head_of(take.other, take.seq, take.hash));
  }
  return heads;
}

void append(SqliteSession& session, const AuditEntry& entry) {
  auto& head = session.prepared<FindHead>();
  auto& add = session.prepared<Append>();
  auto& move = session.prepared<MoveHead>();
  const auto put = [&](const AuditEntry& one) {
    AuditRecord record{one, head.seq + 1, head.hash, {}};
    record.hash = audit_hash(record);
    add.row.set(record);
    add.insert.execute(true);
    move.writer = add.row.writer;
    move.seq = head.seq = record.seq;
    move.hash = head.hash = record.hash;
    move.upsert.execute(true);
  };
  head.writer = entry.writer.to_string();
  if (!head.select.execute(true)) {
    head.seq = 0;
    head.hash.clear();
    put({entry.writer, entry.time, "controller", "audit-opened", "audit",
         describe_heads(take_untied(session, entry.writer))});
  }
  put(entry);
}

}  // namespace

void append_audit(SqliteSession& session, const std::vector<AuditEntry>& entries) {
  for (const auto& entry : entries) append(session, entry);
}

bool tie_audit(SqliteSession& session, const TieAudit& command) {
  const auto heads = take_untied(session, command.writer);
  if (heads.empty()) return false;
  append(session, {command.writer, command.time, "controller", "audit-tied", "audit", describe_heads(heads)});
  return true;
}

std::vector<AuditRecord> select_audit(SqliteSession& session, const AuditQuery& query) {
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

std::vector<AuditHead> select_audit_heads(SqliteSession& session) {
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

}  // namespace backupctl::soci
