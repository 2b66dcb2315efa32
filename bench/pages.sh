# pages: lists and single rows of a large store over HTTP, at an even pace, while requests are admitted. Sourced by run.sh.

few=100000 # rows of the store that a larger one stands beside

# kinds_of_pages: a line "kind target" for each page, of the requests in $folder/sample and their jobs.
kinds_of_pages() {
  while read -r id job; do
    cat <<TEXT
request /api/backup-requests/$id
history /api/backup-requests/$id/history
requests-of-job /api/backup-requests?backupJobId=$job
requests-of-job-older /api/backup-requests?backupJobId=$job&cursor=r$(echo "$id" | tr -d -)
requests-Succeeded /api/backup-requests?stateCode=Succeeded
requests-Allowed /api/backup-requests?stateCode=Allowed
requests-Failed /api/backup-requests?stateCode=Failed
requests-of-job-Failed /api/backup-requests?backupJobId=$job&stateCode=Failed
backup-of-request /api/backups?backupRequestId=$id
backups-of-job /api/backups?backupJobId=$job
backups-of-job-of-date /api/backups?backupJobId=$job&dataAsOfFrom=2021-02-03&dataAsOfTo=2021-02-03
backups-Stored /api/backups?stateCode=Stored
backups-Missing /api/backups?stateCode=Missing
TEXT
  done <"$folder/sample"
}

# pages_of ENGINE ROWS: beside what $few rows took in this run, if that was measured.
pages_of() {
  new_store "$1"
  group=$(($2 < 10000 ? 10 : 1000))
  # PostgreSQL need not look for each row's parent: all of them are there.
  PGOPTIONS="-c session_replication_role=replica" "$programs/bench_bare" --store "$store" --write ended --rows "$2" \
    --group "$group" --milliseconds 36000000 --jobs "$folder/jobs" --sample "$folder/sample.all" >/dev/null || fail "no rows"
  awk -v each=$((1 + $2 / group / 200)) 'NR % each == 0' "$folder/sample.all" >"$folder/sample"
  [ "$1" = sqlite ] || "$postgresql/psql" -q -d "$store" -c "VACUUM ANALYZE" -c CHECKPOINT || fail "no vacuum"
  kinds_of_pages >"$folder/pages"
  start_controller
  load "$controller" >/dev/null || fail "no load" # warm
  before=$(value per_second "$(load "$controller")")
  read_pages >"$folder/pages.told" 2>"$folder/pages.log" &
  reader=$!
  ours=$(value per_second "$(load "$controller")")
  wait "$reader" || { cat "$folder/pages.log" >&2; fail "no pages"; }
  after=$(value per_second "$(load "$controller")")
  end "$controller_pid"
  drop_store
  without=$(((before + after) / 2))
  worst=$(awk '{ split($5, p, "="); if (p[2] + 0 > most) { most = p[2] + 0; kind = $1 } }
    END { sub("kind=", "", kind); printf "p99 %.1f ms of %s", most, kind }' "$folder/pages.told")
  tell pages "$1" "$ours" "$without" "$(ratio "$ours" "$without")" "$2 rows; $worst"
  while read -r told; do
    kind=$(value kind "$told") p50=$(value p50_ms "$told") p99=$(value p99_ms "$told")
    beside=
    if [ "$2" -eq $few ]; then
      keep "p50.$kind" "$1" "$p50"
      keep "p99.$kind" "$1" "$p99"
    elif [ -n "$(told "p50.$kind" "$1")" ]; then
      beside="; $(ratio "$p50" "$(told "p50.$kind" "$1")") and $(ratio "$p99" "$(told "p99.$kind" "$1")") of $few rows"
    fi
    [ "$(value refused "$told")" = 0 ] || beside="$beside; $(value refused "$told") were refused"
    echo "            $kind: p50 $p50 p99 $p99 ms, $(value answers "$told") of $(value bytes "$told") bytes$beside"
  done <"$folder/pages.told"
}

read_pages() {
  "$programs/bench_pages" --to "$controller" --pages "$folder/pages" --token-file "$folder/night.token" \
    --per-second "$pages" --milliseconds "$milliseconds"
}

# pages ENGINE: ours/s is what is admitted with pages read, bare/s without.
pages() {
  [ "$rows_stored" -le $few ] || pages_of "$1" $few
  pages_of "$1" "$rows_stored"
}
