#!/bin/sh
# Measures etc beside other runtimes and writes bench/RESULTS.md: makes a virtual environment with PyTorch and the peers, builds etc, then
# compare.py does the rest. README.md tells what is measured; run.sh --help lists the options.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$root/build-release
venv=""
previous=""
for word in "$@"; do
  case $word in
    --build=*) build=${word#*=} ;;
    --venv=*) venv=${word#*=} ;;
  esac
  case $previous in
    --build) build=$word ;;
    --venv) venv=$word ;;
  esac
  previous=$word
done
venv=${venv:-$build/peers}

[ -f "$build/build.ninja" ] || meson setup "$build" "$root" --buildtype=release -Dtests=disabled >&2
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
if ! "$venv/bin/python" -c 'import torch, numpy; assert torch.__version__.split("+")[0] == "2.13.0"' 2>/dev/null; then
  "$venv/bin/pip" install -q torch==2.13.0 >&2
  "$venv/bin/pip" install -q numpy >&2
fi
# One peer at a time: who cannot be installed is missing in the tables, the others are there.
grep -v '^#' "$here/peers.txt" | while read -r words; do
  done=$venv/installed-$(echo "$words" | cksum | cut -d' ' -f1)
  [ -f "$done" ] && continue
  # shellcheck disable=SC2086
  if "$venv/bin/pip" install -q torch==2.13.0 $words >&2; then
    touch "$done"
  else
    echo "run.sh: pip cannot install $words; the comparison goes on without" >&2
  fi
done
meson compile -C "$build" etc-compile bench-etc-worker bench-limits >&2
exec "$venv/bin/python" "$here/compare.py" "$@"
