#include "soci/sqlite/claims.hpp"

#include <algorithm>

#include "soci/sqlite/dialect.hpp"
#include "soci/sqlite/request_statements.hpp"

namespace backupctl::soci {

namespace {

RequestState state_of(Stage stage) {
  switch (stage) {
    case Stage::check:
      return RequestState::received;
    case Stage::send:
      return RequestState::allowed;
    case Stage::follow:
      break;
  }
  return RequestState::sent;
}

// With `of_zone`: rows of the zone, or, when it is null, rows without terms; one range of the index either way.
template <bool of_zone>
struct SelectDue {
  explicit SelectDue(::soci::session& sql) : select(sql) {
    prepare(select,
            "SELECT " + request_columns() + " FROM backup_request WHERE state_code = :state" +
                (of_zone ? " AND zone IS :zone" : "") +
                " AND next_action_time <= :now AND owner_instance_id IS NULL AND " + std::string(is_open) +
                " ORDER BY next_action_time, received_time LIMIT :count",
            [&](auto results, auto parameters) {
              row.columns(results);
              parameters("state", state);
              if (of_zone) parameters("zone", zone);
              parameters("now", now);
              parameters("count", count);
            });
  }
  std::vector<BackupRequest> run(const ClaimOrder& order, std::int64_t limit) {
    state = to_string(state_of(order.stage));
    zone.set(order.zone ? std::optional(order.zone->str()) : std::nullopt);
    now = to_integer(order.now);
    count = limit;
    std::vector<BackupRequest> due;
    for (bool more = select.execute(true); more; more = select.fetch()) due.push_back(row.request());
    return due;
  }
  std::string state;
  TextColumn zone;
  std::int64_t now = 0, count = 0;
  RequestRow row;
  ::soci::statement select;
};

struct TakeRow {
  explicit TakeRow(::soci::session& sql) : update(sql) {
    prepare(update,
            "UPDATE backup_request SET owner_instance_id = :owner, next_action_time = NULL, fence = :fence,"
            " revision = :revision, check_attempts = :checks, send_attempts = :sends WHERE backup_request_id = :id",
            [&](auto, auto parameters) {
              parameters("owner", owner);
              parameters("fence", fence);
              parameters("revision", revision);
              parameters("checks", checks);
              parameters("sends", sends);
              parameters("id", id);
            });
  }
  std::string owner, id;
  std::int64_t fence = 0, revision = 0, checks = 0, sends = 0;
  ::soci::statement update;
};

struct Beat {
  explicit Beat(::soci::session& sql) : upsert(sql) {
    prepare(upsert,
            "INSERT INTO controller_instance (instance_id, program, started_time, beat_time)"
            " VALUES (:id, :program, :started, :now)"
            " ON CONFLICT (instance_id) DO UPDATE SET program = excluded.program, started_time = excluded.started_time,"
            " beat_time = excluded.beat_time",
            [&](auto, auto parameters) {
              parameters("id", id);
              parameters("program", program);
              parameters("started", started);
              parameters("now", now);
            });
  }
  std::string id, program;
  std::int64_t started = 0, now = 0;
  ::soci::statement upsert;
};

struct SelectInstances {
  explicit SelectInstances(::soci::session& sql) : select(sql) {
    prepare(select,
            "SELECT instance_id, program, started_time, beat_time FROM controller_instance ORDER BY instance_id",
            [&](auto results, auto) {
              results("", id);
              results("", program);
              results("", started);
              results("", beaten);
            });
  }
  std::string id, program;
  std::int64_t started = 0, beaten = 0;
  ::soci::statement select;
};

struct RemoveInstance {
  explicit RemoveInstance(::soci::session& sql) : remove(sql) {
    prepare(remove, "DELETE FROM controller_instance WHERE instance_id = :id",
            [&](auto, auto parameters) { parameters("id", id); });
  }
  void run(const std::string& instance) {
    id = instance;
    remove.execute(true);
  }
  std::string id;
  ::soci::statement remove;
};

// Rows whose owner is none of the instances, however that came about: nobody else would ever take them up.
struct FreeRows {
  explicit FreeRows(::soci::session& sql) : update(sql) {
    prepare(update,
            "UPDATE backup_request SET owner_instance_id = NULL, next_action_time = :now, revision = revision + 1"
            " WHERE owner_instance_id IS NOT NULL"
            " AND owner_instance_id NOT IN (SELECT instance_id FROM controller_instance)",
            [&](auto, auto parameters) { parameters("now", now); });
  }
  std::int64_t run(std::int64_t time) {
    now = time;
    update.execute(true);
    return update.get_affected_rows();
  }
  std::int64_t now = 0;
  ::soci::statement update;
};

struct Instance {
  InstanceInfo info;
  std::int64_t beaten;
};

std::vector<Instance> instances(SqliteSession& session) {
  auto& all = session.prepared<SelectInstances>();
  std::vector<Instance> found;
  for (bool more = all.select.execute(true); more; more = all.select.fetch()) {
    found.push_back(
        {{stored(InstanceId::parse(all.id), "instance_id"), all.program, to_time(all.started)}, all.beaten});
  }
  return found;
}

}  // namespace

std::vector<BackupRequest> claim_requests(SqliteSession& session, const ClaimOrder& order) {
  auto limit = order.limit;
  if (order.stage == Stage::send && order.zone) {
    const auto places = zone_places(session, *order.zone);
    limit = std::min(limit, places.paused ? 0 : order.max_in_flight - places.taken);
  }
  if (limit <= 0) return {};
  const bool one_range = order.zone || order.stage == Stage::check;
  auto claimed = one_range ? session.prepared<SelectDue<true>>().run(order, limit)
                           : session.prepared<SelectDue<false>>().run(order, limit);
  auto& take = session.prepared<TakeRow>();
  take.owner = order.by.to_string();
  for (auto& request : claimed) {
    auto& progress = request.progress;
    progress.owner = order.by;
    progress.next_action.reset();
    ++progress.fence;
    ++progress.revision;
    if (order.stage == Stage::check) ++progress.check_attempts;
    if (order.stage == Stage::send && !progress.cancel_asked) ++progress.send_attempts;
    take.id = request.order.id.to_string();
    take.fence = progress.fence;
    take.revision = progress.revision;
    take.checks = progress.check_attempts;
    take.sends = progress.send_attempts;
    take.update.execute(true);
  }
  return claimed;
}

BeatResult beat_instance(SqliteSession& session, const InstanceBeat& beat,
                         const std::function<bool(InstanceId)>& is_dead) {
  auto& mine = session.prepared<Beat>();
  mine.id = beat.id.to_string();
  mine.program = beat.program;
  mine.started = to_integer(beat.started);
  mine.now = to_integer(beat.now);
  mine.upsert.execute(true);

  BeatResult result;
  for (auto& [info, beaten] : instances(session)) {
    const bool dead = info.id != beat.id && (to_time(beaten) + beat.lease < beat.now || is_dead(info.id));
    if (dead) {
      session.prepared<RemoveInstance>().run(info.id.to_string());
      result.dead.push_back(info.id);
    } else {
      result.reply.alive.push_back(std::move(info));
    }
  }
  result.reply.rows_freed = session.prepared<FreeRows>().run(to_integer(beat.now));
  return result;
}

// Also for an instance that others have declared dead already: it may have claimed rows since.
void leave_instance(SqliteSession& session, InstanceId id) {
  std::int64_t last_beat = 0;
  for (const auto& [info, beaten] : instances(session)) {
    if (info.id == id) last_beat = beaten;
  }
  session.prepared<RemoveInstance>().run(id.to_string());
  session.prepared<FreeRows>().run(last_beat);
}

}  // namespace backupctl::soci
