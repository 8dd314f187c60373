#!/usr/bin/env python3
"""Towers of matrix products, one after the other and side by side on two threads, both plans: the table of bench/async/towers.md.

    meson compile -C BUILD bench-async; bench/async/towers.py [--build BUILD] [--turns N] [--rounds N] > bench/async/towers.md

Needs torch, which makes the models. The machine should have two idle cores: of several rounds the one with the fastest serial run counts. On a
busy machine `--run-with "chrt -f 10"` (as root) takes the cores from everybody else for the moment.
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile

import torch

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Towers(torch.nn.Module):
    """`count` towers over the same input, their results added up."""

    def __init__(self, count, height, width):
        super().__init__()
        layers = lambda: [m for _ in range(height) for m in (torch.nn.Linear(width, width), torch.nn.ReLU())]
        self.towers = torch.nn.ModuleList(torch.nn.Sequential(*layers()) for _ in range(count))

    def forward(self, x):
        return sum(tower(x) for tower in self.towers)


def compile_model(build, model, inputs, goal, folder):
    torch.export.save(torch.export.export(model.eval(), inputs), folder / "model.pt2")
    program = folder / f"{goal}.etc"
    done = subprocess.run([build / "src/compile/etc-compile", folder / "model.pt2", "-o", program, "--optimize-for", goal, "--format", "json"],
                          check=True, capture_output=True, text=True)
    return program, json.loads(done.stdout)["methods"][0]["pools"][0]["bytes"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--turns", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--run-with", default="", help="words before the command that is timed")
    options = parser.parse_args()
    print("# Instructions side by side\n")
    print(f"Made by `bench/async/towers.py`: medians of {options.turns} runs each, in turns, nothing parallel inside of ops, 2 workers; of "
          f"{options.rounds} rounds\nthe one with the fastest serial run. {os.cpu_count()} cores"
          + (f", run with `{options.run_with}`" if options.run_with else "") + ".\n")
    print("| model | plan for | pool bytes | serial ms | 2 workers ms | times | of the shortest runs |\n|---|---|---:|---:|---:|---:|---:|")
    for name, count in (("one tower", 1), ("two towers", 2), ("four towers", 4)):
        for goal in ("memory", "latency"):
            with tempfile.TemporaryDirectory() as folder:
                program, pool = compile_model(options.build, Towers(count, 8, 256), (torch.randn(512, 256),), goal, pathlib.Path(folder))
                rounds = []
                for _ in range(options.rounds):
                    out = subprocess.run([*options.run_with.split(), options.build / "bench/async/bench-async", program, "2", str(options.turns)], check=True, capture_output=True,
                                         text=True).stdout
                    rounds.append(tuple(int(n) / 1e6 for n in out.split()))
                serial, beside = min(rounds)[:2]
                best = [min(r[k] for r in rounds) for k in (2, 3)]
                print(f"| {name} | {goal} | {pool:,} | {serial:.3f} | {beside:.3f} | {serial / beside:.2f} | {best[0] / best[1]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
