#!/bin/sh
# run.sh: measures what the controller does beside what the machine lets through, in one run, and prints a table. What
# was found, and how to read it: RESULTS.md.
set -u

usage() {
  cat <<TEXT
usage: sh bench/run.sh [--programs DIR] [--rounds N] [--milliseconds N] [--connections N] [--lives N] [--open N] [ROW...]
  --programs DIR    take the programs from there instead of building the preset release
  --rounds N        how often everything is measured (3)
  --milliseconds N  how long each load lasts (5000)
  --connections N   keep-alive connections of the load (128)
  --lives N         whole lives in one measurement (20000)
  --lines N         lines of the dropped file (100000)
  --lone N          requests that are sent one at a time (300)
  --rows N          ended requests, and as many backups, in the store whose pages are read (100000)
  --pages N         pages that are read a second (100)
  --open N          open requests that a controller is started with (100000)
  --idle N          seconds that a controller is left alone (30)
Rows, all by default: admissions lives flow drop slow-sync lone pages start idle seen peers; each but idle and peers on sqlite and on
postgresql.
"A:B us" is the processor time of one request in the controller, and in the bare loop beside it. For peers, bare/s is what
the peer does, and ours/s what this run's admissions and lives were; for pages, it is what is admitted without them.
TEXT
}

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
programs= rounds=3 milliseconds=5000 connections=128 lives=20000 lines=100000 lone=300 rows=100000 pages=100 open=100000 idle=30
while [ $# -gt 0 ]; do
  case $1 in
    --programs | --rounds | --milliseconds | --connections | --lives | --lines | --lone | --rows | --pages | --open | --idle)
      [ $# -ge 2 ] || { usage >&2; exit 2; }
      eval "${1#--}=\$2"
      shift 2 ;;
    --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) break ;;
  esac
done
rows_stored=$rows
rows=${*:-admissions lives flow drop slow-sync lone pages start idle seen peers}

if [ -z "$programs" ]; then
  cmake --preset release -S "$root" -DCMAKE_UNITY_BUILD=ON >/dev/null &&
    cmake --build "$root/build/release" --target bench_programs || exit 1
  programs=$root/build/release/bin
fi
programs=$(cd "$programs" && pwd)
folder=$(mktemp -d "${TMPDIR:-/var/tmp}/backupctl-bench-XXXXXX")
. "$here/ground.sh"
. "$here/flow.sh"
. "$here/drop.sh"
. "$here/lone.sh"
. "$here/pages.sh"
. "$here/seen.sh"
. "$here/peers/row.sh"
trap 'end_all; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
shim=$folder/slow_sync.so # where the server's user can read it
cp "$programs/../bench/libbench_slow_sync.so" "$shim" && chmod 644 "$shim"

probe() { value syncs_per_second "$("$programs/bench_sync_probe" "$folder")"; }
# load ADDRESS [FLAG VALUE...]
load() {
  "$programs/bench_load" --jobs "$folder/jobs" --token-file "$folder/night.token" --connections "$connections" \
    --milliseconds "$milliseconds" --to "$@"
}
bare() { "$programs/bench_bare" --store "$store" --milliseconds "$milliseconds" "$@"; }
stored() { value "$1" "$(bare --write nothing)"; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", (b > 0 ? a / b : 0) }'; }
tell() {
  printf '%-11s %-10s %9s %9s %6s  %-58s %5s %7s\n' "$@" "$(cut -d' ' -f1 /proc/loadavg)" "$(probe)"
}

# keep ROW ENGINE PER_SECOND, told ROW ENGINE: for the rows that stand beside others of this run.
keep() { echo "$3" >"$folder/told.$1.$2"; }
told() { cat "$folder/told.$1.$2" 2>/dev/null; }

ceiling() {
  rm -f "$folder/ceiling.log"
  start ceiling "$programs/bench_ceiling"
  await "the ceiling" "$folder/ceiling.log" grep . "$folder/ceiling.log"
  measured=$(load "$(cat "$folder/ceiling.log")") || fail "no ceiling"
  end "$pid"
  ceiling=$(value per_second "$measured")
}

# bare_admissions ENGINE ADMITTED LIMIT [ENVIRONMENT...]: in as many commits for each request, and groups as large, as ours
# were that are counted in $commits and $commands. Sets $group, $once, $bare, and adds to $cpu.
bare_admissions() {
  group=$(((commands + commits / 2) / commits))
  once=$(($2 * 3 > commands * 2 ? 1 : 2))
  new_store "$1"
  limit=$3
  shift 3
  measured_bare=$(env "$@" "$programs/bench_bare" --store "$store" $limit --write admissions --group "$group" \
    --commits "$once") || fail "the bare loop does not run"
  bare=$(value per_second "$measured_bare") cpu="$cpu:$(value cpu_us "$measured_bare")"
  drop_store
}

# admissions ENGINE ROW [ENVIRONMENT...]: the bare loop writes in groups as large as ours were.
admissions() {
  engine=$1 row=$2
  shift 2
  new_store "$engine"
  start_controller "$@"
  load "$controller" >/dev/null || fail "no load"  # warm
  spent=$(ticks) commits=$(metric backupctl_commits_total) commands=$(metric backupctl_commands_total) before=$(stored requests)
  measured=$(load "$controller") || fail "no load"
  commits=$(($(metric backupctl_commits_total) - commits)) commands=$(($(metric backupctl_commands_total) - commands))
  admitted=$(value admitted "$measured") ours=$(value per_second "$measured")
  cpu=$((($(ticks) - spent) * 1000000 / $(getconf CLK_TCK) / admitted))
  end "$controller_pid"
  durable=$(($(stored requests) - before))
  [ "$durable" -eq "$admitted" ] || fail "$admitted requests were admitted, $durable are in the store"
  drop_store
  bare_admissions "$engine" "$admitted" "--milliseconds $milliseconds" "$@"
  keep "$row" "$engine" "$ours"
  tell "$row" "$engine" "$ours" "$bare" "$(ratio "$ours" "$bare")" \
    "p50 $(value p50_ms "$measured") p99 $(value p99_ms "$measured") ms, group $group, $once commit(s); $cpu us"
}

# What a sync of 4.1 ms lets through: each caller waits for the commit under way, and for its own.
slow_sync() {
  if [ "$1" = sqlite ]; then
    admissions sqlite slow-sync LD_PRELOAD="$shim"
  else
    stop_postgresql
    start_postgresql LD_PRELOAD="$shim"
    admissions postgresql slow-sync
    stop_postgresql
    start_postgresql
  fi
  echo "            that is $(awk -v o="$ours" -v c="$connections" 'BEGIN { printf "%.2f", o / (c / 0.0082) }')" \
    "of connections / (2 x 4.1 ms)"
}

# results_wait COMMANDS LIVES: 1 when most results were kept first and recorded then: a fourth Command of each life.
results_wait() { if [ $(($1 * 2)) -gt $(($2 * 7)) ]; then echo 1; else echo 0; fi; }

lives() {
  new_store "$1"
  measured=$("$programs/bench_lives" --store "$store" --lives "$lives") || fail "no lives"
  [ "$(stored backups)" -eq "$lives" ] || fail "not every life left a backup"
  drop_store
  new_store "$1"
  measured_bare=$(bare --write lives --group "$(value group "$measured")" \
    --results-wait "$(results_wait "$(value commands "$measured")" "$lives")") || fail "the bare loop does not run"
  bare=$(value per_second "$measured_bare")
  drop_store
  ours=$(value per_second "$measured")
  keep lives "$1" "$ours"
  tell lives "$1" "$ours" "$bare" "$(ratio "$ours" "$bare")" \
    "group $(value group "$measured"); $(value cpu_us "$measured"):$(value cpu_us "$measured_bare") us"
}

resident() { awk '/VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$controller_pid/status"; }
ticks() { awk '{ print $14 + $15 }' "/proc/$controller_pid/stat"; }

resident_at_most() { awk '/VmHWM/ { printf "%.1f", $2 / 1024 }' "/proc/$controller_pid/status"; }

any_succeeded() { [ -n "$(succeeded)" ]; }

# Once it is ready, requests are admitted; then another is started whose zone takes commands, and lives end. Beside the
# rows admissions and flow of this run, if there were any.
start_with_open() {
  new_store "$1"
  "$programs/bench_bare" --store "$store" --rows "$open" --milliseconds 3600000 --group 1000 >/dev/null
  begun=$(date +%s%N)
  start_controller
  await "the controller" "$folder/controller.log" ask "http://$controller/readyz"
  taken=$((($(date +%s%N) - begun) / 1000000))
  resident=$(resident)
  ours=$(value per_second "$(load "$controller")") || fail "no load"
  normal=$(told admissions "$1")
  tell start "$1" "$taken ms" - - "with $open open requests; $resident MiB resident, $(resident_at_most) at most"
  echo "            then $ours admissions/s${normal:+, $(ratio "$ours" "$normal") of those of an empty store}"
  end "$controller_pid"
  start_flow
  await "the controller" "$folder/controller.log" ask "http://$controller/readyz"
  post night "http://$controller/api/zones/files/resume" '{"reason":"measuring"}' >/dev/null || fail "no resume"
  await "the first life" "$folder/controller.log" any_succeeded
  before=$(succeeded) begun=$(date +%s%N)
  sleep "$(awk -v m="$milliseconds" 'BEGIN { print m / 1000 }')"
  ours=$(awk -v n=$(($(succeeded) - before)) -v t=$(($(date +%s%N) - begun)) 'BEGIN { printf "%.0f", n / t * 1e9 }')
  normal=$(told flow "$1")
  echo "            and $ours lives/s of those that were open${normal:+, $(ratio "$ours" "$normal") of flow};" \
    "$(resident_at_most) MiB at most"
  end "$controller_pid"
  end "$zone_pid"
  drop_store
}

# run_ns: what all threads of the controller ran, to the nanosecond; ticks are far too coarse for an idle one.
run_ns() { cat "/proc/$controller_pid/task/"*/schedstat | awk '{ sum += $1 } END { printf "%.0f", sum }'; }

idle() {
  new_store sqlite
  start_controller
  before=$(run_ns)
  sleep "$idle"
  spent=$(($(run_ns) - before))
  tell idle sqlite "$(resident)MiB" - - "$(awk -v t="$spent" -v s="$idle" \
    'BEGIN { printf "%.3f %% of a core over %d s", t / s / 1e7, s }')"
  end "$controller_pid"
  drop_store
}

for tool in curl setpriv; do command -v $tool >/dev/null || { echo "bench: there is no $tool"; exit 77; }; done
[ -n "$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null)" ] || { echo "bench: there is no PostgreSQL"; exit 77; }
start_jobs
start_postgresql
grant night '"requester"' >/dev/null
echo "$(uname -sr), $(nproc) cores, $(sqlite3 --version 2>/dev/null | cut -d' ' -f1)"
printf '%-11s %-10s %9s %9s %6s  %-58s %5s %7s\n' what engine ours/s bare/s ratio beside load syncs/s
round=0
while [ $round -lt "$rounds" ]; do
  round=$((round + 1))
  for row in $rows; do
    case $row in
      admissions)
        ceiling
        tell ceiling - "$ceiling" - - "HTTP and JSON alone"
        for engine in sqlite postgresql; do admissions $engine admissions; done ;;
      lives) for engine in sqlite postgresql; do lives $engine; done ;;
      flow) for engine in sqlite postgresql; do flow $engine; done ;;
      drop) for engine in sqlite postgresql; do drop $engine; done ;;
      slow-sync) for engine in sqlite postgresql; do slow_sync $engine; done ;;
      lone) for engine in sqlite postgresql; do lone $engine; done ;;
      pages) for engine in sqlite postgresql; do pages $engine; done ;;
      start) for engine in sqlite postgresql; do start_with_open $engine; done ;;
      idle) idle ;;
      seen) for engine in sqlite postgresql; do seen $engine; done ;;
      peers) peers ;;
      *) usage >&2; exit 2 ;;
    esac
  done
done
