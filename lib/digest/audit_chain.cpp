#include <algorithm>
#include <charconv>
#include <limits>

#include "backupctl/audit.hpp"
#include "digest/sha256.hpp"

namespace backupctl {
namespace {

void add(std::string& text, std::string_view field) {
  text.append(std::to_string(field.size())).append(":").append(field).append("\n");
}

std::string place(const AuditEntry& entry, std::int64_t seq) {
  return "writer " + entry.writer.to_string() + " entry " + std::to_string(seq);
}

constexpr std::string_view opened = "audit-opened";
constexpr std::string_view tied = "audit-tied";

}  // namespace

std::string to_string(const AuditHead& head) {
  return head.writer.to_string() + ":" + std::to_string(head.seq) + ":" + head.hash;
}

Result<AuditHead> parse_audit_head(std::string_view text) {
  const Error malformed{ErrorKind::invalid, "must be an audit head: writer:seq:hash"};
  constexpr std::size_t uuid_size = 36, hash_size = 64;
  if (text.size() < uuid_size + hash_size + 3 || text[uuid_size] != ':') return malformed;
  const auto writer = InstanceId::parse(text.substr(0, uuid_size));
  const auto colon = text.find(':', uuid_size + 1);
  if (!writer || colon == std::string_view::npos || text.size() != colon + 1 + hash_size) return malformed;
  std::int64_t seq = 0;
  const auto* end = text.data() + colon;
  const auto parsed = std::from_chars(text.data() + uuid_size + 1, end, seq);
  if (parsed.ec != std::errc{} || parsed.ptr != end || seq < 1) return malformed;
  return AuditHead{*writer, seq, std::string(text.substr(colon + 1))};
}

std::string audit_hash(const AuditRecord& record) {
  const auto& entry = record.entry;
  std::string text;
  add(text, entry.writer.to_string());
  add(text, std::to_string(record.seq));
  add(text, to_string(entry.time));
  add(text, entry.actor);
  add(text, entry.action);
  add(text, entry.object);
  add(text, entry.detail);
  add(text, record.previous_hash);
  return digest::sha256_hex(text);
}

std::string describe_heads(const std::vector<AuditHead>& heads) {
  std::string text;
  for (const auto& head : heads) text += (text.empty() ? "" : "\n") + to_string(head);
  return text;
}

void AuditVerifier::take(const AuditRecord& record) {
  const auto& entry = record.entry;
  const auto where = place(entry, record.seq);
  ++records_;
  auto& chain = chains_[entry.writer];
  const auto last = chain.empty() ? 0 : chain.back().seq;
  const auto expected_seq = last + (last < std::numeric_limits<std::int64_t>::max() ? 1 : 0);
  const auto previous = chain.empty() ? std::string() : chain.back().hash;
  if (record.seq != expected_seq) {
    faults_.push_back(where + ": entry " + std::to_string(expected_seq) +
                      " should stand here, it was removed or moved");
  } else if (record.previous_hash != previous) {
    faults_.push_back(where + ": does not follow the entry before it, one of the two was changed or replaced");
  }
  if (record.hash != audit_hash(record)) faults_.push_back(where + ": was edited, its hash does not fit its content");
  chain.push_back({std::max(record.seq, expected_seq), record.hash});
  if (entry.action != opened && entry.action != tied) return;
  std::string_view rest = entry.detail;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    if (auto head = parse_audit_head(rest.substr(0, end))) claimed_.emplace_back(where, *std::move(head));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

bool AuditVerifier::has(const std::vector<Placed>& chain, const AuditHead& head) {
  const auto at = std::lower_bound(chain.begin(), chain.end(), head.seq,
                                   [](const Placed& one, std::int64_t seq) { return one.seq < seq; });
  return at != chain.end() && at->seq == head.seq && at->hash == head.hash;
}

std::vector<std::string> AuditVerifier::finish(const std::vector<AuditHead>& current,
                                               const std::vector<AuditHead>& exported) const {
  auto faults = faults_;
  const auto require = [&](const std::string& source, const AuditHead& head) {
    const auto found = chains_.find(head.writer);
    const auto count = found == chains_.end() ? 0 : found->second.back().seq;
    const auto writer = "writer " + head.writer.to_string();
    if (count < head.seq) {
      faults.push_back(writer + ": " + source + " names entry " + std::to_string(head.seq) +
                       ", but the chain ends with entry " + std::to_string(count) + ": its tail was cut off");
    } else if (!has(found->second, head)) {
      faults.push_back(writer + ": " + source + " names another hash for entry " + std::to_string(head.seq) +
                       ": the chain was written anew");
    }
  };
  for (const auto& [where, head] : claimed_) require(where, head);
  for (const auto& head : exported) require("the exported head", head);
  for (const auto& head : current) require("the store's head", head);
  return faults;
}

}  // namespace backupctl
