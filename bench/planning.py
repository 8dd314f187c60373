#!/usr/bin/env python3
"""The planning table: for each problem and each pool of each model the bytes used, the lower bound, and how long it took.

    bench/planning.py [--build BUILD] [--problems FOLDER] [--corpus FOLDER] > bench/planning.md

Problems are the CSV files of the folder, their capacity is the number in the name (A.1048576.csv); and rectangles that are cut into pieces,
which fit without any gap. Models are the .pt2 files of the folder. Needs nothing but Python.
"""
import argparse
import csv
import json
import pathlib
import random
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def cut_rectangle(seed, count, times, size, even):
    """`count` pieces of a rectangle; `even` ones are about as large as each other."""
    draw, pieces = random.Random(seed), [[0, times, size]]
    while len(pieces) < count:
        if even:
            piece = max(pieces, key=lambda p: (p[1] - p[0]) / times * p[2] / size * draw.uniform(0.5, 1))
        else:
            piece = draw.choice(pieces)
        lower, upper, height = piece
        share = draw.uniform(0.3, 0.7) if even else draw.random()
        if draw.random() < 0.5 and height > 3:
            cut = max(1, int(height * share))
            pieces.append([lower, upper, height - cut])
            piece[2] = cut
        elif upper - lower > 3:
            cut = lower + max(1, int((upper - lower) * share))
            pieces.append([cut, upper, height])
            piece[1] = cut
    draw.shuffle(pieces)
    return pieces


def lower_bound(rows):
    changes = sorted([(lower, size) for lower, _, size in rows] + [(upper, -size) for _, upper, size in rows])
    live = peak = 0
    for _, change in changes:
        live += change
        peak = max(peak, live)
    return peak


def check(rows):
    """The bytes that an answer takes; asserts that no two rows overlap."""
    for i, (lower, upper, size, offset) in enumerate(rows):
        for other in rows[:i]:
            assert upper <= other[0] or other[1] <= lower or offset + size <= other[3] or other[3] + other[2] <= offset
    return max(offset + size for _, _, size, offset in rows)


def solve(inspect, path, capacity):
    start = time.monotonic()
    done = subprocess.run([inspect, "--solve", path, "--capacity", str(capacity)], capture_output=True, text=True)
    seconds = time.monotonic() - start
    with open(path) as file:
        problem = [[int(r["lower"]), int(r["upper"]), int(r["size"])] for r in csv.DictReader(file)]
    used = "does not fit"
    if done.returncode == 0:
        answer = csv.DictReader(done.stdout.splitlines())
        used = f'{check([[int(r[c]) for c in ("lower", "upper", "size", "offset")] for r in answer]):,}'
    print(f"| {path.stem.split('.')[0]} | {len(problem)} | {capacity:,} | {lower_bound(problem):,} | {used} | {seconds:.2f} |", flush=True)


def problems(inspect, folder):
    print("## Problems\n\n| problem | buffers | capacity | lower bound | used | seconds |\n|---|---:|---:|---:|---:|---:|")
    for path in sorted(folder.glob("*.csv")) if folder.is_dir() else []:
        solve(inspect, path, int(path.stem.split(".")[1]))
    with tempfile.TemporaryDirectory() as made:
        for kind, counts in (("even", (50, 100, 200, 400, 800)), ("uneven", (50, 100, 200, 400))):
            for count in counts:
                path = pathlib.Path(made) / f"{kind} cut, {count}.csv"
                with open(path, "w") as file:
                    file.write("id,lower,upper,size\n")
                    for i, row in enumerate(cut_rectangle(count, count, 10 * count, 1 << 20, kind == "even")):
                        file.write(f"{i},{','.join(map(str, row))}\n")
                solve(inspect, path, 1 << 20)


def models(compile_, folder):
    print("\n## Models\n\nMilliseconds are those of planning alone.\n\n| model | instructions | used | lower bound | no smaller plan exists | ms |\n|---|---:|---:|---:|---|---:|")
    refused = 0
    with tempfile.TemporaryDirectory() as made:
        for path in sorted(folder.glob("*.pt2")) if folder.is_dir() else []:
            done = subprocess.run([compile_, path, "-o", f"{made}/program.etc", "--format", "json"], capture_output=True, text=True)
            refused += done.returncode != 0
            if done.returncode:
                continue
            report = json.loads(done.stdout)
            took = sum(s["milliseconds"] for s in report["stages"] if s["name"] == "plan")
            for method in report["methods"]:
                for pool in method["pools"]:
                    name = path.stem + ("" if len(report["methods"]) == 1 else " " + method["name"])
                    optimal = "yes" if pool["optimal"] else "NOT PROVEN"
                    print(f"| {name} | {method['instructions']} | {pool['bytes']:,} | {pool['lower_bound']:,} | {optimal} | {took:.1f} |")
    print(f"\n{refused} files of the corpus do not compile yet.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--problems", type=pathlib.Path, default=ROOT.parent / "shared" / "plan_problems")
    parser.add_argument("--corpus", type=pathlib.Path, default=ROOT.parent / "shared" / "corpus")
    options = parser.parse_args()
    print("# Memory planning\n\nMade by `bench/planning.py`. Bytes; the lower bound is what lives at the peak.\n")
    problems(options.build / "src" / "inspect" / "etc-inspect", options.problems)
    models(options.build / "src" / "compile" / "etc-compile", options.corpus)


main()
