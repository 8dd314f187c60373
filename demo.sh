#!/bin/sh
# The first command: installs what is missing, builds, compiles the shipped model and reads a handwritten digit with it. No Python in it.
set -eu
cd "$(dirname "$0")"
scripts/packages.sh build
[ -f build/build.ninja ] || meson setup build >/dev/null
echo "building (some minutes the first time) ..." >&2
meson compile -C build >build/compile.log 2>&1 || { tail -30 build/compile.log >&2; exit 4; }
build/src/compile/etc-compile examples/digits/digits.pt2 -o build/digits.etc
echo "a handwritten seven, read by build/digits.etc:"
build/src/run/etc-run build/digits.etc image=examples/digits/seven.npy
