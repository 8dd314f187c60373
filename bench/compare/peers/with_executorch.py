TITLE, PACKAGES, NEEDS_STATELESS, IS_FOR_THREADS = "ExecuTorch, XNNPACK", ("executorch",), False, False


def prepare(folder, threads):
    import torch
    from executorch.backends.xnnpack.partition import xnnpack_partitioner
    from executorch.exir import ExecutorchBackendConfig, to_edge_transform_and_lower
    from executorch.exir.passes.init_mutable_pass import InitializedMutableBufferPass

    program = torch.export.load(folder / "model.pt2")
    lowered = to_edge_transform_and_lower(program, partitioner=[xnnpack_partitioner.XnnpackPartitioner()])
    # Without the pass a buffer that the program changes begins with anything.
    config = ExecutorchBackendConfig(passes=[InitializedMutableBufferPass(["cache"])])
    (folder / "executorch.pte").write_bytes(lowered.to_executorch(config).buffer)


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
