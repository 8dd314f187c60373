"""Builds the runtime for other machines and runs models there under QEMU: do they give the host's bits, and PyTorch's numbers?

    cross.py [--models few|all] [--out FOLDER] TARGET...

TARGET: x86-64-gcc x86-64-clang i686 aarch64 armv7 riscv64 cortex-m4. Needs a finished build of the tools and the tests' runner in
ETC_BUILD. `few` builds a runtime with only the kernels of its models (-Dops) for size; `all` takes every kernel and model of the corpus.
Prints a line for each target; exits with 1 when a model differs.
"""
import argparse
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("ETC_BUILD", ROOT / "build"))
os.environ.setdefault("ETC_COMPILE", str(BUILD / "src/compile/etc-compile"))
os.environ.setdefault("ETC_RUN", str(BUILD / "src/run/etc-run"))
os.environ.setdefault("ETC_INSPECT", str(BUILD / "src/inspect/etc-inspect"))
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "corpus")]
from etc_tools import COMPILE, INSPECT, assert_close  # noqa: E402

LINUX = {
    "x86-64-gcc": ([], []),
    "x86-64-clang": (["--native-file", "cross/clang.ini"], []),
    "i686": (["--cross-file", "cross/i686.ini"], []),  # see i686_emulator
    "aarch64": (["--cross-file", "cross/aarch64.ini"], ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"]),
    "armv7": (["--cross-file", "cross/armv7.ini"], ["qemu-arm", "-L", "/usr/arm-linux-gnueabihf"]),
    "riscv64": (["--cross-file", "cross/riscv64.ini"], ["qemu-riscv64", "-L", "/usr/riscv64-linux-gnu"]),
}
M4 = "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -Os -ffunction-sections -fdata-sections".split()
FEW = ["activations", "conv_kinds", "dtype_half", "kv_index_copy", "mha", "norms", "pools", "gru"]
# Targets with fast kernels, and models that use them: those must give PyTorch's numbers, their bits are the CPU's own.
FAST_TARGETS = {"aarch64": "armv8-a", "x86-64-gcc": "x86-64", "x86-64-clang": "x86-64"}
FAST = ["mlp", "conv_kinds", "mha", "norms", "pools", "lstm"]
DTYPES = "? u1 i1 i2 i4 i8 f2 u2 f4 f8 u1 u1 u2 u4 u8".split()


class BuildError(Exception):
    """What the compiler said."""


def run(*command, **options):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True, **options)


def encode(cases):
    """The inputs file of replay.h."""
    data = struct.pack("<II", len(cases), len(cases[0]) if cases else 0)
    for arrays in cases:
        for a in arrays:
            a = np.asarray(a)
            body = np.ascontiguousarray(a).tobytes()
            data += struct.pack(f"<II{a.ndim}q", a.ndim, 0, *a.shape) + body + bytes(-len(body) % 8)
    return data


def decode(data, runs):
    """[[array, …] or error number] of the outputs file."""
    at, cases = 0, []
    for _ in range(runs):
        error, count = struct.unpack_from("<II", data, at)
        at += 8
        arrays = []
        for _ in range(count):
            dtype, rank = struct.unpack_from("<II", data, at)
            sizes = struct.unpack_from(f"<{rank}q", data, at + 8)
            at += 8 + 8 * rank
            dtype = np.dtype("?" if DTYPES[dtype] == "?" else "<" + DTYPES[dtype])
            size = int(np.prod(sizes, dtype=np.int64))
            arrays.append(np.frombuffer(data, dtype, size, at).reshape(sizes))
            at += size * dtype.itemsize
        cases.append(error or arrays)
    return cases


class Model:
    """A compiled program, recorded inputs, and what PyTorch gives for them."""

    def __init__(self, name, source, cases, expected, folder, cpu="generic"):
        self.name, self.expected, self.runs, self.has_own_bits = name, expected, len(cases), cpu != "generic"
        self.program, self.inputs, self.host = (folder / f"{name}.{end}" for end in ("etc", "in", "host"))
        run(COMPILE, source, "--cpu", cpu, "-o", self.program)
        self.inputs.write_bytes(encode(cases))
        run(BUILD / "tests/cross/runner", self.program, self.inputs, self.host)
        self.check(self.host)

    def check(self, outputs):
        """Raises AssertionError when the numbers are not PyTorch's."""
        for got, wanted in zip(decode(outputs.read_bytes(), self.runs), self.expected):
            assert not isinstance(got, int), f"error {got}"
            assert len(got) == len(wanted), f"{len(got)} tensors, not {len(wanted)}"
            for ours, (array, dtype, rtol, atol) in zip(got, wanted):
                assert_close(ours, array, dtype, rtol, atol, self.name)


def digits(folder):
    where = ROOT / "examples" / "digits"
    expected = np.load(where / "seven-expected.npz")
    outputs = [(expected[k], str(expected[k].dtype), 1.3e-6, 1e-5) for k in expected.files]
    return Model("digits", where / "digits.pt2", [[np.load(where / "seven.npy")]], [outputs], folder)


def corpus_models(which, folder, names=FEW, cpu="generic"):
    from corpus_test import CORPUS, FILES, MANIFEST

    for file in FILES if which == "all" else names:
        model, arrays = MANIFEST[file.removesuffix(".core")], np.load(CORPUS / f"{file.removesuffix('.core')}.npz")
        cases, expected = [], []
        for c in range(model["cases"]):
            cases.append([arrays[leaf["key"]] for leaf in model["in"][c] if "key" in leaf and not leaf.get("scalar")])
            outputs = [(arrays[leaf["key"]], leaf.get("dtype"), model["rtol"], model["atol"]) for leaf in model["out"][c] if "key" in leaf]
            outputs += [(arrays[f"c{c}_inafter{i}"], None, model["rtol"], model["atol"]) for i in model.get("mutates", [])]
            expected.append(outputs)
        try:
            yield Model(file, CORPUS / f"{file}.pt2", cases, expected, folder, cpu)
        except (subprocess.CalledProcessError, AssertionError) as e:
            if which == "few":
                raise  # these nine must run
            message = (getattr(e, "stderr", None) or str(e)).strip().splitlines()
            print(f"  {file}: not on the host either: {message[0][:150] if message else e}", file=sys.stderr)


def build_runtime(target, options, models, which, folder, wanted):
    """The build folder of a runtime for the target."""
    build = folder / target
    if which == "few":
        (folder / "ops.txt").write_text(run(INSPECT, "--ops", *(m.program for m in models)).stdout)
        options = [*options, f"-Dops=@{folder / 'ops.txt'}"]
    else:
        options = [*options, "-Dtools=disabled", "-Dtests=disabled"]
    if not (build / "build.ninja").exists():
        # A warning is an error: what is suspicious on one machine is wrong on another.
        run("meson", "setup", build, ROOT, "--buildtype=minsize", "--werror", *options, cwd=ROOT)
    done = subprocess.run(["ninja", "-C", build, *wanted], capture_output=True, text=True)
    if done.returncode:
        raise BuildError(done.stdout[-4000:])
    return build


def i686_emulator():
    """The kernel itself where it runs 32-bit programs, else QEMU; whose i386 hangs on a second thread (7.2)."""
    loader = ["/usr/i686-linux-gnu/lib/ld-linux.so.2", "--library-path", "/usr/i686-linux-gnu/lib"]
    try:
        run(loader[0], "--version")
        return loader, 2
    except (OSError, subprocess.CalledProcessError):
        return ["qemu-i386", "-L", "/usr/i686-linux-gnu"], 1


def linux_target(target, models, which, folder):
    options, emulator = LINUX[target]
    threads = 2
    if target == "i686":
        emulator, threads = i686_emulator()
    if which == "few" and target.startswith("x86-64"):
        options = [*options, "-Dtools=disabled"]
    build = build_runtime(target, options, models, which, folder, ["tests/cross/runner"])

    def play(model, outputs):
        run(*emulator, build / "tests/cross/runner", model.program, model.inputs, outputs, threads, timeout=300)
    return play


def array_in_c(name, path):
    data = path.read_bytes()
    return (f"#include <stddef.h>\n__attribute__((aligned(64))) const unsigned char {name}[{max(len(data), 1)}] = {{" + ",".join(map(str, data)) +
            f"}};\nconst size_t {name}_size = {len(data)};\n")


def boot(firmware, folder):
    return subprocess.run(["qemu-system-arm", "-machine", "mps2-an386", "-nographic", "-monitor", "none", "-semihosting-config",
                           "enable=on,target=native", "-kernel", firmware], cwd=folder, capture_output=True, text=True, timeout=300)


def example_on_cortex_m4(folder):
    """examples/cortex_m4 as its build.sh makes it says what the host says, bit by bit."""
    out = folder / "example"
    print("  example:", run(ROOT / "examples/cortex_m4/build.sh", out).stdout.splitlines()[-1].split()[:3], "bytes of text, data and bss", file=sys.stderr)
    (out / "three.in").write_bytes(encode([[np.load(ROOT / "examples/digits/three.npy")]]))
    run(BUILD / "tests/cross/runner", out / "digits.etc", out / "three.in", out / "three.out")
    digit, probability = decode((out / "three.out").read_bytes(), 1)[0]
    wanted = f"the digit is {int(digit)}, probabilities in bits of float32:" + "".join(f" {x:08x}" for x in probability.view(np.uint32).ravel())
    done = boot(out / "digits.elf", out)
    said = (done.stdout + done.stderr).splitlines()
    assert done.returncode == 0 and said[0] == wanted, f"{said}, not {wanted}"
    print("  example:", said[1], file=sys.stderr)


def cortex_m4(models, which, folder):
    build = build_runtime("cortex-m4", ["--cross-file", "cross/cortex-m4.ini"], models, which, folder, ["lib/libetc-core.a", "ops/libetc-ops.a"])
    board = ROOT / "examples" / "cortex_m4"
    for source in (ROOT / "tests/cross/firmware.cc", board / "startup.cc"):
        run("arm-none-eabi-g++", *M4, "-std=c++17", "-fno-exceptions", "-fno-rtti", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/lib", f"-I{board}",
            "-c", source, "-o", build / (source.stem + ".o"))

    def play(model, outputs):
        with tempfile.TemporaryDirectory() as work:
            work = Path(work)
            (work / "program.c").write_text(array_in_c("program", model.program))
            (work / "inputs.c").write_text(array_in_c("inputs", model.inputs))
            for name in ("program", "inputs"):
                run("arm-none-eabi-gcc", *M4, "-c", work / f"{name}.c", "-o", work / f"{name}.o")
            run("arm-none-eabi-g++", *M4, build / "firmware.o", build / "startup.o", work / "program.o", work / "inputs.o", build / "ops/libetc-ops.a",
                build / "lib/libetc-core.a", "-nostartfiles", "--specs=nano.specs", "-T", board / "mps2_an386.ld", "-Wl,--gc-sections",
                "-o", work / "firmware.elf")
            symbols = run("arm-none-eabi-nm", work / "firmware.elf").stdout
            assert not any(word in symbols for word in ("malloc", "_sbrk", "_Znw")), "the firmware has a heap"
            done = boot(work / "firmware.elf", work)
            if done.returncode == 15:
                raise MemoryError("its memory does not fit into the board's")
            assert done.returncode == 0, f"exit code {done.returncode} {done.stdout}{done.stderr}"
            shutil.copy(work / "outputs", outputs)
    return play


def run_target(target, models, which, folder):
    try:
        play = cortex_m4(models, which, folder) if target == "cortex-m4" else linux_target(target, models, which, folder)
    except BuildError as e:
        print(f"{target}: does not build\n{e}", flush=True)
        return False
    same = close = 0
    skipped, faults = [], []
    if target == "cortex-m4":
        example_on_cortex_m4(folder)
    for model in models:
        outputs = model.program.parent / f"{model.name}.{target}"
        try:
            play(model, outputs)
            close += model.check(outputs) is None
            same += outputs.read_bytes() == model.host.read_bytes()
            if not model.has_own_bits and outputs.read_bytes() != model.host.read_bytes():
                faults.append(f"{model.name}: other bits than on the host")
        except MemoryError as e:
            skipped.append(f"{model.name} ({e})")
        except subprocess.CalledProcessError as e:
            if "region `FLASH' overflowed" in e.stderr:
                skipped.append(f"{model.name} (larger than the flash)")
            else:
                faults.append(f"{model.name}: {e.stderr.strip()[-300:]}")
        except (AssertionError, subprocess.TimeoutExpired) as e:
            faults.append(f"{model.name}: {e}"[:400])
    print(f"{target}: {len(models) - len(skipped)} models, {same} with the host's bits, {close} equal to PyTorch"
          + (f"; left out: {', '.join(skipped)}" if skipped else ""), flush=True)
    for fault in faults:
        print(f"  {fault}", flush=True)
    return not faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", choices=["few", "all"], default="few")
    parser.add_argument("--out", type=Path, help="keep builds and results here")
    parser.add_argument("target", nargs="+", choices=[*LINUX, "cortex-m4"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.out or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        folder = folder.resolve()
        models = [digits(folder), *corpus_models(options.models, folder)]
        fast = {}
        for cpu in {FAST_TARGETS[t] for t in options.target if t in FAST_TARGETS}:
            (folder / cpu).mkdir(exist_ok=True)
            fast[cpu] = list(corpus_models("few", folder / cpu, FAST, cpu))
        results = [run_target(t, models + fast.get(FAST_TARGETS.get(t), []), options.models, folder) for t in options.target]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
