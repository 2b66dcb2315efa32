# Whole lives through real processes: requests over HTTP, the check over HTTP, a zone over HTTP, and its results back.
# Sourced by run.sh.

# start_flow ENVIRONMENT...: the load zone, and a controller on $store that sends to it. The zone has to know where its
# results go before there is a controller.
start_flow() {
  port=$(free_port)
  {
    printf '[store]\nurl = "%s"\n[http]\nlisten = "127.0.0.1:%s"\n' "$store" "$port"
    printf '[jobs]\nurl = "%s"\ntokenFile = "%s"\n' "$jobs_url" "$folder/controller.token"
    grant night '"requester", "operator"'
    grant left '"zone"'
    printf 'zone = "files"\n'
  } >"$folder/controller.toml"
  [ -s "$folder/told.token" ] || grant told '"operator"' >/dev/null
  rm -f "$folder/zone.log" "$folder/controller.log"
  start zone "$programs/bench_load_zone" --token-file "$folder/told.token" --results "http://127.0.0.1:$port" \
    --results-token-file "$folder/left.token" --connections "$connections"
  zone_pid=$pid
  await "the zone" "$folder/zone.log" grep . "$folder/zone.log"
  printf '[[zone]]\nname = "files"\nurl = "http://%s"\ntokenFile = "%s"\nmaxInFlight = 10000\n' \
    "$(head -n 1 "$folder/zone.log")" "$folder/told.token" >>"$folder/controller.toml"
  chmod 600 "$folder/controller.toml"
  start controller env "$@" "$programs/backupctl-http" --config "$folder/controller.toml"
  controller_pid=$pid
  await "the controller" "$folder/controller.log" address_in "$folder/controller.log"
  controller=$(address_in "$folder/controller.log")
}

ticks_of() { awk '{ all += $14 + $15 } END { print all + 0 }' $(printf '/proc/%s/stat ' "$@") 2>/dev/null; }

# What the processes of the server have taken that are there now: the controller's connections stay.
server_ticks() {
  [ "$1" = postgresql ] || { echo 0; return; }
  server=$(head -n 1 "$postgresql_data/postmaster.pid")
  ticks_of $(cat "/proc/$server/task/$server/children")
}

succeeded() { metric 'backupctl_requests_total{transport="HTTP",state="Succeeded"}'; }
ended() { [ "$(succeeded)" = "$1" ]; }

# lives_ended COUNT: waits until so many have succeeded.
lives_ended() {
  for _ in $(awk 'BEGIN { for (i = 0; i < 3000; ++i) print i }'); do
    ! ended "$1" || return 0
    sleep 0.02
  done
  fail "$(succeeded) of $1 lives have ended"
}

micros() { awk -v t="$1" -v hz="$(getconf CLK_TCK)" -v n="$2" 'BEGIN { printf "%.0f", t * 1e6 / hz / n }'; }

# flow ENGINE: the time runs from the first request to the end of the last life.
flow() {
  new_store "$1"
  start_flow
  warm=$(value admitted "$(load "$controller")") && [ "$warm" -gt 0 ] || fail "no load"
  lives_ended "$warm"
  spent=$(ticks) zone_spent=$(ticks_of "$zone_pid") jobs_spent=$(ticks_of "$jobs_pid") server_spent=$(server_ticks "$1")
  commits=$(metric backupctl_commits_total) commands=$(metric backupctl_commands_total)
  begun=$(date +%s%N)
  measured=$(load "$controller") || fail "no load"
  admitted=$(value admitted "$measured")
  lives_ended $((warm + admitted))
  taken=$(($(date +%s%N) - begun))
  commits=$(($(metric backupctl_commits_total) - commits)) commands=$(($(metric backupctl_commands_total) - commands))
  cpu=$(micros $(($(ticks) - spent)) "$admitted")
  others="load $(value cpu_us "$measured") zone $(micros $(($(ticks_of "$zone_pid") - zone_spent)) "$admitted")"
  others="$others jobs $(micros $(($(ticks_of "$jobs_pid") - jobs_spent)) "$admitted")"
  [ "$1" = sqlite ] || others="$others server $(micros $(($(server_ticks "$1") - server_spent)) "$admitted")"
  end "$controller_pid"
  end "$zone_pid"
  stored=$(bare --write nothing)
  [ "$(value requests "$stored")" -eq $((warm + admitted)) ] && [ "$(value succeeded "$stored")" -eq $((warm + admitted)) ] &&
    [ "$(value backups "$stored")" -eq $((warm + admitted)) ] ||
    fail "$((warm + admitted)) requests were admitted; in the store: $stored"
  drop_store
  group=$(((commands + commits / 2) / commits))
  new_store "$1"
  measured_bare=$(bare --write lives --group "$group" --results-wait "$(results_wait "$commands" "$admitted")") || fail "the bare loop does not run"
  bare=$(value per_second "$measured_bare")
  drop_store
  ours=$(awk -v n="$admitted" -v t="$taken" 'BEGIN { printf "%.0f", n / t * 1e9 }')
  keep flow "$1" "$ours"
  tell flow "$1" "$ours" "$bare" "$(ratio "$ours" "$bare")" \
    "group $group, $(ratio "$commands" "$admitted") commands a life; $cpu:$(value cpu_us "$measured_bare") us"
  echo "            beside it: $others us a life; p99 of the answers $(value p99_ms "$measured") ms"
}
