#!/bin/sh
# headers_alone.sh CXX [FLAGS...]: compiles every installed header by itself, so that an embedder may include any of
# them first. The flags are those that find the dependencies.
set -u
cd "$(dirname "$0")/../../include" || exit 2
[ $# -gt 0 ] || { echo "usage: headers_alone.sh CXX [FLAGS...]"; exit 2; }

find backupctl -name '*.hpp' | sort | xargs -P 2 -I{} sh -c '
  header=$1
  shift
  printf "#include \"%s\"\n#include \"%s\"\n" "$header" "$header" |
    "$@" -std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Wshadow -Werror -I. -x c++ - ||
    { echo "FAILED: $header does not compile alone"; exit 1; }
' sh {} "$@" || exit 1
echo "layers: $(find backupctl -name '*.hpp' | wc -l) public headers compile alone"
