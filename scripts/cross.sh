#!/bin/sh
# Builds the runtime for other machines and runs models there under QEMU, compared with this machine's bits and PyTorch's numbers.
#   cross.sh few [TARGET...]    what CI does: i686, aarch64 and a bare Cortex-M4, with a few models and just their kernels
#   cross.sh all [TARGET...]    every target with every model of the corpus; about 40 minutes on two cores
# Needs what ./test.sh makes: build/ and .venv; other places in ETC_BUILD and ETC_PYTHON.
set -eu
cd "$(dirname "$0")/.."
models=${1:-few}
case $models in
  few) targets="i686 aarch64 cortex-m4" packages=cross ;;
  all) targets="x86-64-gcc x86-64-clang i686 aarch64 armv7 riscv64 cortex-m4" packages=cross-all ;;
  *) echo "cross.sh: say few or all" >&2; exit 2 ;;
esac
shift $(($# > 0))
[ $# -gt 0 ] && targets=$*
scripts/packages.sh "$packages"
export ETC_BUILD="${ETC_BUILD:-$PWD/build}"
# shellcheck disable=SC2086 # the targets are words
exec "${ETC_PYTHON:-.venv/bin/python}" tests/cross/cross.py --models "$models" --out "$ETC_BUILD/cross-$models" $targets
