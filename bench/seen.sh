# seen: how soon a controller takes up work that another process has left in the store. Sourced by run.sh.

# start_for NAME ZONE: a controller on $store that has this zone alone. Sets $pid and $address.
start_for() {
  {
    printf '[store]\nurl = "%s"\n[http]\nlisten = "127.0.0.1:0"\n' "$store"
    printf '[jobs]\nurl = "%s"\ntokenFile = "%s"\n' "$jobs_url" "$folder/controller.token"
    printf '[[zone]]\nname = "%s"\nurl = "http://127.0.0.1:9"\n' "$2"
    printf '[retry]\nfirstDelay = "5m"\n[breaker]\nfailures = 1000\n'
    grant night '"requester", "operator"'
  } >"$folder/$1.toml"
  chmod 600 "$folder/$1.toml"
  rm -f "$folder/$1.log"
  start "$1" "$programs/backupctl-http" --config "$folder/$1.toml"
  await "the controller" "$folder/$1.log" address_in "$folder/$1.log"
  address=$(address_in "$folder/$1.log")
}

tried() {
  ask -H "Authorization: Bearer $(cat "$folder/night.token")" "http://$asked/api/backup-requests/$made" |
    grep -q '"send":[1-9]'
}

# seen ENGINE: one controller admits requests for a zone that only the other has, which is idle in between. The time runs
# from the admission to the first try to send it.
seen() {
  new_store "$1"
  start_for asked elsewhere
  asked=$address asked_pid=$pid
  start_for sender files
  sender_pid=$pid
  : >"$folder/seen"
  for number in 1 2 3 4 5 6 7 8 9; do
    sleep "0.$number"
    made=$(post night "http://$asked/api/backup-requests" '{"apiVersion":"2026-11-01","backupJobId":"'"$(head -n 1 "$folder/jobs")"'",
      "backupSourcePath":"/data/ledger/'$number'","dataAsOfDate":"2021-01-08"}') || fail "not admitted: $made"
    begun=$(date +%s%N)
    made=$(printf '%s' "$made" | grep -o '"backupRequestId":"[^"]*"' | cut -d'"' -f4)
    await "the sender" "$folder/sender.log" tried
    echo $((($(date +%s%N) - begun) / 1000000)) >>"$folder/seen"
  done
  end "$sender_pid"
  end "$asked_pid"
  drop_store
  sort -n -o "$folder/seen" "$folder/seen"
  tell seen "$1" "$(sed -n 5p "$folder/seen") ms" - - "at most $(tail -n 1 "$folder/seen") ms, looked for every 50 ms"
}
