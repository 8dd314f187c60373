#!/usr/bin/env python3
"""What running a program costs beside its kernels, in CPU instructions, time and bytes: the tables of bench/tax/tax.md.

    meson compile -C BUILD bench-tax etc-compile; bench/tax/tax.py [--build BUILD] [--nets FOLDER] > bench/tax/tax.md

Instructions are counted by valgrind: they repeat exactly, on a busy machine too. Times are minima; `--run-with "chrt -f 10"` (as root) takes
the cores from everybody else for the moment. FOLDER has NAME/model.pt2 for the models, as bench/compare/export.py makes them
(`export.py NAME FOLDER/NAME`); without it only the chains that bench-tax makes by itself are measured.
"""
import argparse
import pathlib
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MODELS = ("mobilenet_v2", "resnet50", "chain_1000")
CHAIN = 1000


class Bench:
    def __init__(self, build, run_with):
        self.program = build / "bench/tax/bench-tax"
        self.run_with = run_with

    def facts(self, step, program, count=1, calls=1):
        out = subprocess.run([*self.run_with, self.program, step, program, str(count), str(calls)], check=True, capture_output=True, text=True)
        words = out.stdout.split()
        return dict(zip(words[::2], map(float, words[1::2])))

    def instructions(self, step, program, calls):
        """Of one call: what `calls` more of them add to a run."""
        counts = []
        for n in (1, 1 + calls):
            run = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", self.program, step, program, "1", str(n)],
                                 check=True, capture_output=True, text=True)
            counts.append(int(re.search(r"Collected : (\d+)", run.stderr)[1]))
        return (counts[1] - counts[0]) / calls


def chain_figures(bench):
    """(step, op) -> instructions and us of one op, instructions of each more, us of all. And bytes of one, bytes of each more."""
    figures = {}
    for step in ("open", "needs", "load", "execute"):
        for op in ("null", "add"):
            one, many = f"{op}:1", f"{op}:{CHAIN + 1}"
            first, all_of_them = bench.instructions(step, one, 10_000), bench.instructions(step, many, 20)
            us = [bench.facts(step, name, count, calls)["ns"] / 1e3 for name, count, calls in ((one, 200, 1000), (many, 500, 1))]
            figures[step, op] = (first, us[0], (all_of_them - first) / CHAIN, us[1])
    arena = [bench.facts("needs", f"null:{n}")["arena"] for n in (1, CHAIN + 1)]
    return figures, (arena[0], (arena[1] - arena[0]) / CHAIN)


def model_figures(bench, build, nets):
    """(model, --cpu) -> its instructions; open, needs, load and RAM of each; us to open and load, to start, and to execute the chain."""
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in MODELS:
            for cpu in ("native", "generic"):
                program = pathlib.Path(folder) / f"{name}.{cpu}.etc"
                subprocess.run([build / "src/compile/etc-compile", nets / name / "model.pt2", "-o", program, "--cpu", cpu], check=True,
                               capture_output=True)
                facts = bench.facts("needs", program)
                each = [bench.instructions(step, program, 20) / facts["instructions"] for step in ("open", "needs", "load")]
                loads = sum(bench.facts(step, program, 500)["ns"] for step in ("open", "load")) / 1e3
                start = bench.facts("start", program, 200)["cpu_ns"] / 1e3
                figures[name, cpu] = (facts["instructions"], *each, facts["arena"] / facts["instructions"], loads, start)
    return figures


def print_summary(chain, arena, models):
    def load(op):
        return chain["open", op][2] + chain["load", op][2]

    print("| what | etc | ExecuTorch |\n|---|---:|---:|")
    print(f"| `execute` of a program of one op that does nothing, us | {chain['execute', 'null'][1]:.3f} | 0.03 |")
    print(f"| `execute` of a program of one `aten::add` of four floats, us | {chain['execute', 'add'][1]:.3f} | 0.08 |")
    print(f"| dispatch of an op, instructions | {chain['execute', 'null'][2]:,.0f} | 100 |")
    print(f"| `aten::add` of four floats, dispatched, instructions | {chain['execute', 'add'][2]:,.0f} | 927 |")
    print(f"| {CHAIN:,} of them, us | {chain['execute', 'add'][3]:.1f} | 59 |")
    print(f"| open, verify and load an op, instructions | {load('null'):,.0f}; `aten::add` {load('add'):,.0f} | 4,300 … 11,700 |")
    print(f"| RAM of an op beside pools and constants, bytes | {arena[1]:,.0f} | 156 |")
    for name in ("mobilenet_v2", "resnet50") if models else ():
        print(f"| open and load {name}, us | {models[name, 'native'][5]:,.0f} | |")
        print(f"| start {name} from its file, us of CPU time | {models[name, 'native'][6]:,.0f} | |")
    print("\nExecuTorch's figures are those of its C++ runtime (main cff6f4dd32e6, version 1.5.0; -O2, portable kernels, logging and verification "
          "off)\non a chain of additions and multiplications of four floats, measured the same way; its RAM without the memory of values.\n")


def print_chain(chain, arena):
    print("## One op, and each of many\n")
    print("A chain of calls on four floats: of an op that does nothing, and of `aten::add.Tensor`. *each* is what one op more adds, measured "
          f"between chains\nof one and of {CHAIN + 1:,} ops.\n")
    print(f"| step | op | instructions, 1 op | us, 1 op | instructions, each | us, {CHAIN + 1:,} ops |\n|---|---|---:|---:|---:|---:|")
    for (step, op), (first, us, each, all_us) in chain.items():
        print(f"| {step} | {op} | {first:,.0f} | {us:.3f} | {each:,.1f} | {all_us:,.1f} |")
    print(f"\nRAM beside pools and constants: {arena[0]:,.0f} bytes for one op, {arena[1]:,.0f} for each more.\n")


def print_models(models):
    print("## Models\n")
    print("CPU instructions and bytes are for each instruction of the program. *start* is from the file's name to a method that can run, memory "
          "from the\noperating system included.\n")
    print("| model | `--cpu` | program's instructions | open | needs | load | RAM bytes | open + load, us | start, us of CPU time |\n"
          "|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for (name, cpu), figures in models.items():
        print(f"| {name} | {cpu} | " + " | ".join(f"{x:,.0f}" for x in figures) + " |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--nets", type=pathlib.Path)
    parser.add_argument("--run-with", default="", help="words before the command that is timed")
    options = parser.parse_args()
    options.build = options.build.resolve()  # valgrind looks for programs elsewhere
    bench = Bench(options.build, options.run_with.split())
    chain, arena = chain_figures(bench)
    models = model_figures(bench, options.build, options.nets) if options.nets else {}
    print("# What running costs beside the kernels\n")
    print("Made by `bench/tax/tax.py`" + (f", timed with `{options.run_with}`" if options.run_with else "")
          + ". CPU instructions are counted by valgrind, exactly; times are minima.\nEvery program is verified: there is no other mode. `open` is "
            "Program::open; `needs` is Program::needs, which a host asks for\nmemory's sizes; `load` is Method::load.\n")
    print_summary(chain, arena, models)
    print_chain(chain, arena)
    if models:
        print_models(models)


if __name__ == "__main__":
    main()
