#!/bin/sh
# Installs into an empty folder, checks that all is there, and builds and runs the embedding example with nothing but that.
#   install.sh MESON BUILD SOURCE COMPILER...
set -eu
meson=$1 build=$2 source=$3
shift 3
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

DESTDIR='' "$meson" install -C "$build" --no-rebuild --quiet --destdir "$root/installed" >"$root/log" 2>&1 || { cat "$root/log"; exit 1; }
prefix=$(dirname "$(dirname "$(find "$root/installed" -path '*/bin/etc-compile')")")

for file in bin/etc-compile bin/etc-run bin/etc-inspect include/etc/base.h include/etc/method.h include/etc/op.h include/etc/program.h \
  include/etc/compile/compiler_plugin.h include/etc/compile/ir/graph.h \
  include/etc/tensor.h include/etc/etc.h include/etc/delegate.h include/etc/host/async.h include/etc/host/trace.h include/etc-host/host/memory.h share/etc/program.capnp share/man/man1/etc-compile.1 share/man/man1/etc-run.1 share/man/man1/etc-inspect.1 \
  share/man/man5/etc-program.5 share/bash-completion/completions/etc-run share/zsh/site-functions/_etc-run share/fish/vendor_completions.d/etc-run.fish; do
  [ -s "$prefix/$file" ] || { echo "not installed: $file"; exit 1; }
done
"$prefix/bin/etc-run" --version

# Outside of the tree: the example, its arrays, and what pkg-config says.
mkdir "$root/elsewhere"
cp "$source/examples/embed/embed.cc" "$build/examples/embed/digits.inc" "$build/examples/embed/three.inc" "$root/elsewhere"
cd "$root/elsewhere"
cp "$source/tests/c_api/c_api_test.c" "$source/tests/install/host_consumer.cc" .
"$prefix/bin/etc-compile" "$source/examples/digits/digits.pt2" --emit c -o digits.c 2>log || { cat log; exit 1; }
"$prefix/bin/etc-compile" "$source/examples/digits/digits.pt2" -o digits.etc 2>log || { cat log; exit 1; }
pkgconfig=$(dirname "$(find "$root/installed" -name etc.pc)")
flags_of() {
  PKG_CONFIG_LIBDIR="$pkgconfig:$(pkg-config --variable pc_path pkg-config)" PKG_CONFIG_SYSROOT_DIR="$root/installed" \
    PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 pkg-config --cflags --libs "$@"
}
# shellcheck disable=SC2046 # the flags are words
"$@" -std=c++17 -Wall -Wextra -Werror embed.cc $(flags_of etc) -o embed
./embed

# From C, linked without any C++ library.
if command -v gcc >/dev/null; then
  # shellcheck disable=SC2046
  gcc -std=c99 -pedantic -Wall -Wextra -Werror c_api_test.c digits.c $(flags_of etc) -o c_api_test
  ./c_api_test
fi

# With threads, files and memory of the system.
# shellcheck disable=SC2046
"$@" -std=c++20 -Wall -Wextra -Werror host_consumer.cc $(flags_of etc etc-host) -o host_consumer
./host_consumer digits.etc

# The same three with CMake.
if command -v cmake >/dev/null; then
  cp "$source/tests/install/CMakeLists.txt" .
  { cmake -S . -B cmake-build -DCMAKE_PREFIX_PATH="$prefix" && cmake --build cmake-build; } >log 2>&1 || { cat log; exit 1; }
  cmake-build/embed
  cmake-build/c_api_test
  cmake-build/host_consumer digits.etc
fi

# A plugin of the compiler, which fits this build and no other.
installed() {
  PKG_CONFIG_LIBDIR="$pkgconfig:$(pkg-config --variable pc_path pkg-config)" PKG_CONFIG_SYSROOT_DIR="$root/installed" \
    PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 pkg-config --cflags "$1"
}
cp "$source/examples/compiler_pass/fuse_snake.cc" "$source/examples/custom_op/snake.cc" "$source/examples/digits/digits.pt2" .
# shellcheck disable=SC2046 # the flags are words
"$@" -Wall -Wextra -Werror -shared -fPIC fuse_snake.cc $(installed etc-compile) -o fuse_snake.so
"$prefix/bin/etc-compile" --plugin fuse_snake.so --time-passes digits.pt2 2>passes
grep -q fuse-snake passes
"$prefix/bin/etc-compile" --plugin fuse_snake.so --disable-pass=fuse-snake --time-passes digits.pt2 2>passes
if grep -q fuse-snake passes; then echo "a plugin's pass cannot be disabled"; exit 1; fi
# shellcheck disable=SC2046
"$@" -Wall -Wextra -Werror -shared -fPIC "$source/examples/backend/negate_partition.cc" $(installed etc-compile) -o negate_partition.so
"$prefix/bin/etc-compile" --plugin negate_partition.so --backend negate --explain-partition digits.pt2 >partition 2>log || { cat log; exit 1; }
grep -q 'negate: only negations' partition
mkdir other
printf '#pragma once\n#define ETC_BUILD_ID "etc of yesterday"\n' >other/build_id.h
sed 's/#include "compiler_plugin.h"/#include "build_id.h"\n&/' fuse_snake.cc >other/fuse_snake.cc
sed -i 's/^#define ETC_BUILD_ID.*//' "$prefix/include/etc/compile/build_id.h"
# shellcheck disable=SC2046
"$@" -shared -fPIC other/fuse_snake.cc $(installed etc-compile) -o other.so
code=0
"$prefix/bin/etc-compile" --plugin other.so digits.pt2 2>refused || code=$?
[ $code = 4 ] && grep -q 'built for etc of yesterday' refused || { cat refused; echo "a plugin of another build: exit code $code"; exit 1; }

# A kernel for --ops.
# shellcheck disable=SC2046
"$@" -std=c++17 -Wall -Wextra -Werror -O2 -shared -fPIC snake.cc $(installed etc) -o snake.so
"$prefix/bin/etc-run" digits.etc --ops snake.so "$source/examples/digits/three.npy" >digit
# A backend outside of the tree, and the suite that says whether it conforms.
# shellcheck disable=SC2046
"$@" -std=c++17 -Wall -Wextra -Werror -O2 -fPIC -shared "$source/examples/backend/negate_delegate.cc" $(installed etc) -o negate.so
if [ -x "$prefix/bin/etc-backend-test" ] && [ -f "$build/backends/conformance/negations-negate.etc" ]; then
  "$prefix/bin/etc-backend-test" ./negate.so "$build/backends/conformance/negations-negate.etc" "$build/backends/conformance/negations.etc" >"$root/log" ||
    { cat "$root/log"; exit 1; }
fi

# The whole program, kernels included, asks for no heap.
if command -v nm >/dev/null && nm -uC embed | grep -E '\b(malloc|calloc|realloc|free|operator (new|delete))'; then
  echo "embed uses the heap"
  exit 1
fi
