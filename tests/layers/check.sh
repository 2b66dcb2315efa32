#!/bin/sh
# check.sh [TREE]: proves on the sources that dependencies point inward, and that nobody but lib/system reads the clock
# or makes random numbers. Prints every violation and fails when there is one.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$here/../..}" || exit 2

files=$(find include lib hosts examples -name '*.hpp' -o -name '*.cpp' 2>/dev/null | sort)
[ -n "$files" ] || { echo "check.sh: no C++ files under $(pwd)"; exit 2; }
status=0

# Paths in this project have no blanks: the list may be split into words.
# shellcheck disable=SC2086
awk -f "$here/includes.awk" "$here/rules.txt" $files || status=1

# Time and randomness are injected: what decides by them can then be tested and simulated.
# shellcheck disable=SC2086
if grep -nE '(system_clock|steady_clock|high_resolution_clock)::now *\(|random_device|std::s?rand\b|\barc4random|\bgetrandom *\(' \
  $(printf '%s\n' $files | grep -v '^lib/system/') /dev/null; then
  echo "the lines above read the clock or make random numbers by themselves: take a Clock, a Random or an IdSource"
  status=1
fi

[ $status -ne 0 ] || echo "layers: $(printf '%s\n' "$files" | wc -l) files, every include points inward"
exit $status
