#include "jobs/job_document.hpp"

#include <algorithm>
#include <charconv>

#include "backupctl/names.hpp"
#include "wire/backup_job_json.hpp"
#include "wire/json_writer.hpp"
#include "wire/read_document.hpp"

namespace backupctl::jobs {
namespace {

constexpr std::int64_t most_days_to_keep = std::int64_t{1} << 31;
constexpr std::int64_t most_minimum_backups = 1'000'000;

Error invalid(std::string detail) { return {ErrorKind::invalid, std::move(detail)}; }

Result<std::string> parse_name(std::string_view text) {
  if (text.size() > 200) return invalid("must not be longer than 200 bytes");
  return wire::parse_line(text);
}

// May be empty, may have several lines.
Result<std::string> parse_prose(std::string_view text) {
  if (text.size() > 4096) return invalid("must not be longer than 4096 bytes");
  std::string without_breaks(text);
  std::erase_if(without_breaks, [](char c) { return c == '\n' || c == '\t'; });
  if (has_control_characters(without_breaks)) return invalid("must not contain control characters");
  return std::string(text);
}

Result<std::string> parse_storage_path(std::string_view text) {
  if (text.size() > 1024) return invalid("must not be longer than 1024 bytes");
  if (text.starts_with('/')) return invalid("must be relative: it lies within the zone");
  // With a slash in front it is a path as all others are, and judged by the same rules.
  if (text.empty() || text.ends_with('/')) return invalid("must name something, without a slash at its end");
  auto path = SourcePath::parse("/" + std::string(text));
  if (!path) return std::move(path).error();
  return std::string(text);
}

// Elements of arrays, each with the rule that its text keeps.
struct OwnerText {
  std::string text;
  static Result<OwnerText> parse(std::string_view text) {
    auto owner = OwnerName::parse(text);
    if (!owner) return std::move(owner).error();
    return OwnerText{owner->str()};
  }
};

struct Root {
  std::string text;
  static Result<Root> parse(std::string_view text) {
    auto path = SourcePath::parse(text);
    if (!path) return std::move(path).error();
    return Root{path->str()};
  }
};

struct Address {
  std::string text;
  static Result<Address> parse(std::string_view text) {
    const auto at = text.rfind('@');
    const bool plain = std::all_of(text.begin(), text.end(), [](unsigned char c) {
      return c > 0x20 && c != 0x7F && c != '<' && c != '>' && c != ',' && c != ';' && c != '"';
    });
    if (!plain || text.size() > 254 || at == std::string_view::npos || at == 0 || text.find('@') != at ||
        at + 1 == text.size() || text[at + 1] == '.' || text.back() == '.') {
      return invalid("must be a mail address such as ledger@example.org");
    }
    return Address{std::string(text)};
  }
};

template <class Item>
std::vector<std::string> texts_of(const std::optional<std::vector<Item>>& items) {
  std::vector<std::string> texts;
  if (items) {
    for (const auto& item : *items) texts.push_back(item.text);
  }
  return texts;
}

void read_our_own_members(wire::ObjectReader& in, const JobId& id) {
  const auto stated = in.optional<JobId>("backupJobId");
  if (stated && *stated != id) in.fault("backupJobId", "must be the id in the path, or absent");
  for (const auto* name : {"version", "approvalStateCode", "pendingVersion"}) in.optional_value(name);
}

std::optional<BackupJob> read_members(wire::ObjectReader& in, const std::optional<JobId>& id) {
  if (id) read_our_own_members(in, *id);
  auto name = in.required("name", parse_name);
  auto description = in.optional("description", parse_prose);
  auto owner = in.optional<OwnerText>("ownerId");
  auto zone = in.required<ZoneName>("zone");
  auto storage_path = in.required("storagePath", parse_storage_path);
  const auto days_to_keep = in.required_integer("daysToKeep", {0, most_days_to_keep});
  const auto from = in.optional<CivilDate>("inForceFrom");
  const auto to = in.optional<CivilDate>("inForceTo");
  if (from && to && *to < *from) in.fault("inForceTo", "must not be before inForceFrom");
  const auto requesters = in.required_array<OwnerText>("allowedRequesters");
  if (requesters && requesters->empty())
    in.fault("allowedRequesters", "must name at least one who may ask for backups");
  const auto roots = in.required_array<Root>("backupSourceRoots");
  if (roots && roots->empty()) in.fault("backupSourceRoots", "must name at least one root");
  const auto minimum_backups = in.optional_integer("minimumBackups", {0, most_minimum_backups});
  auto expected_every = in.optional("expectedEvery", parse_expected_every);
  const auto notify = in.optional_array<Address>("notify");
  if (!name || !zone || !storage_path || !days_to_keep || !requesters || !roots) return {};
  return BackupJob{.id = id.value_or(JobId{boost::uuids::uuid{}}),
                   .version = 1,
                   .name = *std::move(name),
                   .description = std::move(description).value_or(""),
                   .owner_id = owner ? std::move(owner->text) : "",
                   .approval = ApprovalState::draft,
                   .zone = *std::move(zone),
                   .storage_path = *std::move(storage_path),
                   .days_to_keep = *days_to_keep,
                   .in_force_from = from,
                   .in_force_to = to,
                   .allowed_requesters = texts_of(requesters),
                   .source_roots = texts_of(roots),
                   .minimum_backups = minimum_backups.value_or(0),
                   .expected_every = std::move(expected_every).value_or(""),
                   .notify = texts_of(notify)};
}

void write_entry(wire::JsonWriter& out, const HistoryEntry& entry) {
  out.begin_object()
      .member("time", entry.time)
      .member("actor", entry.actor)
      .member("action", to_string(entry.action))
      .member("version", entry.version)
      .member("approvalStateCode", to_string(entry.state))
      .member_if_filled("comment", entry.comment)
      .end_object();
}

}  // namespace

Result<std::string> parse_expected_every(std::string_view text) {
  for (const auto* word : {"weekdays", "week", "month-end", "month"}) {
    if (text == word) return std::string(text);
  }
  int days = 0;
  const auto* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, days);
  if (error == std::errc{} && at + 1 == end && *at == 'd' && days >= 1 && days <= 366 && text[0] != '0') {
    return std::string(text);
  }
  return invalid("must be 1d to 366d, weekdays, week, month-end or month");
}

Result<BackupJob> read_job_document(std::string_view text, const std::optional<JobId>& id) {
  return wire::read_document(text, wire::UnknownMembers::refuse,
                             [&id](wire::ObjectReader& in) { return read_members(in, id); });
}

Result<ActionOrder> read_action_order(std::string_view text) {
  return wire::read_document(text, wire::UnknownMembers::refuse,
                             [](wire::ObjectReader& in) -> std::optional<ActionOrder> {
                               const auto version = in.required_integer("version", {1});
                               auto comment = in.optional("comment", parse_prose);
                               if (!version) return {};
                               return ActionOrder{*version, std::move(comment).value_or("")};
                             });
}

std::string job_json(const JobVersion& version, const std::optional<std::int64_t>& pending_version) {
  std::string text;
  wire::JsonWriter out(text);
  wire::write_backup_job(out, version.document, pending_version);
  return text;
}

std::string job_list_json(const JobPage& page) {
  std::optional<std::string> cursor;
  if (page.has_more) cursor = page.items.back().shown.document.id.to_string();
  return wire::list_text(
      page.items,
      [](wire::JsonWriter& out, const JobPage::Item& item) {
        wire::write_backup_job(out, item.shown.document, item.pending_version);
      },
      cursor);
}

std::string history_json(const std::vector<HistoryEntry>& entries) { return wire::list_text(entries, write_entry); }

}  // namespace backupctl::jobs
