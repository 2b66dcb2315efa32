# lone: one request at a time, with every sync slowed: in how many syncs each is answered. Sourced by run.sh.

# lone ENGINE
lone() {
  new_environment=
  if [ "$1" = sqlite ]; then
    new_environment=LD_PRELOAD=$shim
  else
    stop_postgresql
    start_postgresql LD_PRELOAD="$shim"
  fi
  new_store "$1"
  start_controller $new_environment
  alone() { load "$controller" --connections 1 --at-most "$1" --milliseconds 600000 || fail "no load"; }
  slowed() { value syncs_per_second "$(LD_PRELOAD=$shim "$programs/bench_sync_probe" "$folder")"; }
  alone 10 >/dev/null # warm
  slowed=$(slowed)
  measured=$(alone "$lone")
  slowed=$((($(slowed) + slowed) / 2))
  end "$controller_pid"
  drop_store
  if [ "$1" = postgresql ]; then
    stop_postgresql
    start_postgresql
  fi
  tell lone "$1" "$(value per_second "$measured")" - - "$(awk -v p50="$(value p50_ms "$measured")" \
    -v p99="$(value p99_ms "$measured")" -v s="$slowed" \
    'BEGIN { printf "p50 %.2f p99 %.2f ms: %.2f and %.2f syncs of %.2f ms", p50, p99, p50 * s / 1000, p99 * s / 1000, 1000 / s }')"
}
