"""The same program by other ways: compiled twice, without a pass, with other threads; and how far the plans are from their lower bounds."""
import json
import os
import re

import numpy as np
import pytest

from etc_tools import COMPILE, INSPECT, ROOT, RUN, run

DIGITS = ROOT / "examples" / "digits"
CORPUS = next((p for p in (os.environ.get("ETC_CORPUS"), ROOT.parent / "shared" / "corpus", os.path.join(os.environ.get("ETC_BUILD", ""), "corpus"))
               if p and os.path.exists(os.path.join(p, "manifest.json"))), None)
# Different enough: convolutions, attention, state, views that are written, gates.
NAMES = ["convnet", "sdpa", "kv_index_put", "mutate_view", "gru", "transformer_encoder", "norms", "shape_ops", "batchnorm_train"]


def models():
    yield DIGITS / "digits.pt2"
    if CORPUS:
        manifest = json.load(open(os.path.join(CORPUS, "manifest.json")))
        for name in NAMES:
            if "dynamic" not in manifest.get(name, {"tags": ["dynamic"]})["tags"]:
                for form in ("", ".core"):
                    if os.path.exists(path := os.path.join(CORPUS, f"{name}{form}.pt2")):
                        yield path


MODELS = [str(m) for m in models()]
PASSES = re.findall(r"^  ([a-z][a-z-]+)  (?!.*always runs)", run(COMPILE, "--help").stdout.split("Passes, in order:", 1)[1], re.M) if COMPILE else []


def random_inputs(program, folder):
    """An .npy for each input: small random numbers, zeros for indices."""
    method = json.loads(run(INSPECT, "--io", program, "--format", "json").stdout)["methods"][0]
    files = []
    for i, port in enumerate(method["inputs"]):
        dtype = {"f32": np.float32, "i64": np.int64, "bool": np.bool_}[port["dtype"]]
        data = np.random.default_rng(i).standard_normal(port["shape"]).astype(dtype) if dtype == np.float32 else np.zeros(port["shape"], dtype)
        np.save(folder / f"in{i}.npy", data)
        files.append(folder / f"in{i}.npy")
    return files


def outputs(program, inputs, folder, *options):
    run(RUN, program, *inputs, "-o", folder / "out.npz", *options)
    arrays = np.load(folder / "out.npz")
    return {name: arrays[name] for name in arrays.files}


def test_there_are_passes():
    assert len(PASSES) >= 5, PASSES


@pytest.mark.parametrize("model", MODELS)
def test_same_bytes_every_time(model, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    copy = tmp_path / "elsewhere" / "renamed.pt2"
    copy.write_bytes(open(model, "rb").read())
    run(COMPILE, model, "-o", tmp_path / "a.etc")
    run(COMPILE, copy, "-o", tmp_path / "elsewhere" / "b.etc", env={**os.environ, "TZ": "Asia/Tokyo", "LC_ALL": "C"}, cwd=tmp_path)
    assert (tmp_path / "a.etc").read_bytes() == (tmp_path / "elsewhere" / "b.etc").read_bytes()


@pytest.mark.parametrize("model", MODELS)
def test_every_pass_can_be_left_out(model, tmp_path):
    run(COMPILE, model, "-o", tmp_path / "all.etc")
    inputs = random_inputs(tmp_path / "all.etc", tmp_path)
    expected = outputs(tmp_path / "all.etc", inputs, tmp_path)
    everything = [option for name in PASSES for option in ("--disable-pass", name)]
    for options in [["--disable-pass", name] for name in PASSES] + [everything, ["--strip"]]:
        run(COMPILE, model, "-o", tmp_path / "other.etc", *options)
        run(INSPECT, "--verify", tmp_path / "other.etc")
        ours = outputs(tmp_path / "other.etc", inputs, tmp_path)
        assert ours.keys() == expected.keys()
        for name, array in ours.items():
            np.testing.assert_allclose(array, expected[name], rtol=1e-4, atol=1e-5, err_msg=f"{name} with {options}")


@pytest.mark.parametrize("model", MODELS)
def test_threads_do_not_change_a_bit(model, tmp_path):
    run(COMPILE, model, "-o", tmp_path / "m.etc")
    inputs = random_inputs(tmp_path / "m.etc", tmp_path)
    one = outputs(tmp_path / "m.etc", inputs, tmp_path, "--threads", 1)
    for threads in (2, 5):
        for name, array in outputs(tmp_path / "m.etc", inputs, tmp_path, "--threads", threads).items():
            assert array.tobytes() == one[name].tobytes(), f"{name} with {threads} threads"


@pytest.mark.parametrize("model", MODELS)
def test_plan_reaches_its_lower_bound(model, tmp_path):
    report = json.loads(run(COMPILE, model, "-o", tmp_path / "m.etc", "--format", "json").stdout)
    for method in report["methods"]:
        for pool in method["pools"]:
            assert pool["bytes"] == pool["lower_bound"], pool
    seen = json.loads(run(INSPECT, "--plan", tmp_path / "m.etc", "--format", "json").stdout)
    for method, inspected in zip(report["methods"], seen["methods"]):
        assert [p["bytes"] for p in method["pools"]] == [p["bytes"] for p in inspected["pools"]]
        assert [p["lower_bound"] for p in method["pools"]] == [p["lower_bound"] for p in inspected["pools"]]


def test_reports_are_what_they_say(tmp_path):
    program = tmp_path / "digits.etc"
    run(COMPILE, DIGITS / "digits.pt2", "-o", program)
    for report in ([], ["--io"], ["--plan"], ["--graph"], ["--ops"], ["--size"], ["--verify"]):
        assert run(INSPECT, *report, program).stdout
        assert json.loads(run(INSPECT, *report, program, "--format", "json").stdout)["schema_version"] == 1
    assert "train.py:" in run(INSPECT, "--plan", program).stdout
    svg = run(INSPECT, "--plan", "--format", "svg", program).stdout
    assert svg.startswith("<svg") and svg.count("<rect") > 5 and "<title>" in svg
    run(INSPECT, "--plan", "--format", "html", "-o", tmp_path / "plan.html", program)
    assert (tmp_path / "plan.html").read_text().startswith("<!doctype html>")
    run(COMPILE, DIGITS / "digits.pt2", "-o", tmp_path / "plain.etc", "--disable-pass", "fold-batch-norm")
    assert "batch_norm" in run(INSPECT, "--diff", program, tmp_path / "plain.etc", expect=1).stdout
    run(INSPECT, "--diff", program, program)


@pytest.mark.skipif(not CORPUS, reason="there is no corpus")
@pytest.mark.parametrize("name", ["mlp", "dyn_derived", "kv_item", "unbacked", "cond_nested_dynamic", "while_loop_dynamic", "scan"])
def test_reports_of_programs_whose_sizes_vary(name, tmp_path):
    program = tmp_path / "m.etc"
    run(COMPILE, os.path.join(CORPUS, f"{name}.pt2"), "-o", program)
    for report in ([], ["--io"], ["--plan"], ["--graph"], ["--ops"], ["--size"], ["--verify"]):
        assert run(INSPECT, *report, program).stdout
        assert json.loads(run(INSPECT, *report, program, "--format", "json").stdout)["schema_version"] == 1
    assert " eval(" in run(INSPECT, "--graph", program).stdout
    # Evals are no calls of the program's first op.
    ops = json.loads(run(INSPECT, "--ops", program, "--format", "json").stdout)["ops"]
    instructions = json.loads(run(INSPECT, "--graph", program, "--format", "json").stdout)["methods"][0]["instructions"]
    assert sum(op["instructions"] for op in ops) == len([i for i in instructions if i["op"] not in ("eval", "swap")])


def test_solving_a_packing_problem(tmp_path):
    (tmp_path / "p.csv").write_text("id,lower,upper,size\na,0,2,4\nb,1,3,8\nc,2,4,4\n")
    answer = run(INSPECT, "--solve", tmp_path / "p.csv", "--capacity", 12).stdout.splitlines()
    assert answer[0] == "id,lower,upper,size,offset" and len(answer) == 4
    run(INSPECT, "--solve", tmp_path / "p.csv", "--capacity", 11, expect=1)
    (tmp_path / "bad.csv").write_text("id,lower,upper,size\na,0,x,4\n")
    run(INSPECT, "--solve", tmp_path / "bad.csv", "--capacity", 11, expect=3)
