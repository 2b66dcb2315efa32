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

}  // namespace

std::vector<AuditHead> AuditAppender::take_untied(InstanceId writer) {
  close();  // what was appended to other chains is tied as well
  auto& take = session_.prepared<TakeUntied>();
  take.writer = writer.to_string();
  std::vector<AuditHead> heads;
  for (bool more = take.update.execute(true); more; more = take.update.fetch()) {
    heads.push_back(head_of(take.other, take.seq, take.hash));
  }
  return heads;
}

void AuditAppender::put(Head& head, const AuditEntry& entry) {
  AuditRecord record{entry, head.seq + 1, head.hash, {}};
  record.hash = audit_hash(record);
  auto& add = session_.prepared<Append>();
  add.row.set(record);
  add.insert.execute(true);
  head = {record.seq, std::move(record.hash), true};
}

void AuditAppender::append(const AuditEntry& entry) {
  const auto writer = entry.writer.to_string();
  auto known = heads_.find(writer);
  if (known == heads_.end()) {
    auto& find = session_.prepared<FindHead>();
    find.writer = writer;
    const bool is_open = find.select.execute(true);
    known = heads_.emplace(writer, is_open ? Head{find.seq, find.hash} : Head{}).first;
    if (!is_open) {
      put(known->second,
          {entry.writer, entry.time, "controller", "audit-opened", "audit", describe_heads(take_untied(entry.writer))});
    }
  }
  put(known->second, entry);
}

void AuditAppender::append(const std::vector<AuditEntry>& entries) {
  for (const auto& entry : entries) append(entry);
}

bool AuditAppender::tie(const TieAudit& command) {
  const auto heads = take_untied(command.writer);
  if (heads.empty()) return false;
  append({command.writer, command.time, "controller", "audit-tied", "audit", describe_heads(heads)});
  return true;
}

void AuditAppender::close() {
  for (auto& [writer, head] : heads_) {
    if (!head.moved) continue;
    auto& move = session_.prepared<MoveHead>();
    move.writer = writer;
    move.seq = head.seq;
    move.hash = head.hash;
    move.upsert.execute(true);
    head.moved = false;
  }
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
