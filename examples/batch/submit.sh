#!/bin/sh
# submit.sh FILE [--wait]: hands a file of backup requests (.json, or .jsonl with one a line) to backupctl-filedrop.
# BACKUPCTL_DROP is its folder; BACKUPCTL_TIMEOUT how many seconds to wait. Killed and run again with the same file it
# goes on where it was: the same name and content are the same requests.
# Ends with 0 Succeeded or (without --wait) dropped, 2 Invalid or bad usage, 3 NotAllowed, 4 Failed, 5 Cancelled,
# 6 time-out, 1 anything else.
set -eu
drop=${BACKUPCTL_DROP:-/var/spool/backupctl} left=${BACKUPCTL_TIMEOUT:-86400} file=${1:-} wait=${2:-}
usage() { echo "usage: submit.sh FILE.json|FILE.jsonl [--wait]${1:+ ($1)}" >&2; exit 2; }
case $wait in '' | --wait) ;; *) usage "what is $wait?" ;; esac
case $file in *.json) kind=json ;; *.jsonl) kind=jsonl ;; *) usage ;; esac
[ -r "$file" ] || usage "$file cannot be read"
name=$(basename "$file" ".$kind")-$(sha256sum <"$file" | cut -c 1-16)
end=$drop/outbox/$name.end.json
if ! [ -e "$drop/outbox/$name.receipt.jsonl" ]; then
  trap 'rm -f "$drop/inbox/$name.$$.tmp"' EXIT
  cp "$file" "$drop/inbox/$name.$$.tmp"
  mv "$drop/inbox/$name.$$.tmp" "$drop/inbox/$name.$kind"
fi
echo "$name"
[ -n "$wait" ] || exit 0
until [ -e "$end" ]; do
  [ "$left" -gt 0 ] || { echo "no end yet: $end" >&2; exit 6; }
  left=$((left - 1)); sleep 1
done
cat "$end"
case $(sed 's/^{"outcome":"\([A-Za-z]*\)".*/\1/' "$end") in
  Succeeded) exit 0 ;; Invalid) exit 2 ;; NotAllowed) exit 3 ;; Failed) exit 4 ;; Cancelled) exit 5 ;; *) exit 1 ;;
esac
