// The audit: an append-only record of decisions and privileged acts, written in the transaction of what it records.
//
// Each writer (one run of one controller) has a chain of its own: the hash of an entry covers the entry, its number and
// the hash of the one before. A chain opens with the heads of the others (action audit-opened), and about once a minute
// the heads are tied together (audit-tied): an entry that is edited, removed or moved breaks its chain, a chain that is
// cut short no longer reaches the head that another one, or a set of heads exported earlier, names.
// Thread rule: plain values and pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backupctl/ids.hpp"
#include "backupctl/result.hpp"
#include "backupctl/time.hpp"

namespace backupctl {

struct AuditEntry {
  InstanceId writer;
  Timestamp time{};
  std::string actor;   // the owner behind the act; "controller" for what the controller does by itself
  std::string action;  // stable kebab-case: backup-request-allowed, zone-paused, …
  std::string object;  // what it was done to: "backup-request:0190…", "zone:files"
  std::string detail;  // the inputs of a decision, the reason of an act; may be empty

  friend bool operator==(const AuditEntry&, const AuditEntry&) = default;
};

struct AuditRecord {
  AuditEntry entry;
  std::int64_t seq = 1;       // from 1, without gaps, within its writer
  std::string previous_hash;  // empty for the first
  std::string hash;           // audit_hash() of this record

  friend bool operator==(const AuditRecord&, const AuditRecord&) = default;
};

// The last record of a writer's chain. Kept elsewhere, a set of heads shows later that nothing before them is gone.
struct AuditHead {
  InstanceId writer;
  std::int64_t seq = 0;
  std::string hash;

  friend bool operator==(const AuditHead&, const AuditHead&) = default;
};
std::string to_string(const AuditHead& head);               // "writer:seq:hash"
Result<AuditHead> parse_audit_head(std::string_view text);  // errors: invalid

// SHA-256, 64 lower-case hexadecimal digits, over writer, seq, time, actor, action, object, detail and previous_hash in
// this order, each written as its length in bytes in decimal digits, a colon, the bytes, and a line feed.
std::string audit_hash(const AuditRecord& record);

// An entry's detail when it opens or ties: one head a line.
std::string describe_heads(const std::vector<AuditHead>& heads);

// Checks records in the order of (writer, seq) as they are listed.
class AuditVerifier {
 public:
  void take(const AuditRecord& record);
  // `current`: the store's own heads, read before the records; `exported`: heads that were kept elsewhere, from any
  // time before. Answers what is wrong, first found first; empty: nothing is.
  std::vector<std::string> finish(const std::vector<AuditHead>& current, const std::vector<AuditHead>& exported) const;
  std::int64_t records() const { return records_; }

 private:
  // An entry by its place in the chain: its seq, or the one after the entry before it when it says less.
  struct Placed {
    std::int64_t seq;
    std::string hash;
  };
  static bool has(const std::vector<Placed>& chain, const AuditHead& head);

  std::map<InstanceId, std::vector<Placed>> chains_;        // by writer, in the order of seq
  std::vector<std::pair<std::string, AuditHead>> claimed_;  // where, and what head it names
  std::vector<std::string> faults_;
  std::int64_t records_ = 0;
};

}  // namespace backupctl
