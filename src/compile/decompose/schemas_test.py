"""Every schema text of ours is PyTorch's: names, types, order and defaults, so that what a .pt2 leaves out means the same."""
import os
import subprocess

import pytest
import torch
import torch.ao.quantization.fx._decomposed  # noqa: F401 - registers quantized_decomposed


def ours():
    lines = subprocess.run([os.environ["ETC_LIST_SCHEMAS"]], check=True, capture_output=True, text=True).stdout.splitlines()
    return [line.split(" ", 1) for line in lines]


def name_of(schema):
    return schema[: schema.index("(")]


def test_schemas_are_pytorchs():
    theirs = {s.name + ("." + s.overload_name if s.overload_name else ""): s for s in torch._C._jit_get_all_schemas()}
    wrong = []
    for kind, text in ours():
        name = name_of(text)
        if name.startswith(("etc::", "transformers::")):  # not PyTorch's
            continue
        if name not in theirs:
            wrong.append(f"{kind} {name}: PyTorch has no such op")
        elif torch._C.parse_schema(text) != theirs[name]:
            wrong.append(f"{kind} {text}\n  PyTorch: {theirs[name]}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", ["kernel", "decomposition"])
def test_no_op_is_defined_twice(kind):
    names = [name_of(text) for k, text in ours() if k == kind]
    assert sorted(names) == sorted(set(names))


def test_no_decomposition_hides_behind_a_kernel():
    names = {kind: {name_of(text) for k, text in ours() if k == kind} for kind in ["kernel", "decomposition"]}
    assert not names["kernel"] & names["decomposition"]
