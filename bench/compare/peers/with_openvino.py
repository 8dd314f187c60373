TITLE, PACKAGES, NEEDS_STATELESS, IS_FOR_THREADS = "OpenVINO", ("openvino",), True, False


def prepare(folder, threads):
    import openvino

    from .onnx_file import export_onnx

    model = openvino.Core().read_model(export_onnx(folder))
    openvino.save_model(model, folder / "openvino.xml", compress_to_fp16=False)


def start(threads):
    import openvino

    openvino.Core()


def load(folder, threads, inputs):
    import openvino

    config = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    request = openvino.Core().compile_model(folder / "openvino.xml", "CPU", config).create_infer_request()
    for i, x in enumerate(inputs):
        request.set_input_tensor(i, openvino.Tensor(x, shared_memory=True))
    return lambda: request.infer(share_outputs=True)


def arrays(outputs):
    return list(outputs.values())
