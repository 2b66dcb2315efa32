# peers: what people would use instead, on the same PostgreSQL server with the same durability. Beside each stands what the
# controller did in this run, where that row was measured before: its admissions beside a job that is added, its whole
# lives beside one that is fetched and completed. Sourced by run.sh.

peers() {
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    echo "            no peers: there is no node, or no npm"
    return 0
  fi
  if [ ! -d "$folder/peers" ]; then
    mkdir "$folder/peers"
    cp "$here"/peers/package.json "$here"/peers/package-lock.json "$here"/peers/peers.mjs "$folder/peers"
    (cd "$folder/peers" && timeout 60 npm ci --no-audit --no-fund --ignore-scripts --fetch-retries 0) >"$folder/npm.log" 2>&1 ||
      : >"$folder/peers/none"
  fi
  if [ -e "$folder/peers/none" ]; then
    echo "            no peers: npm does not install them: $(grep -v '^$' "$folder/npm.log" | head -n 1)"
    return 0
  fi
  new_store postgresql
  timeout 900 node "$folder/peers/peers.mjs" "$store" "$milliseconds" "$lives" >"$folder/peers.out" 2>"$folder/peers.log" ||
    { tail -n 15 "$folder/peers.log" >&2; fail "the peers do not run"; }
  drop_store
  while read -r name per_second at_once; do
    case $name in
      *-send* | *-insert* | *-add-*) like=admissions ;;
      *) like=lives ;;
    esac
    ours=$(told $like postgresql)
    tell peers postgresql "${ours:--}" "$per_second" "${ours:+$(ratio "$ours" "$per_second")}" \
      "$name, $at_once at once; ours: $like"
  done <"$folder/peers.out"
}
