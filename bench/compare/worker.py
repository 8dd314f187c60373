"""One peer with one model in a process of its own: worker.py PEER FOLDER THREADS INPUT.npy…

Commands come on standard input, one JSON object a line goes out; etc_worker.cc does the same for etc.

    (at the start)         {"peak_kib"}                        the runtime is there, the model is not
    load                   {"load_ns", "first_ns", "peak_kib"} loads the model and runs it once
    answer FILE            {}                                  runs it and writes the outputs as .npz
    time SAMPLES CALLS     {"ns": […], "cores"}                SAMPLES times the mean of CALLS calls; cores kept busy meanwhile
"""
import json
import sys
import time
from pathlib import Path

import numpy as np

from peers import peer


def peak_kib():
    """Of this program; what getrusage says includes the process that started it."""
    return next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))


class Worker:
    def __init__(self, runtime, folder, threads, inputs):
        self.runtime, self.folder, self.threads, self.inputs = runtime, folder, threads, inputs

    def load(self):
        start = time.perf_counter_ns()
        self.call = self.runtime.load(self.folder, self.threads, self.inputs)
        loaded = time.perf_counter_ns()
        self.call()
        return {"load_ns": loaded - start, "first_ns": time.perf_counter_ns() - loaded, "peak_kib": peak_kib()}

    def answer(self, file):
        outputs = self.runtime.arrays(self.call())
        np.savez(file, **{f"out{i}": y for i, y in enumerate(outputs)})
        return {}

    def time(self, samples, calls):
        call, calls, ns = self.call, int(calls), []
        start, cpu = time.perf_counter_ns(), time.process_time_ns()
        for _ in range(int(samples)):
            before = time.perf_counter_ns()
            for _ in range(calls):
                call()
            ns.append((time.perf_counter_ns() - before) / calls)
        return {"ns": ns, "cores": (time.process_time_ns() - cpu) / (time.perf_counter_ns() - start)}


def main():
    name, folder, threads = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    replies, sys.stdout = sys.stdout, sys.stderr  # some runtimes print
    runtime = peer(name)
    inputs = [np.load(file) for file in sys.argv[4:]]

    def reply(words):
        replies.write(json.dumps(words) + "\n")
        replies.flush()

    try:
        runtime.start(threads)
        worker = Worker(runtime, folder, threads, inputs)
        reply({"peak_kib": peak_kib()})
        for line in sys.stdin:
            command, *words = line.split()
            reply(getattr(worker, command)(*words))
    except Exception as e:
        reply({"error": " ".join(f"{type(e).__name__}: {e}".split())[:300]})
        raise


if __name__ == "__main__":
    main()
