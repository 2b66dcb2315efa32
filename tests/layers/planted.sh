#!/bin/sh
# The test of the layer check: each planted violation must be found and named, and clean files must pass.
set -u
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d) || exit 2
trap 'rm -rf "$tree"' EXIT
failures=0

# plant FILE TEXT: a tree with this one file.
plant() {
  rm -rf "${tree:?}/lib" "$tree/hosts" "$tree/include" "$tree/examples"
  mkdir -p "$tree/$(dirname "$1")"
  printf '%s\n' "$2" >"$tree/$1"
}
refused() {
  plant "$1" "$2"
  if out=$(sh "$here/check.sh" "$tree" 2>&1); then
    echo "FAILED: not found in $1: $2"
    failures=$((failures + 1))
  elif ! printf '%s' "$out" | grep -q "$1"; then
    echo "FAILED: found, but without the name of $1: $out"
    failures=$((failures + 1))
  fi
}
accepted() {
  plant "$1" "$2"
  if ! out=$(sh "$here/check.sh" "$tree" 2>&1); then
    echo "FAILED: refused in $1: $2: $out"
    failures=$((failures + 1))
  fi
}

refused lib/domain/a.cpp '#include <boost/json/value.hpp>'
refused lib/domain/a.cpp '#include "app/committer.hpp"'
refused lib/domain/a.cpp '#include <unistd.h>'
refused lib/app/a.cpp '#include <boost/asio/io_context.hpp>'
refused lib/app/a.cpp '#include "system/worker_threads.hpp"'
refused lib/app/a.hpp '#include "backupctl/soci/store.hpp"'
refused lib/wire/a.cpp '#include <soci/soci.h>'
refused lib/soci/a.cpp '#include <boost/json/value.hpp>'
refused lib/soci/a.cpp '#include "http/client.hpp"'
refused lib/http/a.cpp '#include "app/committer.hpp"'
refused lib/http/a.cpp '#include "soci/ground/sqlite_store.hpp"'
refused lib/config/a.cpp '#include <boost/beast/http.hpp>'
refused lib/filedrop/a.cpp '#include <boost/json/value.hpp>'
refused lib/filedrop/a.cpp '#include "app/context.hpp"'
refused hosts/filedrop/a.cpp '#include "filedrop/drop.hpp"'
refused hosts/zone/a.cpp '#include "domain/decisions.hpp"'
refused hosts/zone/drivers/files/a.cpp '#include "app/context.hpp"'
refused hosts/zone/a.cpp '#include <soci/soci.h>'
refused hosts/jobs/a.cpp '#include "app/context.hpp"'
refused hosts/http/a.cpp '#include "app/committer.hpp"'
refused hosts/controller/a.cpp '#include "domain/decisions.hpp"'
refused hosts/cli/a.cpp '#include "soci/sqlite/repository.hpp"'
accepted hosts/cli/a.cpp '#include "backupctl/soci/store.hpp"'
refused include/backupctl/a.hpp '#include "domain/decisions.hpp"'
refused include/backupctl/a.hpp '#include <boost/asio/post.hpp>'
refused include/backupctl/a.hpp '#include "backupctl/http/runtime.hpp"'
refused include/backupctl/soci/a.hpp '#include <soci/soci.h>'
refused examples/a.cpp '#include "domain/decisions.hpp"'
refused lib/domain/a.cpp '#include "../app/committer.hpp"'
refused lib/domain/a.cpp '  #  include "app/committer.hpp"'
refused lib/nowhere/a.cpp '#include <vector>'
refused lib/app/a.cpp 'auto now = std::chrono::system_clock::now();'
refused hosts/zone/a.cpp 'auto now = std::chrono::steady_clock::now();'
refused lib/http/a.cpp 'std::random_device device;'
refused lib/wire/a.cpp 'int x = std::rand();'

accepted lib/domain/a.cpp '#include <vector>
#include <boost/uuid/uuid.hpp>
#include "backupctl/time.hpp"
#include "domain/decisions.hpp"'
accepted lib/app/a.cpp '#include "domain/decisions.hpp"'
accepted lib/soci/a.cpp '#include <soci/soci.h>'
accepted lib/http/a.cpp '#include <boost/beast/http.hpp>'
accepted lib/system/a.cpp 'auto now = std::chrono::system_clock::now(); std::random_device device;'
accepted hosts/zone/a.cpp '#include "soci/ground/sqlite_store.hpp"'
accepted hosts/jobs/a.cpp '#include "workflow.hpp"'

[ $failures -eq 0 ] && echo "layers: every planted violation was found"
exit $((failures > 0))
