TITLE, PACKAGES, NEEDS_STATELESS, IS_FOR_THREADS = "ExecuTorch, XNNPACK", ("executorch",), False, False


def prepare(folder, threads):
    import torch
    from executorch.backends.xnnpack.partition import xnnpack_partitioner
    from executorch.exir import to_edge_transform_and_lower

    program = torch.export.load(folder / "model.pt2")
    lowered = to_edge_transform_and_lower(program, partitioner=[xnnpack_partitioner.XnnpackPartitioner()]).to_executorch()
    (folder / "executorch.pte").write_bytes(lowered.buffer)


def start(threads):
    from executorch.extension.pybindings import portable_lib

    portable_lib._unsafe_reset_threadpool(threads)


def load(folder, threads, inputs):
    import torch
    from executorch.extension.pybindings import portable_lib

    module = portable_lib._load_for_executorch(str(folder / "executorch.pte"))
    tensors = [torch.from_numpy(x) for x in inputs]
    return lambda: module.forward(tensors)


def arrays(outputs):
    return [y.numpy() for y in outputs]
