"""Everything that can be wrong from outside has the documented exit code, a message that names it, and leaves no half-written file."""
import io
import json
import os
import subprocess
import zipfile

import numpy as np
import pytest
import torch
import torch.nn as nn

from etc_tools import COMPILE, INSPECT, ROOT, RUN, run

DIGITS = ROOT / "examples" / "digits"


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("program") / "digits.etc"
    run(COMPILE, DIGITS / "digits.pt2", "-o", path)
    return path


@pytest.fixture(scope="module")
def two_inputs(tmp_path_factory):
    class Two(nn.Module):
        def forward(self, x, y):
            return x * 2 + y

    folder = tmp_path_factory.mktemp("two")
    torch.export.save(torch.export.export(Two(), (torch.ones(2, 3), torch.ones(3))), folder / "two.pt2")
    run(COMPILE, folder / "two.pt2", "-o", folder / "two.etc")
    return folder / "two.etc"


def refused(command, code, *words):
    """Exit code, one message on stderr with these words, nothing on stdout."""
    done = run(*command, expect=code)
    for word in words:
        assert word.lower() in done.stderr.lower(), f"{word!r} is not in: {done.stderr}"
    assert done.stderr.strip(), "no message"
    return done.stderr


# ---------------------------------------------------------------- .pt2

def rewrite(path, edit=lambda name, data: data, drop=(), add=None):
    """The digits archive with entries edited, stored as torch does."""
    with zipfile.ZipFile(DIGITS / "digits.pt2") as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            if not any(name.endswith(d) for d in drop):
                new.writestr(name, edit(name, old.read(name)))
        for name, data in (add or {}).items():
            new.writestr(name, data)
    return path


def edit_json(path, change):
    def edit(name, data):
        if not name.endswith("models/model.json"):
            return data
        model = json.loads(data)
        change(model)
        return json.dumps(model)
    return rewrite(path, edit)


def test_files_that_are_no_pt2(tmp_path):
    out = tmp_path / "out.etc"
    (tmp_path / "empty.pt2").touch()
    (tmp_path / "text.pt2").write_text("hello")
    whole = (DIGITS / "digits.pt2").read_bytes()
    (tmp_path / "short.pt2").write_bytes(whole[: len(whole) // 2])
    for name, words in (("missing.pt2", ["no such file"]), ("empty.pt2", ["empty"]), ("text.pt2", ["zip"]), ("short.pt2", [])):
        refused([COMPILE, tmp_path / name, "-o", out], 4 if name == "missing.pt2" else 3, name, *words)
    refused([COMPILE, tmp_path, "-o", out], 3, "directory")
    assert not out.exists()


def test_other_files_of_pytorch_are_named(tmp_path):
    torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.ones(1, 2)), str(tmp_path / "script.pt2"))
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / "state.pt2")
    refused([COMPILE, tmp_path / "script.pt2"], 3, "torchscript", "torch.export")
    refused([COMPILE, tmp_path / "state.pt2"], 3, "torch.export")
    old = tmp_path / "old.pt2"
    with zipfile.ZipFile(old, "w") as z:
        for name in ("serialized_exported_program.json", "serialized_state_dict.pt", "serialized_constants.pt", "version"):
            z.writestr(name, "8.1")
    refused([COMPILE, old], 3, "torch.export.save(torch.export.load")


def test_archives_of_other_versions(tmp_path):
    other = tmp_path / "other.pt2"
    rewrite(other, lambda name, data: b"7" if name.endswith("archive_version") else data)
    refused([COMPILE, other], 3, "version")
    rewrite(other, lambda name, data: b"big" if name.endswith("byteorder") else data)
    refused([COMPILE, other], 3, "big")
    edit_json(other, lambda m: m["schema_version"].update(major=9))
    refused([COMPILE, other], 3, "9")
    edit_json(other, lambda m: m["schema_version"].update(minor=99, later=1))
    run(COMPILE, other, "-o", tmp_path / "ok.etc")


def test_archives_that_lie(tmp_path):
    bad = tmp_path / "bad.pt2"
    rewrite(bad, drop=["model.json"])
    refused([COMPILE, bad], 3)
    rewrite(bad, drop=["weight_0"])
    refused([COMPILE, bad], 3, "weight_0")
    rewrite(bad, lambda name, data: data[:-1] if name.endswith("model.json") else data)
    refused([COMPILE, bad], 3, "json")
    rewrite(bad, lambda name, data: data[:8] if name.endswith("weight_0") else data)
    refused([COMPILE, bad], 3)

    def huge(model):
        for meta in model["graph_module"]["graph"]["tensor_values"].values():
            meta["sizes"] = [{"as_int": 2**40}, {"as_int": 2**40}]
    edit_json(bad, huge)
    refused([COMPILE, bad, "-o", tmp_path / "x.etc"], 3)

    def dangling(model):
        model["graph_module"]["graph"]["nodes"][0]["inputs"][0]["arg"] = {"as_tensor": {"name": "nobody"}}
    edit_json(bad, dangling)
    refused([COMPILE, bad, "-o", tmp_path / "x.etc"], 3, "nobody")
    assert not (tmp_path / "x.etc").exists()


def test_all_unknown_ops_are_listed_with_their_lines(tmp_path):
    class Odd(nn.Module):
        def forward(self, x):
            return torch.linalg.inv(x), torch.special.bessel_j0(x), torch.special.bessel_j0(x + 1)

    torch.export.save(torch.export.export(Odd(), (torch.eye(3),)), tmp_path / "odd.pt2")
    message = refused([COMPILE, tmp_path / "odd.pt2"], 3, "linalg_inv", "bessel_j0", "bad_input_test.py:")
    assert message.count("bad_input_test.py:") >= 2


def test_options_that_do_not_exist():
    refused([COMPILE], 2)
    refused([COMPILE, DIGITS / "digits.pt2", "--no-such-option"], 2, "no-such-option")
    refused([COMPILE, DIGITS / "digits.pt2", "--disable-pass", "no-such-pass"], 2, "no-such-pass")
    refused([RUN], 2)
    refused([INSPECT], 2)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_full_and_unwritable_outputs(program, tmp_path):
    image = DIGITS / "seven.npy"
    refused([COMPILE, DIGITS / "digits.pt2", "-o", tmp_path / "no" / "such" / "folder.etc"], 4)
    refused([RUN, program, image, "-o", tmp_path / "no" / "such" / "folder.npz"], 4)
    with open("/dev/full", "w") as full:
        done = subprocess.run([str(RUN), str(program), str(image)], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 4, done
    assert "space" in done.stderr.lower()
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- .etc

def test_programs_that_are_none(program, tmp_path):
    whole = program.read_bytes()
    (tmp_path / "empty.etc").touch()
    (tmp_path / "text.etc").write_text("hello" * 100)
    (tmp_path / "long.etc").write_bytes(whole + b"\0" * 8)
    for name in ("empty.etc", "text.etc", "long.etc"):
        for tool in ([RUN, tmp_path / name], [INSPECT, tmp_path / name], [INSPECT, "--verify", tmp_path / name]):
            refused(tool, 3, name)
    refused([RUN, tmp_path / "missing.etc"], 4, "no such file")
    for length in range(0, len(whole), max(1, len(whole) // 60)):
        (tmp_path / "cut.etc").write_bytes(whole[:length])
        refused([INSPECT, tmp_path / "cut.etc"], 3)


def test_another_version_says_so(program, tmp_path):
    whole = bytearray(program.read_bytes())
    at = whole.index(b"etc\0")
    whole[at + 4] = 77
    (tmp_path / "other.etc").write_bytes(whole)
    refused([RUN, tmp_path / "other.etc"], 3, "version")


# ---------------------------------------------------------------- inputs

def test_wrong_inputs_show_the_signature(two_inputs, tmp_path):
    x, y = tmp_path / "x.npy", tmp_path / "y.npy"
    np.save(x, np.ones((2, 3), np.float32))
    np.save(y, np.ones(3, np.float32))
    run(RUN, two_inputs, x, y)
    run(RUN, two_inputs, f"y={y}", f"x={x}")
    np.save(tmp_path / "double.npy", np.ones((2, 3)))
    np.save(tmp_path / "shape.npy", np.ones((3, 2), np.float32))
    signature = ["f32", "2x3"]
    for inputs in ([], [x], [x, y, y], [tmp_path / "double.npy", y], [tmp_path / "shape.npy", y], [f"z={x}", y], [x, "3xf32=1,2"], [x, "3xf32=1,2,x"],
                   [x, "3xi32=1,2,3"], [f"x={x}", f"x={x}"]):
        refused([RUN, two_inputs, *inputs], 2, *(signature if len(inputs) != 2 or "=1,2" not in str(inputs[1]) else []))
    (tmp_path / "bad.npy").write_bytes(b"\x93NUMPY\x01\x00\xff\xff{")
    refused([RUN, two_inputs, tmp_path / "bad.npy", y], 3, "bad.npy")
    refused([RUN, two_inputs, tmp_path / "none.npy", y], 4, "none.npy")
    np.save(tmp_path / "object.npy", np.array([{}], dtype=object), allow_pickle=True)
    refused([RUN, two_inputs, tmp_path / "object.npy", y], 3, "object.npy")
    refused([RUN, two_inputs, x, y, "--method", "backward"], 2, "backward")


def test_expect_names_the_worst_element(two_inputs, tmp_path):
    literals = ["2x3xf32=1,2,3,4,5,6", "3xf32=1,1,1"]
    right = np.array([[3, 5, 7], [9, 11, 13]], np.float32)
    np.savez(tmp_path / "right.npz", output_0=right)
    run(RUN, two_inputs, *literals, "--expect", tmp_path / "right.npz")
    wrong = right.copy()
    wrong[1, 2] = 14
    np.savez(tmp_path / "wrong.npz", output_0=wrong)
    done = run(RUN, two_inputs, *literals, "--expect", tmp_path / "wrong.npz", expect=1)
    text = done.stdout + done.stderr
    assert "1, 2" in text or "[1,2]" in text
    assert "13" in text and "14" in text
    run(RUN, two_inputs, *literals, "--expect", tmp_path / "wrong.npz", "--atol", 2)


# ---------------------------------------------------------------- damage

def test_damaged_json_is_refused_not_crashed_on(tmp_path):
    """A handful here; the sanitizer build does thousands."""
    with zipfile.ZipFile(DIGITS / "digits.pt2") as z:
        name = next(n for n in z.namelist() if n.endswith("models/model.json"))
        text = z.read(name)
    random = np.random.default_rng(1)
    for _ in range(25):
        data = bytearray(text)
        for _ in range(3):
            at = int(random.integers(len(data)))
            data[at] = int(random.choice(list(b'0123456789-{}[],:"ate')))
        bad = rewrite(tmp_path / "bad.pt2", lambda n, old: bytes(data) if n == name else old)
        done = subprocess.run([str(COMPILE), str(bad), "-o", str(tmp_path / "out.etc")], capture_output=True, text=True, timeout=60)
        assert done.returncode in (0, 3), f"{done.returncode}: {done.stderr}"
