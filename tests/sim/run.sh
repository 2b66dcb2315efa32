#!/bin/sh
# run.sh PROGRAM SEEDS PROCESSES: the simulation's seeds 1 to SEEDS, divided among so many processes. Each prints its sum;
# the first failing seed of each is named with the command that runs it again.
set -u
program=$1 seeds=$2 processes=$3
share=$(((seeds + processes - 1) / processes))
pids=
i=0
while [ "$i" -lt "$processes" ]; do
  BACKUPCTL_SIM_FIRST=$((i * share + 1)) BACKUPCTL_SIM_SEEDS=$share "$program" --gtest_brief=1 &
  pids="$pids $!"
  i=$((i + 1))
done
failed=0
for pid in $pids; do wait "$pid" || failed=1; done
[ $failed -eq 0 ] || echo "A failing seed alone: BACKUPCTL_SIM_SEED=N BACKUPCTL_SIM_TRACE=1 $program"
exit $failed
