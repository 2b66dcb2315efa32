#!/bin/sh
# The whole system doing its job on this machine: builds the programs, starts the job service, the controller and a
# files zone, backs up a real folder, kills the controller half-way, and checks the backup with tar.
set -u

usage() {
  cat <<TEXT
usage: sh examples/quickstart/run.sh [--source DIR] [--state DIR] [--once] [--programs DIR]
  --source DIR    the folder to back up (default /usr/share/doc)
  --state DIR     where stores, tokens, logs and backups are kept (default build/quickstart/shop)
  --once          end after the backup is verified; without it everything stays up until Ctrl-C
  --programs DIR  take the programs from there instead of building them
TEXT
}

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$root/build/quickstart
state=$build/shop source=/usr/share/doc once=no programs=
while [ $# -gt 0 ]; do
  case $1 in
    --source | --state | --programs)
      [ $# -ge 2 ] || { usage >&2; exit 2; }
      case $1 in
        --source) source=$2 ;;
        --state) state=$2 ;;
        --programs) programs=$2 ;;
      esac
      shift ;;
    --once) once=yes ;;
    --help) usage; exit 0 ;;
    *) echo "run.sh: what is $1?" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

. "$here/steps.sh"
. "$here/shop.sh"

[ -d "$source" ] && [ -r "$source" ] || fail "--source $source is no folder that can be read"
source=$(cd "$source" && pwd -P)
mkdir -p "$state" || fail "the state folder $state cannot be made"
state=$(cd "$state" && pwd -P)
case $state/ in "$source"/*) fail "--state $state lies inside the source, so the backup would contain itself" ;; esac

trap 'shop_stop' EXIT
trap 'trap - INT TERM; echo; echo "stopping"; exit 130' INT TERM

title "Programs"
if [ -z "$programs" ]; then
  echo "  This installs what is missing with apt-get, builds into build/quickstart (some minutes the first time), then"
  echo "  starts three servers on this machine's loopback. It keeps everything else in ${state#"$root"/}."
  sh "$root/cmake/install-packages.sh" build quickstart || exit 1
  step "packages are there"
  build_programs
  step "programs are built"
  programs=$build/bin
else
  programs=$(cd "$programs" && pwd) || fail "--programs: there is no such folder"
  step "programs are taken from $programs"
fi

title "Three servers, each a process of its own"
shop_configure
step "configuration, tokens and folders are in ${state#"$root"/}"
start_server jobs "$programs/backupctl-jobs" "$jobs_url"
step "job service       $jobs_url"
start_server zone "$programs/backupctl-zone" "$zone_url"
step "files zone        $zone_url"
start_server controller "$programs/backupctl-http" "$controller_url"
step "controller        $controller_url"

title "A job: one person writes it, another approves it"
as archivist job create --name quickstart --description "made by the quickstart" --zone files --days-to-keep 30 \
  --storage-path quickstart --source-root "$source" --requester archivist
job=$(member backupJobId)
step "archivist created job $job"
as archivist job submit "$job" --comment "please look"
step "archivist submitted version 1"
as_refused archivist four-eyes job approve "$job"
step "archivist may not approve what archivist wrote"
as reviewer job approve "$job" --comment "reads well"
step "reviewer approved it"

title "A backup of $source"
today=$(date -u +%Y-%m-%d)
as archivist request submit --job "$job" --source "$source" --as-of "$today" --key "quickstart-$job"
request=$(member backupRequestId)
step "request $request is $(member stateCode)"
await_zone_at_work
step "the zone has it: $zone_says"
kill -9 "$controller_pid"
wait "$controller_pid" 2>/dev/null
controller_pid=
step "kill -9: the controller is gone, the zone goes on"
start_server controller "$programs/backupctl-http" "$controller_url"
step "the controller is started again and ready"
as archivist request submit --job "$job" --source "$source" --as-of "$today" --key "quickstart-$job"
[ "$(member backupRequestId)" = "$request" ] || fail "the same key made another request: $(cat "$answer")"
step "asked again with the same key: the same request, now $(member stateCode)"
await_end
step "the request is Succeeded"
as archivist request history "$request"
show_history

title "Is it really there, and whole?"
get archivist "$controller_url/api/backups?backupRequestId=$request"
count=$(grep -o '"backupId":' "$answer" | wc -l)
[ "$count" -eq 1 ] || fail "there should be one backup of the request, there are $count: $(cat "$answer")"
backup=$(member backupId) hash=$(member verifyHash) path=$(member backupStoragePath) bytes=$(number byteCount)
step "one backup, $backup, $bytes bytes"
archive=$state/backups/$path
manifest=${archive%.tar.zst}.manifest.json
[ -f "$archive" ] || fail "there is no archive $archive"
[ -f "$manifest" ] || fail "there is no manifest $manifest"
actual=sha256:$(sha256sum "$archive" | cut -d' ' -f1)
[ "$actual" = "$hash" ] || fail "the archive's hash is $actual, the controller recorded $hash"
grep -q "\"verifyHash\":\"$hash\"" "$manifest" || fail "the manifest has another hash: $(cat "$manifest")"
step "sha256sum: archive, manifest and controller agree"
tar --zstd --compare --file "$archive" --directory "$source" >"$state/compare.txt" 2>&1 ||
  fail "tar finds differences:
$(head -n 20 "$state/compare.txt")"
step "tar --compare: no difference from the source"

printf '\nAll of it took %s.\n' "$(since "$first_begun")"
[ $once = yes ] && exit 0
what_next
stay_up
