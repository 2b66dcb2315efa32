#!/bin/sh
# Runs the example twice on one store: the second time every message leads to the first one's request.
set -eu
program=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for run in 1 2; do
  "$program" "$folder/store.db" >"$folder/out"
  cat "$folder/out"
  for line in 'good taken' 'good Succeeded' 'outside taken' 'outside NotAllowed' 'broken refused: invalid-request'; do
    grep -qx "$line" "$folder/out" || { echo "run $run: no line \"$line\""; exit 1; }
  done
done
