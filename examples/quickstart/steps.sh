# How run.sh tells what it does. Sourced by it.

bold= plain= green= red=
if [ -t 1 ]; then
  bold=$(printf '\033[1m') green=$(printf '\033[32m') red=$(printf '\033[31m') plain=$(printf '\033[0m')
fi

now() { date +%s%N; }
first_begun=$(now)
step_begun=$first_begun

# since MOMENT: "0.4 s" or "3 min 20 s".
since() {
  ms=$((($(now) - $1) / 1000000))
  if [ $ms -lt 60000 ]; then
    printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
  else
    printf '%d min %02d s' $((ms / 60000)) $((ms / 1000 % 60))
  fi
}

title() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }

# step TEXT: what has just been done, and how long it took since the step before.
step() {
  [ -t 1 ] && printf '\r\033[K'
  printf '  %s✓%s %-68s %9s\n' "$green" "$plain" "$1" "$(since "$step_begun")"
  step_begun=$(now)
}

# meanwhile TEXT: what is going on, on a terminal only; the next step writes over it.
meanwhile() { [ -t 1 ] && printf '\r\033[K  … %s' "$1"; }

fail() {
  [ -t 1 ] && printf '\r\033[K'
  printf '  %s✗ %s%s\n' "$red" "$1" "$plain" >&2
  exit 1
}

# fail_with_log TEXT FILE
fail_with_log() {
  [ -t 1 ] && printf '\r\033[K'
  printf '  %s✗ %s%s\n' "$red" "$1" "$plain" >&2
  printf '    the last lines of %s:\n' "$2" >&2
  tail -n 15 "$2" | sed 's/^/    /' >&2
  exit 1
}

build_programs() {
  log=$build/build.log
  mkdir -p "$build"
  if [ ! -f "$build/build.ninja" ]; then
    cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBACKUPCTL_BUILD_TESTS=OFF \
      -DCMAKE_UNITY_BUILD=ON >"$log" 2>&1 ||
      fail_with_log "the build could not be set up" "$log"
  fi
  cmake --build "$build" --target backupctl-jobs backupctl-zone backupctl-http backupctl >"$log" 2>&1 &
  compiler=$!
  while kill -0 $compiler 2>/dev/null; do
    meanwhile "compiling $(grep -o '^\[[0-9]*/[0-9]*\]' "$log" | tail -n 1)"
    sleep 1
  done
  wait $compiler || fail_with_log "the build failed" "$log"
}
