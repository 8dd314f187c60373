"""A module in both forms of export, through etc-compile and etc-run."""
import numpy as np
import torch

from etc_tools import INSPECT, RUN, compile_model, run


def check_both_forms(module, x, folder, *words, rtol, atol):
    """Output equal to eager's, by what `etc-compile WORDS` makes; the graphs as etc-inspect shows them, of the core form and the plain one."""
    program = torch.export.export(module.eval(), (x,))
    np.save(folder / "x.npy", x.numpy())
    np.savez(folder / "y.npz", output_0=module(x).detach().numpy())
    graphs = []
    for form in (program.run_decompositions(), program):
        torch.export.save(form, folder / "model.pt2")
        compile_model(folder / "model.pt2", folder / "model.etc", *words)
        run(RUN, folder / "model.etc", folder / "x.npy", "--expect", folder / "y.npz", "--rtol", rtol, "--atol", atol, "-o", folder / "out.npz")
        graphs.append(run(INSPECT, "--graph", folder / "model.etc").stdout)
    return graphs
