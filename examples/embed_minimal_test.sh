#!/bin/sh
# Runs the example twice on one store: the copy is made and equal, and the key answers with the same request.
set -eu
program=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo "balance 42" >"$folder/ledger"
mkdir "$folder/copies"

first=$("$program" "$folder/store.db" "$folder/ledger" "$folder/copies")
echo "first: $first"
id=${first%% *}
[ "$first" = "$id Succeeded" ]
cmp "$folder/ledger" "$folder/copies/$id"

second=$("$program" "$folder/store.db" "$folder/ledger" "$folder/copies")
echo "second: $second"
[ "$second" = "$first" ]
[ "$(ls "$folder/copies")" = "$id" ]

# A source that cannot be copied ends as Failed, and the program says so by its exit code.
mkdir "$folder/no-file"
if third=$("$program" "$folder/other.db" "$folder/no-file" "$folder/copies"); then exit 1; fi
echo "third: $third"
[ "${third#* }" = Failed ]
