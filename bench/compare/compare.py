"""etc beside other runtimes: exports the models, checks every answer, measures in turns, writes the tables. run.sh calls it; README.md tells
what is measured."""
import argparse
import datetime
import hashlib
import importlib.metadata
import json
import os
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import answers
import tables
from nets import MODELS
from peers import PEERS, peer
from runtimes import Failed, Process, Timing, interleave, run_limited

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


@dataclass(frozen=True)
class Budget:
    rounds: int
    starts: int  # fresh processes for the time to the first answer
    round_s: float = 0.2
    samples: int = 20  # in a round, at most
    sample_s: float = 2e-4
    slow_s: float = 1.0
    rounds_of_slow: int = 2


def versions_of(name):
    """What tables say about a peer; None when it is not installed."""
    try:
        return ", ".join(f"{package} {importlib.metadata.version(package)}" for package in peer(name).PACKAGES)
    except importlib.metadata.PackageNotFoundError:
        return None


def digest(*parts):
    return hashlib.sha256(b"\0".join(p.read_bytes() if isinstance(p, Path) else str(p).encode() for p in parts)).hexdigest()


def made_once(stamp, key, make):
    """Calls make() unless the stamp says that it was done with this key."""
    if not stamp.exists() or stamp.read_text() != key:
        make()
        stamp.write_text(key)


class Comparison:
    def __init__(self, options, budget):
        self.options, self.budget = options, budget
        self.work = options.build / "compare"
        self.logs = self.work / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.limits = {}

    def say(self, text):
        print(text, file=sys.stderr, flush=True)

    def tool(self, path):
        return self.options.build / path

    def export(self, name):
        folder = self.work / name
        sources = [*sorted(HERE.glob("nets/*.py")), ROOT / "tests/models/llama.py", HERE / "export.py", HERE / "flops.py"]

        def make():
            shutil.rmtree(folder, ignore_errors=True)
            run_limited([sys.executable, HERE / "export.py", name, folder], self.logs / f"{name}_export.txt", self.options.timeout)

        made_once(self.work / f"{name}.stamp", digest(importlib.metadata.version("torch"), *sources), make)
        return folder

    def prepare(self, runtime, folder, threads):
        """What the runtime loads."""
        log = self.logs / f"{folder.name}_{runtime}_prepare.txt"
        if runtime == "etc":
            seconds = run_limited([self.tool("src/compile/etc-compile"), folder / "model.pt2", "-o", folder / "model.etc", *self.options.etc_args.split()],
                                  log, self.options.timeout)
            return {"prepare_s": seconds}
        if versions_of(runtime) is None:
            raise Failed("not installed")
        key = digest(versions_of(runtime), HERE / f"peers/with_{runtime}.py", HERE / "peers/onnx_file.py")
        stamp = folder / f"{runtime}{threads if peer(runtime).IS_FOR_THREADS else ''}.stamp"
        made_once(stamp, key, lambda: run_limited([sys.executable, HERE / "prepare.py", runtime, folder, str(threads)], log, self.options.timeout))
        return {}

    def start(self, runtime, folder, threads):
        needs_stateless = runtime != "etc" and peer(runtime).NEEDS_STATELESS and (folder / "stateless_inputs").exists()
        inputs = sorted((folder / ("stateless_inputs" if needs_stateless else "inputs")).iterdir())
        words = ([self.tool("bench/compare/bench-etc-worker"), folder / "model.etc", threads] if runtime == "etc"
                 else [sys.executable, HERE / "worker.py", runtime, folder, threads])
        return Process([str(w) for w in (*words, *inputs)], threads, self.logs / f"{folder.name}_{runtime}_{threads}.txt", self.options.timeout)

    def load(self, runtime, folder, threads):
        """(process, cell): a process with the model loaded and its answer found right. The fastest of several starts counts."""
        starts = []
        for _ in range(self.budget.starts - 1):
            process = self.start(runtime, folder, threads)
            starts.append(process.ask("load"))
            process.close()
        process = self.start(runtime, folder, threads)
        starts.append(process.ask("load"))
        cell = {**min(starts, key=lambda s: s["load_ns"] + s["first_ns"]), "before_kib": process.before_kib}
        try:
            file = folder / f"{runtime}_answer.npz"
            process.ask("answer", file)
            with np.load(file) as given, np.load(folder / "expected.npz") as expected:
                cell["error"] = answers.check([given[f"out{i}"] for i in range(len(given.files))],
                                              [expected[f"out{i}"] for i in range(len(expected.files))])
        except answers.Wrong as e:
            process.close()
            raise Failed(str(e)) from None
        return process, cell

    def measure_limits(self, threads):
        now = json.loads(subprocess.run([self.tool("bench/compare/bench-limits"), str(threads)], check=True, capture_output=True).stdout)
        best = self.limits.setdefault(threads, now)
        self.limits[threads] = {key: max(best[key], now[key]) for key in now}

    def compare(self, folder, threads):
        """{runtime: cell} of one model."""
        cells, timings = {}, {}

        def failed(runtime, reason):
            self.say(f"  {runtime}: {reason}")
            cells[runtime] = {"failed": reason}

        self.measure_limits(threads)
        for runtime in ("etc", *self.options.peers):
            try:
                prepared = self.prepare(runtime, folder, threads)
                process, cell = self.load(runtime, folder, threads)
            except Failed as e:
                failed(runtime, str(e))
                continue
            cells[runtime] = {**prepared, **cell}
            timings[runtime] = Timing(process, cell["first_ns"], self.budget)
        for runtime, timing in interleave(timings, self.budget.rounds, failed).items():
            cells[runtime] |= {"min_ns": min(timing.ns), "median_ns": statistics.median(timing.ns), "samples": len(timing.ns),
                               "cores": min(timing.cores)}
        for timing in timings.values():
            timing.process.close()
        self.measure_limits(threads)
        return cells

    def result(self, name):
        self.say(name)
        model = MODELS[name]
        folder = self.export(name)
        facts = json.loads((folder / "facts.json").read_text())
        result = {"name": name, "title": model.title, "is_bound_by_memory": model.is_bound_by_memory, **facts, "threads": {}}
        for threads in self.options.threads:
            result["threads"][threads] = self.compare(folder, threads)
            self.say(f"  {tables.counted(threads)}: " + ", ".join(f"{runtime} {tables.milliseconds(cell['min_ns'])}"
                                                          for runtime, cell in result["threads"][threads].items() if "min_ns" in cell))
        return result


def machine():
    cpu = dict(line.split("\t: ", 1) for line in Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines() if "\t: " in line.replace("\t\t", "\t"))
    cpu = {key.strip(): text for key, text in cpu.items()}
    return {"date": datetime.date.today().isoformat(),
            "CPU": f"{cpu.get('model name', 'unknown')} (family {cpu.get('cpu family')}, model {cpu.get('model')}, stepping {cpu.get('stepping')}), "
                   f"{len(os.sched_getaffinity(0))} cores"}


def etc_version(options):
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], check=False, capture_output=True, text=True).stdout.strip()
    return commit + (f", etc-compile {options.etc_args}" if options.etc_args else "")


def words_among(known):
    def parse(text):
        words = text.split(",")
        if unknown := [w for w in words if w not in known]:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: say some of {', '.join(known)}")
        return words
    return parse


def parse_options():
    parser = argparse.ArgumentParser(prog="run.sh", description="Measures etc beside other runtimes; bench/compare/README.md says how.")
    parser.add_argument("--models", type=words_among(list(MODELS)), default=list(MODELS), metavar="A,B", help="of " + ", ".join(MODELS))
    parser.add_argument("--peers", type=words_among(list(PEERS)), default=list(PEERS), metavar="A,B", help="of " + ", ".join(PEERS))
    parser.add_argument("--threads", type=lambda text: [int(n) for n in text.split(",")], default=[1, 2], metavar="N,N")
    parser.add_argument("--quick", action="store_true", help="few runs: do the models work, not how fast they are")
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="turns that each runtime has (15; quick: 2)")
    parser.add_argument("--etc-args", default="", metavar="WORDS", help="more words for etc-compile")
    parser.add_argument("--timeout", type=int, default=900, metavar="SECONDS", help="for one conversion, or one reply of a runtime")
    parser.add_argument("--build", type=Path, default=ROOT / "build-release", metavar="FOLDER", help="build of etc; exported models go to its compare/")
    parser.add_argument("--venv", type=Path, metavar="FOLDER", help="where the peers are installed (BUILD/peers)")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "bench/RESULTS.md", metavar="FILE.md", help="the tables; a .json goes beside")
    options = parser.parse_args()
    options.build = options.build.resolve()  # some converters run in their own folder
    return options


def main():
    options = parse_options()
    comparison = Comparison(options, Budget(rounds=2, starts=1) if options.quick else Budget(rounds=options.rounds, starts=3))
    report = {"machine": machine(), "versions": {"etc": etc_version(options), **{name: versions_of(name) or "not installed" for name in options.peers}},
              "titles": {"etc": "etc", **{name: peer(name).TITLE for name in options.peers}}, "limits": comparison.limits, "results": []}
    report["machine"]["runs"] = "few (--quick): the times mean little" if options.quick else f"{options.rounds} rounds"
    load = [os.getloadavg()[0]]
    for name in options.models:
        try:
            report["results"].append(comparison.result(name))
        except Failed as e:
            comparison.say(f"{name}: {e}")
            report["results"].append({"name": name, "title": MODELS[name].title, "is_bound_by_memory": False, "flops": 0, "bytes": 0,
                                      "threads": {n: {"etc": {"failed": f"not exported: {e}"}} for n in options.threads}})
        load.append(os.getloadavg()[0])
        report["machine"]["load average"] = f"{min(load):.1f} to {max(load):.1f} (1 is this benchmark itself at one thread)"
        options.output.write_text(tables.document(report))
        options.output.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
