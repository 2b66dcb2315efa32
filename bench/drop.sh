# drop: one file of very many requests, through backupctl-filedrop. Sourced by run.sh.

# start_file_drop: on $store, its zone paused. Sets what start_controller sets, and $spool.
start_file_drop() {
  spool=$folder/spool$stores
  {
    printf '[store]\nurl = "%s"\n[http]\nlisten = "127.0.0.1:0"\n' "$store"
    printf '[jobs]\nurl = "%s"\ntokenFile = "%s"\n' "$jobs_url" "$folder/controller.token"
    printf '[[zone]]\nname = "files"\nurl = "http://127.0.0.1:9"\n'
    printf '[filedrop]\nfolder = "%s"\ntrusted = ["%s"]\n' "$spool" "$(id -un)"
    grant night '"operator"'
  } >"$folder/controller.toml"
  chmod 600 "$folder/controller.toml"
  rm -f "$folder/controller.log"
  start controller "$programs/backupctl-filedrop" --config "$folder/controller.toml"
  controller_pid=$pid
  await "the file drop" "$folder/controller.log" grep '"watching"' "$folder/controller.log"
  await "its listener" "$folder/controller.log" address_in "$folder/controller.log"
  controller=$(address_in "$folder/controller.log")
  made=$(post night "http://$controller/api/zones/files/pause" '{"reason":"measuring"}') ||
    fail "the zone is not paused: $made"
}

# file_of COUNT: a line for each request, for the ten jobs in turn; the line makes the key.
file_of() {
  awk -v count="$1" '{ jobs[NR - 1] = $0 }
    END { for (i = 0; i < count; ++i) printf "{\"apiVersion\":\"2026-11-01\",\"backupJobId\":\"%s\"," \
      "\"backupSourcePath\":\"/data/ledger/%d\",\"dataAsOfDate\":\"2021-%02d-%02d\",\"requesterId\":\"night\"}\n",
      jobs[i % NR], i, 1 + int(i / 28) % 12, 1 + i % 28 }' "$folder/jobs"
}

# until_so WHAT COMMAND...: unless the controller goes, or 60 s and 20 ms a line have passed.
until_so() {
  what=$1 latest=$(($(date +%s) + 60 + lines / 50))
  shift
  until "$@"; do
    kill -0 "$controller_pid" 2>/dev/null && [ "$(date +%s)" -lt "$latest" ] ||
      { tail -n 15 "$folder/controller.log" >&2; fail "no $what"; }
    sleep 0.05
  done
}
checked() { [ "$(metric 'backupctl_requests_total{transport="FileDrop",state="Allowed"}')" = "$lines" ]; }
all_told() { [ "$(cat "$spool"/outbox/night.*.jsonl | grep -c '"stateCode":"Allowed"')" -ge "$lines" ]; }
# told_once: how many lines were told of; what takes so long is not looked at while the time runs.
told_once() { grep -h '"stateCode":"Allowed"' "$spool"/outbox/night.*.jsonl | cut -d, -f1 | sort -u | wc -l; }
since() { awk -v n="$lines" -v t="$(($(date +%s%N) - $1))" 'BEGIN { printf "%.0f", n / t * 1e9 }'; }

# drop ENGINE: the time runs from the renaming until each line has been checked and its submitter told. The bare loop
# writes in groups as large as ours were.
drop() {
  new_store "$1"
  start_file_drop
  file_of "$lines" >"$spool/inbox/night.tmp"
  commits_before=$(metric backupctl_commits_total) commands_before=$(metric backupctl_commands_total) spent=$(ticks)
  resident=$(resident)
  begun=$(date +%s%N)
  mv "$spool/inbox/night.tmp" "$spool/inbox/night.jsonl"
  until_so receipt test -e "$spool/outbox/night.receipt.jsonl"
  durable=$(since "$begun")
  until_so "end of the checks" checked
  until_so "last state" all_told
  ours=$(since "$begun")
  [ "$(told_once)" -eq "$lines" ] || fail "not every line was told of"
  commits=$(($(metric backupctl_commits_total) - commits_before))
  commands=$(($(metric backupctl_commands_total) - commands_before))
  cpu=$((($(ticks) - spent) * 1000000 / $(getconf CLK_TCK) / lines))
  most=$(resident_at_most)
  end "$controller_pid"
  [ "$(stored requests)" -eq "$lines" ] || fail "$lines lines, $(stored requests) requests"
  rm -rf "$spool"
  drop_store
  bare_admissions "$1" "$lines" "--rows $lines --milliseconds 3600000"
  tell drop "$1" "$ours" "$bare" "$(ratio "$ours" "$bare")" \
    "durable $durable/s, group $group, $once commit(s); $cpu us"
  echo "            $lines lines; resident $resident MiB before, $most MiB at most"
}
