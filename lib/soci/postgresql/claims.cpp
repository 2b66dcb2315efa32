#include "soci/postgresql/claims.hpp"

#include <algorithm>

#include "soci/postgresql/dialect.hpp"
#include "soci/postgresql/request_statements.hpp"

namespace backupctl::soci::postgresql {

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

enum class Zones { one, none, any };

// Rows that another controller is just taking are passed over, not waited for.
template <Zones zones>
struct Claim {
  explicit Claim(::soci::session& sql) : update(sql) {
    const std::string of_zone = zones == Zones::one    ? " AND zone = :zone"
                                : zones == Zones::none ? " AND zone IS NULL"
                                                       : "";
    prepare(update,
            "WITH due AS MATERIALIZED (SELECT backup_request_id AS due_id, next_action_time AS due_time"
            " FROM backup_request WHERE state_code = :state" +
                of_zone + " AND next_action_time <= :now AND owner_instance_id IS NULL AND " + std::string(pg_is_open) +
                " ORDER BY next_action_time, received_time LIMIT :count FOR UPDATE SKIP LOCKED)"
                " UPDATE backup_request SET owner_instance_id = :owner, next_action_time = NULL, fence = fence + 1,"
                " revision = revision + 1, check_attempts = check_attempts + :checks,"
                " send_attempts = send_attempts + CASE WHEN cancel_asked_time IS NULL THEN :sends ELSE 0 END"
                " FROM due WHERE backup_request_id = due_id RETURNING due_time, " +
                request_columns(),
            [&](auto results, auto parameters) {
              results("", due_time);
              row.columns(results);
              parameters("state", state);
              if (zones == Zones::one) parameters("zone", zone);
              parameters("now", now);
              parameters("count", count);
              parameters("owner", owner);
              parameters("checks", checks);
              parameters("sends", sends);
            });
  }
  std::vector<BackupRequest> run(const ClaimOrder& order, std::int64_t limit) {
    state = to_string(state_of(order.stage));
    zone = order.zone ? order.zone->str() : std::string();
    now = to_integer(order.now);
    count = limit;
    owner = order.by.to_string();
    checks = order.stage == Stage::check ? 1 : 0;
    sends = order.stage == Stage::send ? 1 : 0;
    std::vector<std::pair<std::int64_t, BackupRequest>> claimed;
    for (bool more = update.execute(true); more; more = update.fetch()) claimed.emplace_back(due_time, row.request());
    std::ranges::sort(claimed, [](const auto& a, const auto& b) {
      const auto age = [](const auto& one) {
        return std::tuple(one.first, one.second.order.received, one.second.order.id);
      };
      return age(a) < age(b);
    });
    std::vector<BackupRequest> requests;
    for (auto& [time, request] : claimed) requests.push_back(std::move(request));
    return requests;
  }
  std::string state, zone, owner;
  std::int64_t now = 0, count = 0, checks = 0, sends = 0, due_time = 0;
  RequestRow row;
  ::soci::statement update;
};

// Beats come one after the other, so that nobody who has just come is taken for dead.
struct LockBeats {
  explicit LockBeats(::soci::session& sql) : select(sql) {
    prepare(select, "SELECT " + pg_lock("'beat'"), [](auto, auto) {});
  }
  ::soci::statement select;
};

struct ServerTime {
  explicit ServerTime(::soci::session& sql) : select(sql) {
    prepare(select, "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)",
            [&](auto results, auto) { results("", now); });
  }
  std::int64_t now = 0;
  ::soci::statement select;
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

struct RemoveDead {
  explicit RemoveDead(::soci::session& sql) : remove(sql) {
    prepare(remove, "DELETE FROM controller_instance WHERE beat_time < :limit OR instance_id = :id",
            [&](auto, auto parameters) {
              parameters("limit", limit);
              parameters("id", id);
            });
  }
  std::int64_t limit = 0;
  std::string id;
  ::soci::statement remove;
};

struct SelectInstances {
  explicit SelectInstances(::soci::session& sql) : select(sql) {
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

// Rows whose owner is none of the instances, however that came about: nobody else would ever take them up.
struct FreeRows {
  explicit FreeRows(::soci::session& sql) : update(sql) {
    prepare(update,
            "UPDATE backup_request SET owner_instance_id = NULL, next_action_time = :now, revision = revision + 1"
            " WHERE owner_instance_id IS NOT NULL"
            " AND owner_instance_id NOT IN (SELECT instance_id FROM controller_instance)",
            [&](auto, auto parameters) { parameters("now", now); });
  }
  std::int64_t run(Timestamp time) {
    now = to_integer(time);
    update.execute(true);
    return update.get_affected_rows();
  }
  std::int64_t now = 0;
  ::soci::statement update;
};

struct AnnounceWork {
  explicit AnnounceWork(::soci::session& sql) : notify(sql) {
    prepare(notify, std::string(pg_announce_work), [](auto, auto) {});
  }
  ::soci::statement notify;
};

std::int64_t free_rows(PostgresqlSession& session, Timestamp now) {
  const auto freed = session.prepared<FreeRows>().run(now);
  if (freed > 0) session.prepared<AnnounceWork>().notify.execute(true);
  return freed;
}

}  // namespace

std::vector<BackupRequest> claim_requests(PostgresqlSession& session, const ClaimOrder& order) {
  auto limit = order.limit;
  if (order.stage == Stage::send && order.zone) {
    const auto places = lock_places(session, {*order.zone})[*order.zone];
    limit = std::min(limit, places.paused ? 0 : order.max_in_flight - places.taken);
  }
  if (limit <= 0) return {};
  if (order.zone) return session.prepared<Claim<Zones::one>>().run(order, limit);
  if (order.stage == Stage::check) return session.prepared<Claim<Zones::none>>().run(order, limit);
  return session.prepared<Claim<Zones::any>>().run(order, limit);
}

BeatReply beat_instance(PostgresqlSession& session, const InstanceBeat& beat, std::optional<Timestamp> now) {
  session.prepared<LockBeats>().select.execute(true);
  std::int64_t time = now ? to_integer(*now) : 0;
  if (!now) {
    auto& clock = session.prepared<ServerTime>();
    clock.select.execute(true);
    time = clock.now;
  }
  auto& mine = session.prepared<Beat>();
  mine.id = beat.id.to_string();
  mine.program = beat.program;
  mine.started = to_integer(beat.started);
  mine.now = time;
  mine.upsert.execute(true);
  auto& dead = session.prepared<RemoveDead>();
  dead.limit = time - beat.lease.count();
  dead.id.clear();
  dead.remove.execute(true);

  BeatReply reply;
  auto& all = session.prepared<SelectInstances>();
  for (bool more = all.select.execute(true); more; more = all.select.fetch()) {
    reply.alive.push_back({stored(InstanceId::parse(all.id), "instance_id"), all.program, to_time(all.started)});
  }
  reply.rows_freed = free_rows(session, beat.now);
  return reply;
}

// Also for an instance that others have declared dead already: it may have claimed rows since.
void leave_instance(PostgresqlSession& session, InstanceId id, Timestamp now) {
  session.prepared<LockBeats>().select.execute(true);
  auto& gone = session.prepared<RemoveDead>();
  gone.limit = 0;
  gone.id = id.to_string();
  gone.remove.execute(true);
  free_rows(session, now);
}

}  // namespace backupctl::soci::postgresql
