"""Processes that hold one runtime with one model each; only one of them works at a time."""
import atexit
import contextlib
import json
import os
import select
import signal
import subprocess
import time


class Failed(Exception):
    """Why a runtime has no figures for a model."""


class Process:
    """A worker, stopped (SIGSTOP) between commands: threads of some runtimes go on spinning after a call."""

    def __init__(self, command, threads, log, timeout_s):
        # Threads of OpenMP runtimes that nobody asked for by another way.
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONDONTWRITEBYTECODE": "1"}
        self.timeout_s = timeout_s
        with open(log, "w") as errors:
            self.pipe = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environment)
        atexit.register(self.pipe.kill)  # one that is stopped would not notice that we are gone
        self.before_kib = self.reply()["peak_kib"]
        self.stop()

    def stop(self):
        self.pipe.send_signal(signal.SIGSTOP)

    def reply(self):
        ready, _, _ = select.select([self.pipe.stdout], [], [], self.timeout_s)
        if not ready:
            self.close()
            raise Failed(f"no answer within {self.timeout_s} s")
        line = self.pipe.stdout.readline()
        if not line:
            code = self.pipe.wait()
            self.close()
            raise Failed(f"ended with signal {-code}" if code < 0 else f"ended with exit code {code}")
        words = json.loads(line)
        if "error" in words:
            self.close()
            raise Failed(words["error"])
        return words

    def ask(self, *words):
        self.pipe.send_signal(signal.SIGCONT)
        try:
            self.pipe.stdin.write((" ".join(map(str, words)) + "\n").encode())
            self.pipe.stdin.flush()
        except BrokenPipeError:
            code = self.pipe.wait()
            self.close()
            raise Failed(f"ended with exit code {code}") from None
        reply = self.reply()
        self.stop()
        return reply

    def close(self):
        self.pipe.kill()
        self.pipe.wait()
        with contextlib.suppress(BrokenPipeError):  # what it did not read
            self.pipe.stdin.close()
        self.pipe.stdout.close()
        atexit.unregister(self.pipe.kill)


class Timing:
    """What a process measured so far, and how much it is asked for in a round."""

    def __init__(self, process, first_ns, budget):
        self.process, self.budget = process, budget
        self.seconds = first_ns / 1e9  # of a call, as known so far
        self.ns, self.cores, self.rounds = [], [], 0

    def run_round(self):
        slow = self.seconds > self.budget.slow_s
        if slow and self.rounds >= self.budget.rounds_of_slow:
            return
        # Calls that are short are timed in batches; the first call after others had the machine does not count.
        calls = max(1, round(self.budget.sample_s / self.seconds))
        samples = min(self.budget.samples, max(1, int(self.budget.round_s / (self.seconds * calls))))
        if not slow:
            self.process.ask("time", 1, calls)
        reply = self.process.ask("time", samples, calls)
        self.ns += reply["ns"]
        self.cores.append(reply["cores"])
        self.seconds = min(self.ns) / 1e9
        self.rounds += 1


def interleave(timings, rounds, failed):
    """One round of each in turn. Who fails is dropped: failed(name, reason)."""
    timings = dict(timings)
    for _ in range(rounds):
        for name in list(timings):
            try:
                timings[name].run_round()
            except Failed as e:
                failed(name, str(e))
                del timings[name]
    return timings


def run_limited(command, log, timeout_s):
    """Runs a command to its end, in a process group of its own; Failed with the reason it gives ("reason: …") or its last line."""
    with open(log, "w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        start = time.monotonic()
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise Failed(f"not converted within {timeout_s} s") from None
    if code:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
        reasons = [line.removeprefix("reason: ") for line in lines if line.startswith("reason: ")]
        ended = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise Failed((reasons or lines[-1:] or [ended])[-1][:300])
    return time.monotonic() - start
