"""The list that `etc-inspect --ops` prints is the list that `meson setup -Dops=@FILE` takes; tests/cross builds and runs such a runtime."""
import re
import subprocess
import sys

import pytest

from etc_tools import INSPECT, ROOT, compile_model, run


def op_lists():
    """FILE=OP,OP of each ops/*/meson.build, as ops/meson.build passes them."""
    found = []
    for path in sorted((ROOT / "ops").glob("*/meson.build")):
        for file, ops in re.findall(r"'([\w/]+)': \[(.*?)\]", path.read_text(), re.DOTALL):
            found.append(file + "=" + ",".join(re.findall(r"'(\w+)'", ops)))
    return found


def select(text, folder):
    return subprocess.run([sys.executable, ROOT / "ops" / "select_ops.py", text, ROOT / "ops", folder / "selected.h", *op_lists()],
                          capture_output=True, text=True)


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    program = tmp_path_factory.mktemp("digits") / "digits.etc"
    compile_model(ROOT / "examples" / "digits" / "digits.pt2", program, "--cpu", "generic")
    return program


@pytest.mark.parametrize("form", ["text", "json"])
def test_selects_what_a_program_calls(digits, form, tmp_path):
    done = select(run(INSPECT, "--ops", "--format", form, digits).stdout, tmp_path)
    assert done.returncode == 0, done.stderr
    chosen = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}
    assert chosen["conv/convolution"] == ["convolution"] and chosen["pointwise/sign"] == ["relu"]
    assert "pointwise/trigonometric" not in chosen, "an op that the program does not call"
    assert chosen["linalg/gemm"] == [], "a helper is left to the linker"
    header = (tmp_path / "selected.h").read_text()
    assert '{"ops/conv/convolution", 0x100}' in header, "float32 alone"
    assert '{"ops/reduce/argmax", 0x120}' in header, "float32, and the int64 of its result"


def test_selects_packed_kernels_that_a_program_calls(tmp_path):
    compile_model(ROOT / "examples" / "digits" / "digits.pt2", tmp_path / "digits.etc", "--cpu", "x86-64")
    done = select(run(INSPECT, "--ops", tmp_path / "digits.etc").stdout, tmp_path)
    assert done.returncode == 0, done.stderr
    chosen = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}
    assert chosen["cpu/conv2d"] == ["packed_conv2d"] and "conv/convolution" not in chosen


def test_the_union_has_what_each_program_calls(digits, tmp_path):
    assert run(INSPECT, "--ops", digits, digits).stdout == run(INSPECT, "--ops", digits).stdout


def test_knows_every_op_of_the_build(tmp_path):
    """Each word in ops/*/meson.build has its ETC_OP, found by name."""
    done = select("", tmp_path)
    assert done.returncode == 0, done.stderr
    assert all(len(line.split()) == 1 for line in done.stdout.splitlines()), "an empty list selects helpers alone"


@pytest.mark.parametrize("text, words", [
    ("aten::relu f32\naten::reloo f32", "aten::reloo"),
    ("aten::relu f31", "f31"),
    ("aten::relu f32 f64", "line 1"),
])
def test_refuses_a_wrong_list(text, words, tmp_path):
    done = select(text, tmp_path)
    assert done.returncode == 1 and words in done.stderr, done.stderr
    assert not (tmp_path / "selected.h").exists()


def test_leaves_external_ops_to_tables(tmp_path):
    done = select("# a custom op\nmylib::norm f32 external\naten::relu f32\n", tmp_path)
    assert done.returncode == 0 and "pointwise/sign relu" in done.stdout.splitlines(), done.stderr
