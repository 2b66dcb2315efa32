#!/bin/sh
# run.sh PROGRAM SECONDS JOBS: every target for so long, from the kept corpus; what is found stays in build/fuzz/found.
# A finding that is mended becomes a kept input: copy it to tests/fuzz/corpus/TARGET under a name that says what it is.
set -u
program=$1 seconds=$2 jobs=$3
here=$(cd "$(dirname "$0")" && pwd)
work=build/fuzz
mkdir -p "$work/found"

# The counts are libFuzzer's own last line: "Done 1234567 runs in 31 second(s)".
one() {
  target=$1
  mkdir -p "$work/corpus/$target"
  log=$work/$target.log
  if BACKUPCTL_FUZZ_TARGET=$target "$program" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 -max_len=8192 \
    -artifact_prefix="$work/found/$target-" "$work/corpus/$target" "$here/corpus/$target" >"$log" 2>&1; then
    printf '%-14s %s\n' "$target" "$(grep '^Done ' "$log")"
  else
    printf '%-14s FOUND, see %s\n' "$target" "$log"
    grep -E 'broken:|ERROR|runtime error|SUMMARY|Test unit written' "$log"
    return 1
  fi
}

bad=0
set -- $(ls "$here/corpus")
while [ $# -gt 0 ]; do
  pids= i=0
  while [ $i -lt "$jobs" ] && [ $# -gt 0 ]; do
    one "$1" & pids="$pids $!"
    shift
    i=$((i + 1))
  done
  for pid in $pids; do wait "$pid" || bad=1; done
done
exit $bad
