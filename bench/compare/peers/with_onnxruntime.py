TITLE, PACKAGES, NEEDS_STATELESS, IS_FOR_THREADS = "ONNX Runtime", ("onnxruntime", "onnxscript"), True, False


def prepare(folder, threads):
    from .onnx_file import export_onnx

    export_onnx(folder)


def start(threads):
    import onnxruntime

    onnxruntime.disable_telemetry_events()


def load(folder, threads, inputs):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(folder / "model.onnx", options, ["CPUExecutionProvider"])
    feed = dict(zip((i.name for i in session.get_inputs()), inputs, strict=True))
    return lambda: session.run(None, feed)


def arrays(outputs):
    return outputs
