#include "jobs/request_parts.hpp"

#include <charconv>

namespace backupctl::jobs {
namespace {

std::optional<std::int64_t> parse_integer(std::string_view text, std::int64_t least, std::int64_t most) {
  std::int64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || at != end || number < least || number > most) return {};
  return number;
}

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

}  // namespace

Actor actor_of(const http::Principal& principal) {
  using http::Role;
  return {.owner = principal.owner,
          .identified = principal.identified,
          .is_owner = principal.roles.has(Role::owner),
          .is_approver = principal.roles.has(Role::approver),
          .reads_all = principal.roles.has_any({Role::approver, Role::auditor, Role::admin, Role::jobs})};
}

Result<JobId> job_id_of(const http::Request& request) {
  auto id = JobId::parse(request.path_parameter("id"));
  if (!id) {
    return Error{ErrorKind::not_found,
                 "there is no such backup job: its id " + id.error().detail,
                 false,
                 "backup-job-not-found",
                 {}};
  }
  return id;
}

Result<std::optional<std::int64_t>> if_match_of(const http::Request& request) {
  const auto header = request.headers.find("If-Match");
  if (!header) return std::optional<std::int64_t>{};
  auto text = *header;
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  const auto version = parse_integer(text, 1, most);
  if (!version) {
    return Error{ErrorKind::invalid,
                 "If-Match must name the one version that the change is based on, such as \"3\"",
                 false,
                 "invalid-request",
                 {{"If-Match", "must be a version in quotes"}}};
  }
  return version;
}

Result<JobQuery> job_query_of(const http::Request& request) {
  JobQuery query;
  std::vector<Fault> faults;
  const auto get = [&request](std::string_view name) { return request.query_parameter(name); };
  if (const auto text = get("approvalStateCode")) {
    query.state = parse_approval_state(*text);
    if (!query.state) {
      faults.push_back({"approvalStateCode", "must be one of Draft, Submitted, Approved, Denied, Suspended, Retired"});
    }
  }
  if (const auto text = get("zone")) {
    if (auto zone = ZoneName::parse(*text)) {
      query.zone = zone->str();
    } else {
      faults.push_back({"zone", zone.error().detail});
    }
  }
  if (const auto text = get("ownerId")) {
    if (auto owner = OwnerName::parse(*text)) {
      query.owner = owner->str();
    } else {
      faults.push_back({"ownerId", owner.error().detail});
    }
  }
  if (const auto text = get("limit")) {
    const auto limit = parse_integer(*text, 1, 1000);
    if (!limit) faults.push_back({"limit", "must be a whole number from 1 to 1000"});
    query.limit = limit.value_or(query.limit);
  }
  if (const auto text = get("cursor")) {
    auto id = JobId::parse(*text);
    if (!id) faults.push_back({"cursor", "must be the nextCursor of an earlier answer"});
    if (id) query.before = *id;
  }
  if (!faults.empty()) {
    return Error{ErrorKind::invalid, "the query has parameters that cannot be", false, "invalid-request",
                 std::move(faults)};
  }
  return query;
}

Result<std::optional<std::int64_t>> version_of(const http::Request& request) {
  const auto text = request.query_parameter("version");
  if (!text) return std::optional<std::int64_t>{};
  const auto version = parse_integer(*text, 1, most);
  if (!version) {
    return Error{ErrorKind::invalid,
                 "the query has parameters that cannot be",
                 false,
                 "invalid-request",
                 {{"version", "must be a whole number of at least 1"}}};
  }
  return version;
}

}  // namespace backupctl::jobs
