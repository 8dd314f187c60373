"""Exports one model: export.py NAME FOLDER. All that runtimes and checks need lies in the folder afterwards.

    model.pt2       as torch.export.export gives it            module.pt      the module, for torch eager and for tracing
    stateless.pt2   with its state as inputs and outputs, if the model has state; stateless.pt likewise
    inputs/00.npy   … and stateless_inputs/00.npy …            expected.npz   what torch eager answers
    facts.json      FLOPs, bytes of weights and state
"""
import json
import sys
from pathlib import Path

import numpy as np
import torch

import nets
from flops import flops_of_program


def save(module, inputs, module_file, program_file, inputs_folder):
    torch.save(module, module_file)
    program = torch.export.export(module, inputs)
    torch.export.save(program, program_file)
    inputs_folder.mkdir(exist_ok=True)
    for i, x in enumerate(inputs):
        np.save(inputs_folder / f"{i:02}.npy", x.numpy())
    return program


def answers_of(module, inputs):
    with torch.inference_mode():
        y = module(*inputs)
    return [t.clone() for t in (y if isinstance(y, tuple) else (y,))]


def require_lively(name, answers, inputs):
    """A check against eager says little about a model whose output hardly depends on its input."""
    if any(x.is_floating_point() for x in inputs):
        others = tuple(torch.rand_like(x) for x in inputs)
    else:
        others = (inputs[0] // 2, *inputs[1:])  # other tokens
    changed = answers_of(nets.make(name)[0], others)[0]
    share = float((changed - answers[0]).std() / answers[0].std())
    if not share > 0.02:
        raise ValueError(f"{name}: another input changes the output by {share:.1e} of its spread only")
    return share


def main():
    name, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    module, inputs = nets.make(name)
    facts = {"parameters": sum(p.numel() for p in module.parameters())}
    with torch.no_grad():
        program = save(module, inputs, folder / "module.pt", folder / "model.pt2", folder / "inputs")
        if make_stateless := nets.MODELS[name].stateless:
            outside = make_stateless(module)
            save(outside, (*inputs, *outside.caches()), folder / "stateless.pt", folder / "stateless.pt2", folder / "stateless_inputs")
    facts["flops"] = flops_of_program(program)
    tensors = {t.data_ptr(): t.numel() * t.element_size() for t in (*module.parameters(), *module.buffers())}
    facts["bytes"] = sum(tensors.values())
    answers = answers_of(nets.make(name)[0], inputs)
    facts["depends_on_input"] = require_lively(name, answers, inputs)
    np.savez(folder / "expected.npz", **{f"out{i}": y.numpy() for i, y in enumerate(answers)})
    (folder / "facts.json").write_text(json.dumps(facts))


if __name__ == "__main__":
    main()
