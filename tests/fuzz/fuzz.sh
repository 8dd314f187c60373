#!/bin/sh
# Compiles a few models, then damages programs and models: fuzz.sh FUZZ_PROGRAM FUZZ_PT2 ETC_COMPILE SOURCE_ROOT
# Counts: 10,000 programs and 2,000 models (ETC_FUZZ_PROGRAMS, ETC_FUZZ_MODELS change them). Memory is capped at 2 GiB by the sanitizers' own
# limit when they are on, since they map terabytes that they do not use; by ulimit otherwise.
set -eu
here=$(pwd)
absolute_path() { case $1 in /*) echo "$1" ;; *) echo "$here/$1" ;; esac; }
program=$(absolute_path "$1") pt2=$(absolute_path "$2") compile=$(absolute_path "$3") root=$4
export ASAN_OPTIONS="max_allocation_size_mb=2048:allocator_may_return_null=0:hard_rss_limit_mb=4096:detect_leaks=0"
export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1"
if ! nm "$program" 2>/dev/null | grep -q __asan_init; then ulimit -v 4194304; fi
work=$(mktemp -d fuzz.XXXXXX)
trap 'rm -rf "$here/$work"' EXIT
models=$root/examples/digits/digits.pt2
for corpus in "${ETC_CORPUS:-}" "$root/../shared/corpus" "$root/build/corpus"; do
  [ -n "$corpus" ] && [ -f "$corpus/manifest.json" ] || continue
  for name in activations convnet.core kv_index_put mutate_view norms sdpa shape_ops indexing gru lstm conv_kinds broadcast dtype_int shared_storage nested_io; do
    [ -f "$corpus/$name.pt2" ] && models="$models $corpus/$name.pt2"
  done
  break
done
programs=""
for model in $models; do
  out=$work/$(basename "$model" .pt2).etc
  if "$compile" "$model" -o "$out" 2>/dev/null; then programs="$programs $out"; fi
done
cd "$work"
absolute=""
for p in $programs; do absolute="$absolute ../$p"; done
"$program" "${ETC_FUZZ_PROGRAMS:-10000}" 1 $absolute
"$pt2" "${ETC_FUZZ_MODELS:-2000}" 1 $models
