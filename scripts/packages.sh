#!/bin/sh
# Installs what is missing from Debian: packages.sh WORD, where WORD is build, test, cross or cross-all. Needs root or sudo only if something is missing.
set -eu
build="g++ meson ninja-build pkg-config capnproto libcapnp-dev libzip-dev libsimdjson-dev libcli11-dev"
test="$build libgtest-dev libxnnpack-dev libpthreadpool-dev libdnnl-dev python3-venv mandoc cmake"
cross="g++-i686-linux-gnu g++-aarch64-linux-gnu gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib qemu-user qemu-system-arm"
case ${1:-build} in
  build) wanted=$build ;;
  test) wanted=$test ;;
  cross) wanted=$cross ;;
  cross-all) wanted="$cross g++-arm-linux-gnueabihf g++-riscv64-linux-gnu clang-14" ;;
  *) echo "packages.sh: say build, test, cross or cross-all" >&2; exit 2 ;;
esac
missing=""
for package in $wanted; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "install ok installed" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
# A tool that is there without its package (meson from pip) is good enough.
still=""
for package in $missing; do
  case $package in
    meson) command -v meson >/dev/null || still="$still $package" ;;
    ninja-build) command -v ninja >/dev/null || still="$still $package" ;;
    *) still="$still $package" ;;
  esac
done
[ -n "$still" ] || exit 0
root=""
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "packages.sh: these Debian packages are missing and this is not root:$still" >&2; exit 4; }
  root=sudo
fi
echo "installing:$still" >&2
$root apt-get update -qq
$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $still >/dev/null
