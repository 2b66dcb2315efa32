#!/bin/sh
# run.sh: installs what is missing, builds, and runs every check and test. Needs a Debian 12 machine; the network only
# for packages that are missing. Ends with "N passed, N failed" and fails when anything did. With --long it also runs
# the proofs at their full size and keeps their figures in docs/proof.md.
set -u
long=
case ${1:-} in
  '') ;;
  --long) long=1 ;;
  *) echo "run.sh: what is $1? It takes --long or nothing" >&2; exit 2 ;;
esac
cd "$(dirname "$0")/.." || exit 2
jobs=$(nproc 2>/dev/null || echo 2)
logs=build/test-logs
mkdir -p $logs || exit 2
exec </dev/null
export BACKUPCTL_TEST_SERVERS=required # elsewhere, tests skip what needs a server that is not installed

passed=0 failed=0 started=$(date +%s) report=

# stage BUDGET_MINUTES NAME COMMAND...: runs the command, counts it and prints how long it took against its budget.
stage() {
  budget=$1 name=$2
  shift 2
  printf '\n== %s (budget %s min)\n' "$name" "$budget"
  begun=$(date +%s)
  if "$@"; then
    verdict=ok
    passed=$((passed + 1))
  else
    verdict=FAILED
    failed=$((failed + 1))
  fi
  took=$(($(date +%s) - begun))
  over=
  [ $took -le $((budget * 60)) ] || over=', over its budget'
  line=$(printf '%-34s %-6s %3d min %02d s of %2d min%s' "$name" $verdict $((took / 60)) $((took % 60)) "$budget" "$over")
  echo "== $line"
  report="$report$line
"
  [ $verdict = ok ]
}

# quietly NAME COMMAND...: output to a log; its end is shown when the command fails.
quietly() {
  log=$logs/$1.log
  shift
  "$@" >"$log" 2>&1 && return 0
  tail -n 60 "$log"
  echo "(all of it: $log)"
  return 1
}

finish() {
  printf '\n%s' "$report"
  took=$(($(date +%s) - started))
  printf '%-34s        %3d min %02d s of 35 min\n\n' 'all' $((took / 60)) $((took % 60))
  echo "$passed passed, $failed failed"
  [ $failed -eq 0 ]
  exit
}

cpp_files() {
  git ls-files -- '*.cpp' '*.hpp' 2>/dev/null | grep . || find include lib hosts examples tests bench -name '*.[ch]pp'
}

format() { cpp_files | xargs clang-format --dry-run -Werror; }

# Whole suite under AddressSanitizer and UndefinedBehaviorSanitizer. No compiler cache is counted on.
build_asan() {
  quietly asan-configure cmake --preset asan -DBACKUPCTL_WERROR=ON -DBACKUPCTL_BUILD_BENCH=ON &&
    quietly asan-build cmake --build --preset asan -j "$jobs" && tail -n 1 $logs/asan-build.log
}

# The core with all of its threads, and the simulation, under ThreadSanitizer.
build_tsan() {
  quietly tsan-configure cmake --preset tsan -DBACKUPCTL_WERROR=ON &&
    quietly tsan-build cmake --build --preset tsan -j "$jobs" --target thread_tests && tail -n 1 $logs/tsan-build.log
}

# The simulation without sanitizers, for its seeds: a thousand a second and core.
build_simulation() {
  quietly simulation-configure cmake --preset simulation -DBACKUPCTL_WERROR=ON &&
    quietly simulation-build cmake --build --preset simulation -j "$jobs" --target simulation_tests planted_bugs_tests
}

simulate() {
  quietly simulation sh tests/sim/run.sh build/simulation/bin/simulation_tests "${BACKUPCTL_SEEDS:-200000}" "$jobs" &&
    grep ' seeds, ' $logs/simulation.log
}

# Each planted bug is a test of its own: divided among the cores.
planted_bugs() {
  quietly planted-bugs sh -c 'pids= i=0
    while [ $i -lt "$1" ]; do
      GTEST_TOTAL_SHARDS=$1 GTEST_SHARD_INDEX=$i build/simulation/bin/planted_bugs_tests --gtest_brief=1 & pids="$pids $!"
      i=$((i + 1))
    done
    for pid in $pids; do wait "$pid" || exit 1; done' planted "$jobs" && grep -c '^bug ' $logs/planted-bugs.log
}

# Everything that reads what others wrote, on bytes that nobody thought of.
build_fuzz() {
  quietly fuzz-configure cmake --preset fuzz -DBACKUPCTL_WERROR=ON &&
    quietly fuzz-build cmake --build --preset fuzz -j "$jobs" --target fuzz && tail -n 1 $logs/fuzz-build.log
}
fuzz() { sh tests/fuzz/run.sh build/fuzz/bin/fuzz "${BACKUPCTL_FUZZ_SECONDS:-30}" "$jobs"; }

# run_ctest PRESET ARGUMENTS...: adds the tests' own numbers to the sum. Half of the tests wait for other processes.
run_ctest() {
  preset=$1
  shift
  ctest --preset "$preset" -j $((jobs * 2)) --no-tests=error --output-junit "$(pwd)/$logs/$preset.xml" "$@" >$logs/$preset-tests.log 2>&1
  status=$?
  closing=$(grep -E '^[0-9]+% tests passed, [0-9]+ tests? failed out of [0-9]+' $logs/$preset-tests.log)
  if [ -n "$closing" ]; then
    bad=$(echo "$closing" | sed -E 's/.*, ([0-9]+) tests? failed.*/\1/')
    all=$(echo "$closing" | sed -E 's/.* out of ([0-9]+).*/\1/')
    passed=$((passed + all - bad))
    failed=$((failed + bad))
    echo "$closing"
  fi
  [ $status -eq 0 ] && return 0
  grep -vE '^ *(Start +[0-9]+:|[0-9]+/[0-9]+ Test +#[0-9]+: .* Passed )' $logs/$preset-tests.log | tail -n 150
  echo "(all of it: $logs/$preset-tests.log)"
  return 1
}

# The compile commands of a build that is not made: those of the others join files into units.
tidy() {
  quietly dev-configure cmake --preset dev || return 1
  find lib/domain lib/app -name '*.cpp' | sort |
    xargs -n 1 -P "$jobs" clang-tidy -p build/dev --quiet --warnings-as-errors='*' 2>$logs/tidy.err
}

# With the programs that are built already: a build of its own would take as long as that one did.
quickstart() {
  shop=$(mktemp -d) || return 1
  quietly quickstart sh examples/quickstart/run.sh --once --programs build/asan/bin --state "$shop" --source lib &&
    tail -n 12 $logs/quickstart.log
  result=$?
  rm -rf "$shop"
  return $result
}

echo "This installs the packages that the tests need, builds into build/ and takes up to 35 minutes on 2 cores."
stage 1 'packages' sh cmake/install-packages.sh build test quickstart || finish
stage 1 'format' format
if stage 9 'build, ASan and UBSan' build_asan; then
  stage 6 'all tests, ASan and UBSan' run_ctest asan
  stage 1 'quickstart' quickstart
  stage 2 'clang-tidy over the core' tidy
fi
if stage 2 'build, simulation' build_simulation; then
  stage 3 'simulation, 200,000 seeds' simulate
  stage 1 'planted bugs' planted_bugs
fi
if stage 1 'build, fuzzing' build_fuzz; then
  stage 3 'fuzzing, 30 s a target' fuzz
fi
if stage 3 'build, TSan' build_tsan; then
  # The simulation has one thread: here it is run for the code it shares, not for its seeds.
  export BACKUPCTL_SIM_SEEDS=50
  stage 1 'core, simulation, a server, TSan' run_ctest tsan -L threads
fi
if [ -n "$long" ]; then
  stage 60 'long proofs' sh tests/long.sh
fi
finish
