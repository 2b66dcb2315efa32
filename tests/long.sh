#!/bin/sh
# long.sh: the proofs that do not fit into run.sh, at their full size, on a build without sanitizers; about two hours,
# half of it for 100,000 dropped files.
# What each prints is kept in docs/proof.md with its date and command. `sh tests/run.sh --long` ends with this.
set -u
cd "$(dirname "$0")/.." || exit 2
log=build/test-logs/long.log
mkdir -p build/test-logs || exit 2
: >"$log"
bad=0

# prove VARIABLE=VALUE PROGRAM FILTER: one row of docs/proof.md.
prove() {
  echo "$1 $2 --gtest_filter='$3'"
  begun=$(date +%s)
  if env "$1" "build/dev/bin/$2" --gtest_filter="$3" >"$log.one" 2>&1; then
    said=$(grep -vE '^(\[|Note:|Running main|$)' "$log.one" | tail -n 3 | tr '\n' ';' | sed 's/;$//; s/;/; /g; s/|/\//g')
    row="| $(date -u +%F) | \`$1 $2 --gtest_filter='$3'\` | $said ($(($(date +%s) - begun)) s) |"
    echo "$row" >>docs/proof.md
    echo "  $said"
  else
    bad=$((bad + 1))
    tail -n 30 "$log.one"
  fi
  cat "$log.one" >>"$log"
}

cmake --preset dev >>"$log" 2>&1 && cmake --build --preset dev -j "$(nproc)" >>"$log" 2>&1 || { tail -n 30 "$log"; exit 1; }
prove BACKUPCTL_POWER_IMAGES=5000 store_crash_tests 'PowerLoss.Nothing*'
prove BACKUPCTL_EVERY_CALL=1 store_crash_tests '*Disk*'
prove BACKUPCTL_KILLS=1000 random_kill_test '*'
prove BACKUPCTL_KILLS=300 filedrop_kill_test 'FileDropKill*'
prove BACKUPCTL_OPEN_REQUESTS=100000 host_crash_tests 'Many*'
prove BACKUPCTL_STORE_CRASHES=60 several_hosts_test '*LoseNothing*'
prove BACKUPCTL_FAIRNESS_SECONDS=20 one_file_test '*'
prove BACKUPCTL_SIM_SEEDS=3000 drop_simulation_tests '*EachLine*'
prove BACKUPCTL_LINES=1000000 filedrop_program_test 'LongFile*'
prove BACKUPCTL_FILES=100000 filedrop_program_test 'ManyFiles*'
rm -f "$log.one"
[ $bad -eq 0 ] || echo "$bad failed; all of it: $log"
[ $bad -eq 0 ]
