"""PyTorch's own kernels as a judge: every model of the corpus with each op of PyTorch an external one, in etc's plan, equals PyTorch eager.

Where this passes and corpus_test.py does not, a kernel is at fault; where both fail, what etc made of the model. CANNOT lists what cannot
go this way; a listed model that passes fails the test, so that the list stays true.
"""
import json
import os

import pytest

from etc_tools import INSPECT, compile_model, run
from corpus.corpus_test import CORPUS, FILES, MANIFEST, bounds_of, check_cases

LIBRARY = os.environ.get("ETC_ATEN")
pytestmark = pytest.mark.skipif(not LIBRARY, reason="libetc-aten.so is not built")

COMPLEX = "etc has no dtype for complex numbers"
PICKLED = "its weights are pickled tensor subclasses; the decomposed form has none"
CANNOT = {
    "associative_scan": "export left the loop to run_decompositions()",
    "fft": COMPLEX,
    "fft.core": COMPLEX,
    "q_ao_int8_dynamic": PICKLED,
    "q_ao_int8_weight_only": PICKLED,
    "q_ao_intx_8da4w": PICKLED,
    "rope_complex": COMPLEX,
    "rope_complex.core": COMPLEX,
    "special_floats": COMPLEX,
    "special_floats.core": COMPLEX,
}
# Where kernels of ops of PyTorch come from etc itself: the model has none of those ops.
LOOPS, QUANTIZED = "etc counts the rounds of loops", "ops of quantized_decomposed are made of those"
OURS = {"map": LOOPS, "map.core": LOOPS, "scan": LOOPS, "scan.core": LOOPS, "scan_reverse_pytree": LOOPS, "scan_reverse_pytree.core": LOOPS} | {
    name + form: QUANTIZED for form in ("", ".core") for name in ("q_pt2e_x86_dynamic", "q_pt2e_x86_static")} | {
    name: "powers of sizes that vary are computed by a kernel" for name in ("dyn_float", "dyn_float.core")} | {
    "batchnorm_train": "the running statistics that aten::batch_norm writes in training are not in its schema"}


def check_model(file, tmp):
    program = tmp / "program.etc"
    compile_model(CORPUS / f"{file}.pt2", program, "--external", "aten::*", *bounds_of(CORPUS / file))
    ops = json.loads(run(INSPECT, program, "--ops", "--format", "json").stdout)["ops"]
    ours = {op["name"] for op in ops if not op["external"] and op["name"].startswith("aten::")}
    name = file.removesuffix(".core")
    check_cases(name, program, range(MANIFEST[name]["cases"]), tmp, "--ops", LIBRARY)
    assert bool(ours) == (file in OURS), f"{ours} are kernels of etc"


@pytest.mark.parametrize("file", [f for f in FILES if f not in CANNOT])
def test_equals_eager(file, tmp_path):
    check_model(file, tmp_path)


@pytest.mark.parametrize("file", [f for f in FILES if f in CANNOT])
def test_what_cannot_go_this_way_is_refused(file, tmp_path):
    try:
        check_model(file, tmp_path)
    except AssertionError as failure:
        assert "exit code 3, not 0" in str(failure), str(failure)
        return
    pytest.fail(f"{file} passes: take it off the list")
