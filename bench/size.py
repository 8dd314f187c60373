"""Writes bench/SIZE.md: bytes of a program that opens, verifies, loads and runs a model, from the core alone up to every kernel.

    size.py MOBILENET_OPS.txt [OUT_FOLDER]       (the list is `etc-inspect --ops` of MobileNetV2)

Each rung is a selective build (-Dops) at -Os, linked with --gc-sections. Needs arm-none-eabi-g++ with newlib beside what the build needs.
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FLAGS = "-std=c++17 -Os -DNDEBUG -fno-exceptions -fno-rtti -ffunction-sections -fdata-sections -fno-pie".split()
M4 = "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16".split()
TARGETS = {
    "x86-64": (["g++"], "size", [], ["-nostdlib", "-no-pie", "-r", "-Wl,-u,size_main", "-Wl,-e,size_main"]),
    "Cortex-M4": (["arm-none-eabi-g++", *M4], "arm-none-eabi-size", ["--cross-file", "cross/cortex-m4.ini"],
                  ["-nostdlib", "-r", "-Wl,-u,size_main", "-Wl,-e,size_main"]),
}
# Own code of ExecuTorch main cff6f4dd32e6 with the same flags and compilers (its parts after --gc-sections, by linker map), without and with
# verification; the kernels of its portable library by object.
EXECUTORCH = {
    "core": {"x86-64": "27,528 (35.7 K with verification), bss 48,297", "Cortex-M4": "13,952 + 5,600 (19,326 + 5,600 with verification), bss 24,136"},
    "add": {"x86-64": "+ 22.5 K", "Cortex-M4": "+ 15,521"},
    "all": {"x86-64": "1,565,466", "Cortex-M4": ""},
}


def run(*command, **options):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True, **options).stdout


def measure(target, ops, core, with_ops, folder):
    """(text, data, bss) of what is linked."""
    compiler, size, options, link = TARGETS[target]
    build = folder / re.sub(r"\W", "-", f"{target} {Path(ops).name} {core}")
    if not (build / "build.ninja").exists():
        run("meson", "setup", build, ROOT, "--buildtype=minsize", "-Db_staticpic=false", "-Db_ndebug=true", "-Dtools=disabled",
            "-Dtests=disabled", f"-Dops={ops}", f"-Dcore={core}", *options, cwd=ROOT)
    run("ninja", "-C", build, "lib/libetc-core.a", "ops/libetc-ops.a")
    main = folder / "main.o"
    run(*compiler, *FLAGS, *(["-DSIZE_WITH_OPS"] if with_ops else []), f"-I{ROOT}/lib", "-c", ROOT / "bench/size_main.cc", "-o", main)
    run(*compiler, *link, "-Wl,--gc-sections", main, build / "ops/libetc-ops.a", build / "lib/libetc-core.a", "-o", folder / "linked")
    return tuple(map(int, run(size, folder / "linked").splitlines()[-1].split()[:3]))


def rungs(mobilenet):
    add = "aten::add.Tensor"
    (f32 := Path(mobilenet).with_name("add.txt")).write_text(f"{add} f32\n")
    return [
        ("core, `-Dcore=[]`: fixed sizes, control flow", add, "[]", False, "core"),
        ("core, `-Dcore=delegates`: fixed sizes, control flow, delegates", add, "['delegates']", False, ""),
        ("core with all parts: dynamic sizes, delegates", add, "['dynamic','delegates']", False, ""),
        ("core `[]` + add for float32", f"@{f32}", "[]", True, ""),
        ("core `[]` + add for all ten dtypes", add, "[]", True, "add"),
        ("core `[]` + MobileNetV2's kernels", f"@{mobilenet}", "[]", True, ""),
        ("everything: all parts, kernels, dtypes", "all", "['dynamic','delegates']", True, "all"),
    ]


def main(mobilenet, out=None):
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(out or temporary).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        ops = folder / "mobilenet_v2.txt"
        ops.write_text(Path(mobilenet).read_text())
        lines = []
        for name, *build, peer in rungs(ops):
            for target in TARGETS:
                text, data, bss = measure(target, *build, folder)
                lines.append(f"| {name} | {target} | {text:,} | {data:,} | {bss:,} | {EXECUTORCH.get(peer, {}).get(target, '')} |")
                print(lines[-1], flush=True)
    page = ROOT / "bench" / "SIZE.md"
    text = page.read_text()
    head, tail = text[:text.index("| rung")], text[text.index("\n\n", text.index("| rung")):]
    page.write_text(head + "| rung | target | text | data | bss | ExecuTorch, text |\n|---|---|---|---|---|---|\n" + "\n".join(lines) + tail)


if __name__ == "__main__":
    main(*sys.argv[1:]) if len(sys.argv) in (2, 3) else sys.exit(__doc__)
