#!/bin/sh
# Builds the digit reader for a Cortex-M4: a runtime with only its kernels, the model as an array, one ELF file for the board.
#   build.sh OUTPUT_FOLDER       (etc-compile and etc-inspect in PATH, or in ETC_COMPILE and ETC_INSPECT)
# Run it:  qemu-system-arm -machine mps2-an386 -nographic -semihosting -kernel OUTPUT_FOLDER/digits.elf
set -eu
here=$(cd "$(dirname "$0")" && pwd)
source=$here/../..
mkdir -p "$1"
out=$(cd "$1" && pwd)
model=$here/../digits/digits.pt2

"${ETC_COMPILE:-etc-compile}" "$model" --cpu generic -o "$out/digits.etc"
"${ETC_COMPILE:-etc-compile}" "$model" --cpu generic --emit c -o "$out/digits.c"
"${ETC_INSPECT:-etc-inspect}" --ops "$out/digits.etc" >"$out/ops.txt"

[ -f "$out/runtime/build.ninja" ] ||
  meson setup "$out/runtime" "$source" --cross-file "$source/cross/cortex-m4.ini" --buildtype=minsize -Dops="@$out/ops.txt" >/dev/null
ninja -C "$out/runtime" --quiet lib/libetc-core.a ops/libetc-ops.a

cpu="-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -Os -ffunction-sections -fdata-sections"
arm-none-eabi-gcc $cpu -c "$out/digits.c" -o "$out/digits.o"
arm-none-eabi-g++ $cpu -std=c++17 -fno-exceptions -fno-rtti -I"$source/lib" -I"$here" "$here/main.cc" "$here/startup.cc" "$out/digits.o" \
  "$out/runtime/ops/libetc-ops.a" "$out/runtime/lib/libetc-core.a" \
  -nostartfiles --specs=nano.specs -T "$here/mps2_an386.ld" -Wl,--gc-sections -Wl,-Map="$out/digits.map" -o "$out/digits.elf"
arm-none-eabi-size "$out/digits.elf"
