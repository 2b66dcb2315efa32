// How much work there is: what is due, and what status shows.
#include <algorithm>
#include <map>

#include "soci/postgresql/dialect.hpp"
#include "soci/postgresql/reads.hpp"
#include "soci/postgresql/row_set.hpp"
#include "soci/rows/column.hpp"

namespace backupctl::soci::postgresql {

namespace {

constexpr Duration longest_silence = std::chrono::minutes(1);

// The earliest next action of a state and zone, and the earliest after now; both from one range of the index.
struct DueTimes {
  explicit DueTimes(::soci::session& sql) : select(sql) {
    const auto earliest = [](const std::string& of_state, const std::string& of_zone, const std::string& when) {
      return "(SELECT min(r.next_action_time) FROM backup_request AS r WHERE r.state_code = " + of_state +
             " AND r.zone " + of_zone + " AND r." + std::string(pg_is_open) + " AND r.next_action_time " + when + ")";
    };
    const auto both = [&](const std::string& of_state, const std::string& of_zone) {
      return earliest(of_state, of_zone, "<= t.now") + ", " + earliest(of_state, of_zone, "> t.now");
    };
    // The first row is that of the requests to be checked, which have no zone yet.
    prepare(select,
            "WITH t AS (SELECT CAST(:now AS bigint) AS now)"
            " SELECT '' AS state, '' AS zone, " +
                both("'Received'", "IS NULL") + " FROM t UNION ALL SELECT s.state, z.zone, " +
                both("s.state", "= z.zone") +
                " FROM t, (VALUES ('Allowed'), ('Sent')) AS s (state), unnest(CAST(:zones AS text[])) AS z (zone)"
                " UNION ALL SELECT 'notice', '', (SELECT min(next_action_time) FROM notice"
                " WHERE next_action_time <= t.now), (SELECT min(next_action_time) FROM notice"
                " WHERE next_action_time > t.now) FROM t"
                " UNION ALL SELECT 'result', '', (SELECT min(arrival) FROM zone_result), NULL",
            [&](auto results, auto parameters) {
              results("", state);
              results("", zone);
              results("", due);
              results("", later);
              parameters("now", now);
              parameters("zones", zones.text());
            });
  }
  std::string state, zone;
  ArrayText zones;
  std::int64_t now = 0;
  IntegerColumn due, later;
  ::soci::statement select;
};

struct OpenCounts {
  explicit OpenCounts(::soci::session& sql) : select(sql) {
    // A row with a next action has no owner.
    prepare(
        select,
        "SELECT state_code, zone, count(*), count(next_action_time), min(received_time) FROM backup_request WHERE " +
            std::string(pg_is_open) + " GROUP BY state_code, zone",
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
                std::string(pg_is_open) + " GROUP BY zone",
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
    prepare(select,
            "SELECT instance_id, program, started_time,"
            " CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) - beat_time"
            " FROM controller_instance ORDER BY instance_id",
            [&](auto results, auto) {
              results("", id);
              results("", program);
              results("", started);
              results("", silent_for);
            });
  }
  std::string id, program;
  std::int64_t started = 0, silent_for = 0;
  ::soci::statement select;
};

}  // namespace

DueWork select_due(PostgresqlSession& session, const DueQuery& query) {
  DueWork work;
  auto& times = session.prepared<DueTimes>();
  times.now = to_integer(query.now);
  times.zones.clear();
  for (const auto& zone : query.zones) times.zones.append(zone.str());
  times.zones.close();
  for (bool more = times.select.execute(true); more; more = times.select.fetch()) {
    if (const auto later = to_time(times.later); later && (!work.next || *later < *work.next)) work.next = later;
    if (times.due.is_null()) continue;
    if (times.state.empty()) {
      work.check = true;
    } else if (times.state == "notice") {
      work.notices = true;
    } else if (times.state == "result") {
      work.results = true;
    } else {
      auto& zones = times.state == to_string(RequestState::allowed) ? work.send : work.follow;
      zones.push_back(stored(ZoneName::parse(times.zone), "zone"));
    }
  }
  return work;
}

StoreSurvey select_survey(PostgresqlSession& session, Timestamp now, bool server_clock) {
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
    if (server_clock && Duration{all.silent_for} > longest_silence) continue;
    survey.controllers.push_back({stored(InstanceId::parse(all.id), "instance_id"), all.program, to_time(all.started)});
  }
  return survey;
}

}  // namespace backupctl::soci::postgresql
