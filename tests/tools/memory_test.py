"""Pools with sizes, planners of all kinds, and exact sizes, from the command line."""
import json
import os
import sys

import pytest

from etc_tools import COMPILE, INSPECT, ROOT, RUN, run

DIGITS = ROOT / "examples" / "digits"


def pools_of(program, *options):
    report = json.loads(run(COMPILE, DIGITS / "digits.pt2", "-o", program, "--format", "json", *options).stdout)
    return {p["name"]: p for p in report["methods"][0]["pools"]}


def check_answer(program):
    run(INSPECT, "--verify", program)
    run(RUN, program, DIGITS / "seven.npy", "--expect", DIGITS / "seven-expected.npz")


@pytest.mark.parametrize("sizes", [("sram=2K", "dram=8M"), ("sram=1K", "dram"), ("a=64", "b=4K", "c=1G"), ("only=8K",)])
def test_pools_have_their_sizes(sizes, tmp_path):
    program = tmp_path / "digits.etc"
    pools = pools_of(program, *[word for size in sizes for word in ("--pool", size)])
    assert list(pools) == [size.split("=")[0] for size in sizes]
    assert all(p["bytes"] <= p.get("capacity", p["bytes"]) for p in pools.values())
    assert all(p["bytes"] == p["lower_bound"] or p["optimal"] for p in pools.values())
    check_answer(program)


def test_pools_too_small_say_what_would_fit(tmp_path):
    program = tmp_path / "digits.etc"
    message = run(COMPILE, DIGITS / "digits.pt2", "-o", program, "--pool", "sram=1K", expect=3).stderr
    assert "no room for '" in message and "train.py:" in message, message
    enough = message.split("--pool ")[1].split()[0]
    pools_of(program, "--pool", enough)
    name, size = enough.split("=")
    run(COMPILE, DIGITS / "digits.pt2", "-o", program, "--pool", f"{name}={int(size) - 64}", expect=3)
    check_answer(program)


def test_a_run_tells_the_use_of_each_pool(tmp_path):
    program = tmp_path / "digits.etc"
    planned = pools_of(program, "--pool", "sram=2K", "--pool", "dram=8M")
    used = json.loads(run(RUN, program, DIGITS / "seven.npy", "--format", "json").stdout)["pools"]
    assert [p["name"] for p in used] == ["sram", "dram"] and [p["capacity"] for p in used] == [2048, 8 << 20]
    for pool in used:
        assert pool["planned"] == planned[pool["name"]]["bytes"]
        # Nothing beyond the plan, and up to the padding at its end all of it.
        assert pool["planned"] - 64 < pool["high_water"] <= pool["planned"]
    unlimited = pools_of(program)
    used = json.loads(run(RUN, program, DIGITS / "seven.npy", "--format", "json", "--repeat", 2).stdout)["pools"]
    assert used == [{"name": "main", "planned": unlimited["main"]["bytes"], "capacity": None, "high_water": used[0]["high_water"]}]


@pytest.mark.parametrize("words", [("sram",), ("=5",), ("a=0",), ("a=1k",), ("a=-1",), ("a=1K", "a=2K"), ("a", "b=1K"), ("a=99999999999G",), ("a=1.5M",)])
def test_wrong_pools_are_usage(words, tmp_path):
    options = [word for size in words for word in ("--pool", size)]
    expect = 0 if words == ("sram",) else 2
    run(COMPILE, DIGITS / "digits.pt2", "-o", tmp_path / "x.etc", *options, expect=expect)


@pytest.mark.parametrize("planner", ["search", "greedy", "no-reuse"])
def test_planners_by_name(planner, tmp_path):
    pools = pools_of(tmp_path / "digits.etc", "--planner", planner)
    assert pools["main"]["bytes"] >= pools["main"]["lower_bound"]
    assert (pools["main"]["bytes"] > pools["main"]["lower_bound"]) == (planner == "no-reuse")
    check_answer(tmp_path / "digits.etc")


PLANNER = """import csv, sys
top, rows = 0, list(csv.DictReader(sys.stdin))
assert int(sys.argv[-1]) > 0 and all(int(r["size"]) % 64 == 0 for r in rows)
print("id,offset")
for row in rows:
    print(f"{row['id']},{top}")
    top += int(row["size"]) if sys.argv[1] == "right" else 64
"""


def test_a_program_as_planner(tmp_path):
    (tmp_path / "planner.py").write_text(PLANNER)
    command = f"exec:{sys.executable} {tmp_path / 'planner.py'}"
    pools = pools_of(tmp_path / "ours.etc", "--planner", f"{command} right")
    assert pools == pools_of(tmp_path / "separate.etc", "--planner", "no-reuse")
    check_answer(tmp_path / "ours.etc")
    message = run(COMPILE, DIGITS / "digits.pt2", "-o", tmp_path / "wrong.etc", "--planner", f"{command} wrong", expect=4).stderr
    assert "overlap while both live" in message and message.count("'") >= 4, message
    assert not (tmp_path / "wrong.etc").exists()
    run(COMPILE, DIGITS / "digits.pt2", "-o", tmp_path / "late.etc", "--planner", "exec:sleep 9 #", "--planner-timeout", 1, expect=4)
    run(COMPILE, DIGITS / "digits.pt2", "-o", tmp_path / "none.etc", "--planner", "exec:", expect=2)
    run(COMPILE, DIGITS / "digits.pt2", "-o", tmp_path / "none.etc", "--planner", "nobody", expect=2)


@pytest.mark.parametrize("text, code", [("", 3), ("id,lower,upper\na,0,1\n", 3), ("id,lower,upper,size\na,1,1,4\n", 3), ("id,lower,upper,size\n", 0)])
def test_problem_files(text, code, tmp_path):
    (tmp_path / "problem.csv").write_text(text)
    run(INSPECT, "--solve", tmp_path / "problem.csv", expect=code)
    run(INSPECT, "--solve", tmp_path / "missing.csv", expect=4)


def test_what_does_not_fit_is_proven(tmp_path):
    (tmp_path / "problem.csv").write_text("id,lower,upper,size\na,0,2,4\nb,1,3,8\n")
    done = run(INSPECT, "--solve", tmp_path / "problem.csv", "--capacity", 11, expect=1)
    assert "proven not to fit in 11; the best found needs 12" in done.stdout


def test_a_plugin_as_planner(tmp_path):
    plugin = os.environ["ETC_PLANNER_PLUGIN"]
    pools = pools_of(tmp_path / "digits.etc", "--plugin", plugin, "--planner", "lowest-gap")
    assert all(p["bytes"] >= p["lower_bound"] for p in pools.values())
    check_answer(tmp_path / "digits.etc")
    message = run(COMPILE, DIGITS / "digits.pt2", "-o", tmp_path / "x.etc", "--plugin", plugin, "--planner", "nobody", expect=2).stderr
    assert "lowest-gap" in message and "search" in message, message


def test_the_planner_in_awk(tmp_path):
    pools = pools_of(tmp_path / "digits.etc", "--planner", f"exec:awk -f {ROOT / 'examples' / 'planner' / 'first_fit.awk'}", "--pool", "sram=2K", "--pool", "dram")
    assert all(p["bytes"] >= p["lower_bound"] for p in pools.values())
    check_answer(tmp_path / "digits.etc")
