#!/bin/sh
# install-packages.sh build|test|quickstart...: makes sure that the Debian packages of these purposes are there. Says
# what is missing before it installs anything, installs nothing that is there, removes nothing.
set -u

packages=
for purpose in "$@"; do
  case $purpose in
    build) packages="$packages g++ cmake ninja-build libboost1.81-dev libboost-json1.81-dev libsoci-dev libpq-dev
                     libsqlite3-dev libssl-dev libarchive-dev libtomlplusplus-dev libcli11-dev
                     libcurl4-openssl-dev libjemalloc-dev" ;;
    test) packages="$packages libgtest-dev libgmock-dev libbenchmark-dev clang clang-format clang-tidy
                     libclang-rt-14-dev git postgresql
                     python3-aiosmtpd" ;;
    quickstart) packages="$packages curl tar zstd" ;;
    *) echo "install-packages.sh: no such purpose: $purpose" >&2; exit 2 ;;
  esac
done

fail() {
  echo "cannot go on: $*" >&2
  exit 1
}

command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
  fail "this is no Debian system (no apt-get); install the equivalents of:$(printf ' %s' $packages)"

missing=
for package in $packages; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
done
if [ -z "$missing" ]; then
  echo "packages: all there"
  exit 0
fi

echo "packages to install with apt-get (1 to 2 GB on a bare system; nothing is removed):"
echo " $missing" | fold -s -w 100 | sed 's/^ */  /'

as_root=
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || fail "installing needs root, and there is no sudo; as root: apt-get install$missing"
  as_root=sudo
  if [ ! -t 0 ] && ! sudo -n true 2>/dev/null; then
    fail "installing needs root, and sudo would ask for a password; as root: apt-get install$missing"
  fi
fi

log=$(mktemp) || fail "no temporary file could be made"
trap 'rm -f "$log"' EXIT
run() {
  $as_root env DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1 </dev/null && return 0
  tail -n 15 "$log" >&2
  return 1
}
run apt-get update || fail "apt-get update failed (above): is the package archive reachable?"
run apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends --no-remove $missing ||
  fail "apt-get could not install:$missing (its last words are above)"
echo "packages: installed"
