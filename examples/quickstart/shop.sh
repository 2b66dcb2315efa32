# The three servers of the quickstart: their configuration, their processes, and calls to them. Sourced by run.sh.

jobs_pid= zone_pid= controller_pid=

# free_ports: three in a row on which nobody listens, beginning with the documented ones.
free_ports() {
  used=$(awk '$4 == "0A" { split($2, a, ":"); print a[2] }' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
  for first in 8080 8180 8280 18080 18180 18280 28080 28180; do
    busy=no
    for port in $first $((first + 1)) $((first + 2)); do
      printf '%s\n' "$used" | grep -qix "$(printf '%04X' "$port")" && busy=yes
    done
    [ $busy = no ] && return 0
  done
  fail "no three free ports were found between 8080 and 28182"
}

# token NAME: makes the secret once, only its owner can read it; the header file is for curl.
token() {
  [ -s "$state/tokens/$1" ] || od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$state/tokens/$1"
  printf 'Authorization: Bearer %s\n' "$(cat "$state/tokens/$1")" >"$state/tokens/$1.header"
}

# grant NAME ROLES [ZONE]: one [[auth.token]] table. Servers know tokens by their hash only.
grant() {
  printf '\n[[auth.token]]\nname = "%s"\nowner = "%s"\nsha256 = "%s"\nroles = [%s]\n' "$1" "$1" \
    "$(sha256sum <"$state/tokens/$1" | cut -d' ' -f1)" "$2"
  [ -z "${3:-}" ] || printf 'zone = "%s"\n' "$3"
}

json_text() { printf '%s' "$1" | sed 's/[\\"]/\\&/g'; }

shop_configure() {
  answer=$state/answer.json
  free_ports
  controller_url=http://127.0.0.1:$first
  jobs_url=http://127.0.0.1:$((first + 1))
  zone_url=http://127.0.0.1:$((first + 2))
  old_mask=$(umask)
  umask 077
  mkdir -p "$state/tokens" "$state/backups" "$state/logs"
  for name in archivist reviewer controller jobs zone; do token $name; done

  {
    printf '[store]\nurl = "sqlite://%s/jobs.db"\n[http]\nlisten = "%s"\n' "$state" "${jobs_url#http://}"
    printf '[controller]\nurl = "%s"\ntokenFile = "%s/tokens/jobs"\n' "$controller_url" "$state"
    grant archivist '"owner", "approver"'
    grant reviewer '"owner", "approver"'
    grant controller '"jobs"'
  } >"$state/jobs.toml"
  {
    printf '[zone]\nname = "files"\ndriver = "files"\nlisten = "%s"\n' "${zone_url#http://}"
    printf 'state = "%s/zone.db"\nsources = ["%s"]\n' "$state" "$(json_text "$source")"
    printf '[results]\nurl = "%s"\ntokenFile = "%s/tokens/zone"\n' "$controller_url" "$state"
    printf '[files]\nengine = "archive"\nroot = "%s/backups"\n' "$state"
    grant controller '"operator"'
  } >"$state/zone.toml"
  {
    printf '[store]\nurl = "sqlite://%s/controller.db"\n' "$state"
    printf '[jobs]\nurl = "%s"\ntokenFile = "%s/tokens/controller"\n' "$jobs_url" "$state"
    printf '[[zone]]\nname = "files"\nurl = "%s"\ntokenFile = "%s/tokens/controller"\n' "$zone_url" "$state"
    printf '[http]\nlisten = "%s"\n' "${controller_url#http://}"
    grant archivist '"requester", "owner"'
    grant reviewer '"approver", "operator", "auditor"'
    grant jobs '"jobs"'
    grant zone '"zone"' files
  } >"$state/controller.toml"
  umask "$old_mask"
}

# start_server NAME PROGRAM URL: returns when it says that it is ready.
start_server() {
  log=$state/logs/$1.log
  [ -x "$2" ] || fail "there is no program $2"
  "$2" --config "$state/$1.toml" >>"$log" 2>&1 </dev/null &
  pid=$!
  eval "${1}_pid=$pid"
  tries=0
  until [ "$(curl --noproxy '*' -s -o /dev/null -w '%{http_code}' --max-time 2 "$3/readyz")" = 200 ]; do
    kill -0 $pid 2>/dev/null || fail_with_log "$(basename "$2") ended at its start" "$log"
    tries=$((tries + 1))
    [ $tries -le 300 ] || fail_with_log "$(basename "$2") is not ready after half a minute" "$log"
    sleep 0.1
  done
}

shop_stop() {
  for pid in $controller_pid $zone_pid $jobs_pid; do kill -TERM "$pid" 2>/dev/null; done
  for pid in $controller_pid $zone_pid $jobs_pid; do wait "$pid" 2>/dev/null; done
  controller_pid= zone_pid= jobs_pid=
}

# command_line WHO ARGUMENTS...: backupctl, the way that a person would; the document goes to $answer.
command_line() {
  who=$1
  shift
  "$programs/backupctl" --controller "$controller_url" --jobs "$jobs_url" --token-file "$state/tokens/$who" \
    --output json "$@" >"$answer" 2>"$state/said.txt" </dev/null
}
as() {
  command_line "$@" || fail "backupctl $2 $3, as $1: $(cat "$state/said.txt")"
}
# as_refused WHO CODE ARGUMENTS...: it must be refused, with this code.
as_refused() {
  who=$1 code=$2
  shift 2
  if command_line "$who" "$@"; then fail "backupctl $1 $2, as $who, should have been refused"; fi
  grep -q "$code" "$state/said.txt" || fail "backupctl $1 $2, as $who, failed otherwise: $(cat "$state/said.txt")"
}

# ask WHO URL: the answer's body goes to $answer, its status to $status.
ask() {
  status=$(curl --noproxy '*' -sS --max-time 30 -o "$answer" -w '%{http_code}' -H "@$state/tokens/$1.header" "$2" \
    2>"$state/said.txt")
}
get() {
  ask "$1" "$2"
  [ "$status" = 200 ] || fail "GET $2 answered $status: $(cat "$state/said.txt") $(cut -c1-600 "$answer" 2>/dev/null)"
}

# member NAME, number NAME: the first such member of the last answer.
member() { grep -o "\"$1\":\"[^\"]*\"" "$answer" | head -n 1 | cut -d'"' -f4; }
number() { grep -o "\"$1\":[0-9]*" "$answer" | head -n 1 | cut -d: -f2; }

# The zone is asked directly: the controller must not be needed to see what happens when it is gone.
zone_progress() {
  ask controller "$zone_url/zone/commands/$request"
  [ "$status" = 200 ] || return 1
  zone_state=$(member stateCode)
  zone_says=$zone_state
  entries=$(number entries)
  total=$(number totalEntries)
  [ -z "$entries" ] || zone_says="$zone_state, $(member phase) $entries${total:+ of $total} entries"
}

await_zone_at_work() {
  tries=0
  while :; do
    if zone_progress; then
      meanwhile "zone: $zone_says"
      [ "$zone_state" = Finished ] && return 0
      [ "$zone_state" = Running ] && [ "${entries:-0}" -gt 0 ] && return 0
    fi
    tries=$((tries + 1))
    [ $tries -le 600 ] || fail_with_log "the zone does not work on the request after half a minute" "$state/logs/zone.log"
    sleep 0.05
  done
}

await_end() {
  while :; do
    get archivist "$controller_url/api/backup-requests/$request"
    request_state=$(member stateCode)
    case $request_state in
      Succeeded) return 0 ;;
      NotAllowed | Failed | Cancelled) fail "the request ended $request_state: $(cat "$answer")" ;;
    esac
    kill -0 "$zone_pid" 2>/dev/null || fail_with_log "the zone has ended" "$state/logs/zone.log"
    kill -0 "$controller_pid" 2>/dev/null || fail_with_log "the controller has ended" "$state/logs/controller.log"
    zone_progress && meanwhile "request $request_state, zone: $zone_says"
    sleep 0.1
  done
}

show_history() {
  grep -o '"stateCode":"[^"]*","time":"[^"]*"' "$answer" |
    sed -E 's/"stateCode":"([^"]*)","time":"[^T]*T([0-9:.]*)Z"/\2  \1/; s/^/      /'
}

what_next() {
  cat <<TEXT

${bold}All three stay up until Ctrl-C.${plain} In another terminal:
  export BACKUPCTL_CONTROLLER=$controller_url BACKUPCTL_JOBS=$jobs_url
  export BACKUPCTL_TOKEN_FILE=$state/tokens/archivist PATH=$programs:\$PATH
  backupctl request show $request
  backupctl request submit --job $job --source $source --as-of $today --wait
  backupctl backup list
  backupctl --token-file $state/tokens/reviewer status
  tar --zstd -tvf $archive | head
Logs: $state/logs. What the words mean: docs/concepts.md.
TEXT
}

stay_up() {
  while sleep 1; do
    for name in jobs zone controller; do
      eval "pid=\$${name}_pid"
      kill -0 "$pid" 2>/dev/null || fail_with_log "the $name process has ended" "$state/logs/$name.log"
    done
  done
}
