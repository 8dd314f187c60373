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
  include/etc/tensor.h share/etc/program.capnp share/man/man1/etc-compile.1 share/man/man1/etc-run.1 share/man/man1/etc-inspect.1 \
  share/man/man5/etc-program.5 share/bash-completion/completions/etc-run share/zsh/site-functions/_etc-run share/fish/vendor_completions.d/etc-run.fish; do
  [ -s "$prefix/$file" ] || { echo "not installed: $file"; exit 1; }
done
"$prefix/bin/etc-run" --version

# Outside of the tree: the example, its arrays, and what pkg-config says.
mkdir "$root/elsewhere"
cp "$source/examples/embed/embed.cc" "$build/examples/embed/digits.inc" "$build/examples/embed/three.inc" "$root/elsewhere"
cd "$root/elsewhere"
pkgconfig=$(dirname "$(find "$root/installed" -name etc.pc)")
flags=$(PKG_CONFIG_LIBDIR="$pkgconfig" PKG_CONFIG_SYSROOT_DIR="$root/installed" PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 \
  pkg-config --cflags --libs etc)
# shellcheck disable=SC2086 # the flags are words
"$@" -std=c++17 -Wall -Wextra -Werror embed.cc $flags -o embed
./embed

# The whole program, kernels included, asks for no heap.
if command -v nm >/dev/null && nm -uC embed | grep -E '\b(malloc|calloc|realloc|free|operator (new|delete))'; then
  echo "embed uses the heap"
  exit 1
fi
