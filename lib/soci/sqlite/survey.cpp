// How much work there is: what is due, and what status shows.
#include <algorithm>
#include <map>

#include "soci/rows/column.hpp"
#include "soci/sqlite/dialect.hpp"
#include "soci/sqlite/reads.hpp"

namespace backupctl::soci {

namespace {

// The earliest next action of a state and zone, and the earliest after now; both from one range of the index. The state
// is part of the text: bound, it makes SQLite plan the statement anew each time, for the index holds open states alone.
template <RequestState state>
struct DueTimes {
  explicit DueTimes(::soci::session& sql) : select(sql) {
    const std::string earliest = "(SELECT min(next_action_time) FROM backup_request WHERE state_code = '" +
                                 std::string(to_string(state)) + "' AND zone IS :zone AND " + std::string(is_open) +
                                 " AND next_action_time ";
    prepare(select, "SELECT " + earliest + "<= :now), " + earliest + "> :now)", [&](auto results, auto parameters) {
      results("", due);
      results("", later);
      parameters("zone", zone);
      parameters("now", now);
    });
  }
  TextColumn zone;
  std::int64_t now = 0;
  IntegerColumn due, later;
  ::soci::statement select;
};

struct DueNotices {
  explicit DueNotices(::soci::session& sql) : select(sql) {
    prepare(select, "SELECT min(next_action_time) FROM notice", [&](auto results, auto) { results("", earliest); });
  }
  IntegerColumn earliest;
  ::soci::statement select;
};

struct WaitingResults {
  explicit WaitingResults(::soci::session& sql) : select(sql) {
    prepare(select, "SELECT EXISTS (SELECT 1 FROM zone_result)", [&](auto results, auto) { results("", any); });
  }
  std::int64_t any = 0;
  ::soci::statement select;
};

struct OpenCounts {
  explicit OpenCounts(::soci::session& sql) : select(sql) {
    // A row with a next action has no owner.
    prepare(
        select,
        "SELECT state_code, zone, count(*), count(next_action_time), min(received_time) FROM backup_request WHERE " +
            std::string(is_open) + " GROUP BY state_code, zone",
        [&](auto results, auto) {
          results("", state);
          results("", zone);
          results("", rows);
          results("", waiting);
          results("", oldest);
        });
  }
  std::string state;
  TextColumn zone;
  std::int64_t rows = 0, waiting = 0, oldest = 0;
  ::soci::statement select;
};

// By itself, since it reads the rows and not only the index; there are no more of them than places.
struct OverdueCounts {
  explicit OverdueCounts(::soci::session& sql) : select(sql) {
    prepare(select,
            "SELECT zone, count(*) FROM backup_request WHERE state_code = 'Sent' AND result_due_time < :now AND " +
                std::string(is_open) + " GROUP BY zone",
            [&](auto results, auto parameters) {
              results("", zone);
              results("", rows);
              parameters("now", now);
            });
  }
  std::string zone;
  std::int64_t rows = 0, now = 0;
  ::soci::statement select;
};

struct PausedZones {
  explicit PausedZones(::soci::session& sql) : select(sql) {
    prepare(select, "SELECT zone FROM paused_zone", [&](auto results, auto) { results("", zone); });
  }
  std::string zone;
  ::soci::statement select;
};

struct SideCounts {
  explicit SideCounts(::soci::session& sql) : select(sql) {
    prepare(select,
            "SELECT (SELECT count(*) FROM parked_result), (SELECT count(*) FROM zone_result),"
            " (SELECT count(*) FROM row_without_next_step), (SELECT count(*) FROM notice)",
            [&](auto results, auto) {
              results("", parked);
              results("", results_waiting);
              results("", without_next_step);
              results("", notices);
            });
  }
  std::int64_t parked = 0, results_waiting = 0, without_next_step = 0, notices = 0;
  ::soci::statement select;
};

struct Instances {
  explicit Instances(::soci::session& sql) : select(sql) {
    prepare(select, "SELECT instance_id, program, started_time FROM controller_instance ORDER BY instance_id",
            [&](auto results, auto) {
              results("", id);
              results("", program);
              results("", started);
            });
  }
  std::string id, program;
  std::int64_t started = 0;
  ::soci::statement select;
};

}  // namespace

DueWork select_due(SqliteSession& session, const DueQuery& query) {
  DueWork work;
  const auto is_due = [&](auto& times, const std::optional<ZoneName>& zone) {
    times.now = to_integer(query.now);
    times.zone.set(zone ? std::optional(zone->str()) : std::nullopt);
    times.select.execute(true);
    if (const auto later = to_time(times.later); later && (!work.next || *later < *work.next)) work.next = later;
    return !times.due.is_null();
  };
  work.check = is_due(session.prepared<DueTimes<RequestState::received>>(), {});
  auto& notices = session.prepared<DueNotices>();
  notices.select.execute(true);
  if (const auto earliest = to_time(notices.earliest)) {
    work.notices = *earliest <= query.now;
    if (!work.notices && (!work.next || *earliest < *work.next)) work.next = earliest;
  }
  auto& results = session.prepared<WaitingResults>();
  results.select.execute(true);
  work.results = results.any != 0;
  for (const auto& zone : query.zones) {
    if (is_due(session.prepared<DueTimes<RequestState::allowed>>(), zone)) work.send.push_back(zone);
    if (is_due(session.prepared<DueTimes<RequestState::sent>>(), zone)) work.follow.push_back(zone);
  }
  return work;
}

StoreSurvey select_survey(SqliteSession& session, Timestamp now) {
  std::map<RequestState, StateCount> states;
  for (const auto state : {RequestState::received, RequestState::allowed, RequestState::sent}) {
    states[state] = {state, 0, {}};
  }
  std::map<ZoneName, ZoneCount> zones;
  const auto zone_named = [&](const std::string& name) -> ZoneCount& {
    const auto zone = stored(ZoneName::parse(name), "zone");
    return zones.try_emplace(zone, ZoneCount{zone}).first->second;
  };

  auto& open = session.prepared<OpenCounts>();
  for (bool more = open.select.execute(true); more; more = open.select.fetch()) {
    const auto state = stored(parse_request_state(open.state), "state_code");
    auto& count = states[state];
    count.count += open.rows;
    const auto oldest = to_time(open.oldest);
    count.oldest_received = std::min(count.oldest_received.value_or(oldest), oldest);
    if (open.zone.is_null()) continue;
    auto& zone = zone_named(open.zone.value);
    if (state == RequestState::sent) zone.in_flight += open.rows;
    if (state == RequestState::allowed) {
      zone.in_flight += open.rows - open.waiting;
      zone.waiting += open.waiting;
    }
  }
  auto& overdue = session.prepared<OverdueCounts>();
  overdue.now = to_integer(now);
  for (bool more = overdue.select.execute(true); more; more = overdue.select.fetch()) {
    zone_named(overdue.zone).overdue = overdue.rows;
  }
  auto& paused = session.prepared<PausedZones>();
  for (bool more = paused.select.execute(true); more; more = paused.select.fetch())
    zone_named(paused.zone).paused = true;

  auto& side = session.prepared<SideCounts>();
  side.select.execute(true);
  StoreSurvey survey;
  for (auto& [state, count] : states) survey.states.push_back(count);
  for (auto& [name, zone] : zones) survey.zones.push_back(std::move(zone));
  survey.parked_results = side.parked;
  survey.waiting_results = side.results_waiting;
  survey.rows_without_next_step = side.without_next_step;
  survey.waiting_notices = side.notices;
  auto& all = session.prepared<Instances>();
  for (bool more = all.select.execute(true); more; more = all.select.fetch()) {
    survey.controllers.push_back({stored(InstanceId::parse(all.id), "instance_id"), all.program, to_time(all.started)});
  }
  return survey;
}

}  // namespace backupctl::soci
