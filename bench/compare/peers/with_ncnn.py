TITLE, PACKAGES, NEEDS_STATELESS, IS_FOR_THREADS = "ncnn", ("ncnn", "pnnx"), True, False


def prepare(folder, threads):
    import subprocess

    import numpy as np
    import pnnx
    import torch

    stateless = folder / "stateless.pt"
    module = torch.load(stateless if stateless.exists() else folder / "module.pt", weights_only=False)
    inputs = [np.load(file) for file in sorted((folder / ("stateless_inputs" if stateless.exists() else "inputs")).iterdir())]
    target = folder / "ncnn"
    target.mkdir(exist_ok=True)
    torch.jit.trace(module, tuple(map(torch.from_numpy, inputs))).save(target / "model.pt")
    # pnnx.export would run the Python that pnnx writes too, which fails for modules in a Sequential; its program does the rest alone.
    shapes = ",".join(f"[{','.join(map(str, x.shape))}]{'i64' if x.dtype == np.int64 else 'f32'}" for x in inputs)
    subprocess.run([pnnx.EXEC_PATH, target / "model.pt", f"inputshape={shapes}", "fp16=0"], check=True, cwd=target)
    layers = {line.split()[0] for line in (target / "model.ncnn.param").read_text().splitlines()[2:]}
    if foreign := sorted(layer for layer in layers if "." in layer or layer.startswith(("pnnx", "aten", "prim"))):
        raise ValueError("ncnn has no layers for " + ", ".join(foreign))


def start(threads):
    import ncnn

    ncnn.set_omp_num_threads(threads)


def load(folder, threads, inputs):
    import ncnn
    import numpy as np

    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = net.opt.use_bf16_storage = False
    if net.load_param(str(folder / "ncnn/model.ncnn.param")) or net.load_model(str(folder / "ncnn/model.ncnn.bin")):
        raise ValueError("ncnn does not load what pnnx made")
    # It has no batch axis.
    kept = [np.ascontiguousarray((x[0] if x.ndim > 1 else x).astype(np.int32 if x.dtype == np.int64 else x.dtype)) for x in inputs]
    mats = [(f"in{i}", ncnn.Mat(x)) for i, x in enumerate(kept)]
    names = sorted(net.output_names(), key=lambda name: int(name.removeprefix("out")))

    def call():
        extractor = net.create_extractor()
        for name, mat in mats:
            extractor.input(name, mat)
        outputs = []
        for name in names:
            status, mat = extractor.extract(name)
            if status:
                raise ValueError(f"ncnn: error {status}")
            outputs.append(mat)
        return outputs

    call.keeps = net, kept
    return call


def arrays(outputs):
    import numpy as np

    return [np.array(y) for y in outputs]
