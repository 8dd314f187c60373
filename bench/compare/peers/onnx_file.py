"""The model as ONNX, which two runtimes read."""


def export_onnx(folder):
    import torch

    file = folder / "model.onnx"
    if not file.exists():
        stateless = folder / "stateless.pt2"
        program = torch.export.load(stateless if stateless.exists() else folder / "model.pt2")
        torch.onnx.export(program, dynamo=True, verbose=False).save(folder / "unfinished.onnx")
        (folder / "unfinished.onnx").rename(file)
    return file
