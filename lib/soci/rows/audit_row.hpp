// An audit record as a row of audit_entry, the same in every engine.
// Thread rule: that of the statement it is bound to.
#pragma once

#include "backupctl/audit.hpp"
#include "soci/rows/column.hpp"

namespace backupctl::soci {

struct AuditRow {
  std::string writer, actor, action, object, detail, previous_hash, hash;
  std::int64_t seq = 0, time = 0;

  template <class F>
  void columns(F&& f) {
    f("writer_id", writer);
    f("seq", seq);
    f("time", time);
    f("actor", actor);
    f("action", action);
    f("object", object);
    f("detail", detail);
    f("previous_hash", previous_hash);
    f("hash", hash);
  }

  void set(const AuditRecord& record) {
    writer = record.entry.writer.to_string();
    seq = record.seq;
    time = to_integer(record.entry.time);
    actor = record.entry.actor;
    action = record.entry.action;
    object = record.entry.object;
    detail = record.entry.detail;
    previous_hash = record.previous_hash;
    hash = record.hash;
  }
  // Throws CorruptRow.
  AuditRecord record() const {
    return {{stored(InstanceId::parse(writer), "writer_id"), to_time(time), actor, action, object, detail},
            seq,
            previous_hash,
            hash};
  }
};

}  // namespace backupctl::soci
