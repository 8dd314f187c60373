#!/bin/sh
# Writes a header that tells this build of the compiler from all others: the version, the compiler, and a sum over the headers that a
# plugin includes.
#   build_id.sh OUTPUT VERSION COMPILER HEADERS...
set -eu
output=$1 version=$2 compiler=$3
shift 3
sum=$(cat "$@" | cksum | cut -d' ' -f1)
printf '// What tells one build of etc-compile from another; generated.\n#pragma once\n#define ETC_BUILD_ID "etc %s (%s, headers %s)"\n' \
  "$version" "$compiler" "$sum" > "$output"
