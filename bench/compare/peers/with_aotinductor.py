TITLE, PACKAGES, NEEDS_STATELESS, IS_FOR_THREADS = "AOTInductor", ("torch",), False, True


def prepare(folder, threads):
    import torch
    from torch._inductor import aoti_compile_and_package, config

    torch.set_num_threads(threads)
    with torch.no_grad(), config.patch(freezing=True):
        aoti_compile_and_package(torch.export.load(folder / "model.pt2"), package_path=str(folder / f"aotinductor_{threads}.pt2"))


def start(threads):
    import torch

    torch.set_num_threads(threads)


def load(folder, threads, inputs):
    import torch

    runner = torch._inductor.aoti_load_package(str(folder / f"aotinductor_{threads}.pt2"))
    tensors = [torch.from_numpy(x) for x in inputs]
    return lambda: runner(*tensors)


def arrays(outputs):
    return [y.numpy() for y in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]
