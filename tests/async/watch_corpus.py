"""Every model of the corpus with its instructions on four threads, by an etc-run that ThreadSanitizer instruments; the answers are PyTorch's.

    meson setup build-tsan --buildtype=release -Db_sanitize=thread -Db_lundef=false && ninja -C build-tsan src/run/etc-run
    watch_corpus.py build-tsan/src/run/etc-run [FILE...]

Takes ETC_COMPILE and the other tools from an ordinary build (ETC_BUILD). Some minutes; exits with 1 when a race was seen.
"""
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("ETC_BUILD", ROOT / "build"))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        # The sanitizer of g++ 12 wants addresses that are not spread (tsan.sh says more).
        watched = Path(folder) / "etc-run"
        watched.write_text(f'#!/bin/sh\nexec setarch {platform.machine()} -R "{Path(sys.argv[1]).resolve()}" "$@"\n')
        watched.chmod(0o755)
        os.environ |= {"ETC_RUN": str(watched), "TSAN_OPTIONS": "halt_on_error=1 exitcode=66"}
        for name in ("compile", "inspect"):
            os.environ.setdefault(f"ETC_{name.upper()}", str(BUILD / f"src/{name}/etc-{name}"))
        sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "corpus")]
        import corpus_test

        faults = []
        for file in sys.argv[2:] or [f for f in corpus_test.FILES if not corpus_test.is_later(f)]:
            for goal in ("memory", "latency"):
                with tempfile.TemporaryDirectory() as work:
                    program = Path(work) / "program.etc"
                    model = corpus_test.CORPUS / f"{file}.pt2"
                    corpus_test.compile_model(model, program, "--optimize-for", goal, *corpus_test.bounds_of(model))
                    name = file.removesuffix(".core")
                    try:
                        cases = range(corpus_test.MANIFEST[name]["cases"])
                        corpus_test.check_cases(name, program, cases, Path(work), "--async", "--threads", "4")
                    except (AssertionError, subprocess.SubprocessError) as e:
                        faults.append(f"{file}, planned for {goal}: {str(e)[:2000]}")
                        print(faults[-1], flush=True)
            print(file, flush=True)
        print(f"{len(faults)} faults")
        sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
