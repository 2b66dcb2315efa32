# What the measurements stand on: the programs, a PostgreSQL server, the job service with ten approved jobs, and a
# controller that takes requests. Sourced by run.sh, which sets $programs and $folder.

fail() {
  echo "bench: $*" >&2
  exit 1
}

running= postgresql_data=

# start NAME PROGRAM ARGUMENTS...: $pid; it ends with this script.
start() {
  log=$folder/$1.log
  shift
  "$@" >>"$log" 2>&1 </dev/null &
  pid=$!
  running="$running $pid"
}

# end PID: and waits until it has gone.
end() {
  kill -TERM "$1" 2>/dev/null || :
  wait "$1" 2>/dev/null || :
  running=$(for one in $running; do [ "$one" = "$1" ] || printf ' %s' "$one"; done)
}

end_all() {
  for one in $running; do end "$one"; done
  stop_postgresql
}

# await WHAT LOG COMMAND...: until the command succeeds.
await() {
  what=$1 log=$2
  shift 2
  tries=0
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -le 600 ] || { tail -n 15 "$log" >&2; fail "$what does not come up"; }
    sleep 0.05
  done
}

ask() { curl --noproxy '*' -sS --fail-with-body --max-time 30 "$@"; }

# address_in LOG: where the server said that it listens.
address_in() { sed -n 's/.*"address":"\([^"]*\)".*/\1/p' "$1" | grep .; }

# The server does not run as root.
as_postgres() {
  if [ "$(id -u)" -eq 0 ]; then setpriv --reuid postgres --regid postgres --clear-groups "$@"; else "$@"; fi
}

# start_postgresql [ENVIRONMENT...]: with its defaults, which are durable. Sets $postgresql_url.
start_postgresql() {
  postgresql=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
  [ -x "$postgresql/initdb" ] || fail "there is no PostgreSQL: apt-get install postgresql"
  postgresql_port=$(free_port)
  home=$(mktemp -d "$folder/postgresql-XXXXXX")
  [ "$(id -u)" -ne 0 ] || chown postgres "$home"
  chmod 711 "$folder"
  as_postgres "$postgresql/initdb" -D "$home/data" -U backupctl -A trust -E UTF8 --no-instructions --locale=C.UTF-8 \
    >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; fail "initdb failed"; }
  postgresql_data=$home/data
  as_postgres env "$@" "$postgresql/pg_ctl" -D "$postgresql_data" -l "$home/server.log" -w \
    -o "-p $postgresql_port -k $home -h 127.0.0.1" start >"$folder/pg_ctl.log" 2>&1 ||
    { cat "$folder/pg_ctl.log" "$home/server.log" >&2; fail "PostgreSQL does not start"; }
  postgresql_url=postgresql://backupctl@127.0.0.1:$postgresql_port
}

stop_postgresql() {
  [ -n "$postgresql_data" ] || return 0
  as_postgres "$postgresql/pg_ctl" -D "$postgresql_data" -m fast -w stop >/dev/null 2>&1
  postgresql_data=
}

free_port() {
  used=$(awk '$4 == "0A" { split($2, a, ":"); print a[2] }' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
  for port in $(awk 'BEGIN { srand(); for (i = 0; i < 50; ++i) print 20000 + int(rand() * 10000) }'); do
    printf '%s\n' "$used" | grep -qix "$(printf '%04X' "$port")" || { echo "$port"; return; }
  done
  fail "there is no free port"
}

# new_store ENGINE: an empty one; sets $store.
stores=0
new_store() {
  stores=$((stores + 1))
  if [ "$1" = sqlite ]; then
    mkdir "$folder/store$stores"
    store=sqlite://$folder/store$stores/controller.db
  else
    "$postgresql/psql" -q -h 127.0.0.1 -p "$postgresql_port" -U backupctl -d postgres \
      -c "CREATE DATABASE store$stores" || fail "no new database"
    store=$postgresql_url/store$stores
  fi
}

# drop_store: makes room; writing it out must not fall into the next measurement.
drop_store() {
  if [ "${store#sqlite}" != "$store" ]; then
    rm -rf "$folder/store$stores"
  else
    "$postgresql/psql" -q -h 127.0.0.1 -p "$postgresql_port" -U backupctl -d postgres \
      -c "DROP DATABASE store$stores" -c CHECKPOINT
  fi
}

# grant NAME ROLES: a token table; the secret is made when it is not there.
grant() {
  [ -s "$folder/$1.token" ] || od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$folder/$1.token"
  chmod 600 "$folder/$1.token"
  printf '[[auth.token]]\nname = "%s"\nowner = "%s"\nsha256 = "%s"\nroles = [%s]\n' "$1" "$1" \
    "$(sha256sum <"$folder/$1.token" | cut -d' ' -f1)" "$2"
}

# post WHO URL BODY
post() {
  ask -X POST -H "Authorization: Bearer $(cat "$folder/$1.token")" -H 'Content-Type: application/json' -d "$3" "$2"
}

# start_jobs: the job service with ten jobs, approved; their ids are in $folder/jobs.
start_jobs() {
  {
    printf '[store]\nurl = "sqlite://%s/jobs.db"\n[http]\nlisten = "127.0.0.1:0"\n' "$folder"
    grant writer '"owner"'
    grant reviewer '"approver"'
    grant controller '"jobs"'
  } >"$folder/jobs.toml"
  chmod 600 "$folder/jobs.toml"
  start jobs "$programs/backupctl-jobs" --config "$folder/jobs.toml"
  jobs_pid=$pid
  await "the job service" "$folder/jobs.log" address_in "$folder/jobs.log"
  jobs_url=http://$(address_in "$folder/jobs.log")
  : >"$folder/jobs"
  for number in 0 1 2 3 4 5 6 7 8 9; do
    made=$(post writer "$jobs_url/api/backup-jobs" '{"name":"ledger-'$number'","zone":"files","storagePath":"ledger",
      "daysToKeep":3650,"allowedRequesters":["night"],"backupSourceRoots":["/data/ledger"]}') || fail "no job: $made"
    job=$(printf '%s' "$made" | grep -o '"backupJobId":"[^"]*"' | cut -d'"' -f4)
    made=$(post writer "$jobs_url/api/backup-jobs/$job/submit" '{"version":1}') || fail "no job: $made"
    made=$(post reviewer "$jobs_url/api/backup-jobs/$job/approve" '{"version":1}') || fail "no job: $made"
    echo "$job" >>"$folder/jobs"
  done
}

# start_controller [ENVIRONMENT...]: on $store, its zone paused. Sets $controller (its address) and $controller_pid.
start_controller() {
  {
    printf '[store]\nurl = "%s"\n[http]\nlisten = "127.0.0.1:0"\n' "$store"
    printf '[jobs]\nurl = "%s"\ntokenFile = "%s"\n' "$jobs_url" "$folder/controller.token"
    printf '[[zone]]\nname = "files"\nurl = "http://127.0.0.1:9"\n'
    grant night '"requester", "operator"'
  } >"$folder/controller.toml"
  chmod 600 "$folder/controller.toml"
  rm -f "$folder/controller.log"
  start controller env "$@" "$programs/backupctl-http" --config "$folder/controller.toml"
  controller_pid=$pid
  await "the controller" "$folder/controller.log" address_in "$folder/controller.log"
  controller=$(address_in "$folder/controller.log")
  made=$(post night "http://$controller/api/zones/files/pause" '{"reason":"measuring"}') ||
    fail "the zone is not paused: $made"
}

# value NAME TEXT: of "name=value name=value".
value() { printf '%s' "$2" | tr ' ' '\n' | sed -n "s/^$1=//p"; }

# metric NAME: of the controller.
metric() { ask "http://$controller/metrics" | sed -n "s/^$1 //p"; }
