#!/bin/sh
# load.sh [--programs DIR] [--connections N] [--seconds S]: how many requests a second the controller's host accepts.
# Each post is a new request with a key of its own; a 202 comes after the commit. There is no zone: accepting alone is
# measured. Prints the machine's load and a probe of its disk beside the figures, for they mean little without. Needs wrk.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
programs=$here/../build/release/bin connections=32 seconds=10
while [ $# -gt 1 ]; do
  case $1 in
    --programs) programs=$2 ;;
    --connections) connections=$2 ;;
    --seconds) seconds=$2 ;;
    *) echo "load.sh: what is $1?" >&2; exit 2 ;;
  esac
  shift 2
done
[ $# -eq 0 ] || { echo "load.sh: $1 needs a value" >&2; exit 2; }
command -v wrk >/dev/null || { echo "load.sh needs wrk: apt-get install wrk" >&2; exit 1; }
[ -x "$programs/backupctl-http" ] || { echo "load.sh: no backupctl-http in $programs" >&2; exit 1; }

folder=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; wait 2>/dev/null; rm -rf "$folder"' EXIT

cat >"$folder/jobs.toml" <<TOML
[[job]]
backupJobId = "0190a000-0000-7000-8000-000000000002"
zone = "nowhere"
storagePath = "ledger"
daysToKeep = 3650
allowedRequesters = ["local"]
backupSourceRoots = ["/data/ledger"]
TOML
cat >"$folder/controller.toml" <<TOML
[store]
url = "sqlite://$folder/controller.db"
[jobs]
url = "file://$folder/jobs.toml"
[http]
listen = "127.0.0.1:0"
TOML

"$programs/backupctl-http" --config "$folder/controller.toml" 2>"$folder/log" &
pid=$!
tries=0
until address=$(sed -n 's/.*"msg":"listening".*"address":"\([^"]*\)".*/\1/p' "$folder/log") && [ -n "$address" ]; do
  tries=$((tries + 1))
  { [ $tries -le 100 ] && kill -0 $pid 2>/dev/null; } || { cat "$folder/log" >&2; exit 1; }
  sleep 0.1
done

echo "load average: $(cut -d' ' -f1-3 /proc/loadavg)"
echo "disk: 1,000 synced writes of 4 KiB in $(
  dd if=/dev/zero of="$folder/probe" bs=4k count=1000 oflag=dsync 2>&1 | sed -n 's/.*copied, \([^,]*\),.*/\1/p'
)"
wrk --threads 1 --connections "$connections" --duration "${seconds}s" --latency --script "$here/load.lua" \
  "http://$address/api/backup-requests"
