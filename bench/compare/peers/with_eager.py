TITLE, PACKAGES, NEEDS_STATELESS, IS_FOR_THREADS = "torch eager", ("torch",), False, False


def prepare(folder, threads):
    """module.pt is there."""


def start(threads):
    import torch

    import nets  # noqa: F401, the classes that module.pt names

    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)


def load(folder, threads, inputs):
    import torch

    module = torch.load(folder / "module.pt", weights_only=False, mmap=True)
    tensors = [torch.from_numpy(x) for x in inputs]
    return lambda: module(*tensors)


def arrays(outputs):
    return [y.numpy() for y in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]
