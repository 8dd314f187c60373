"""The runtimes that etc is compared with, one module each:

    TITLE, PACKAGES         what tables call it; whose versions they show
    NEEDS_STATELESS         it cannot change a buffer: models with state run with it as inputs and outputs
    IS_FOR_THREADS          what it prepares depends on the number of threads
    prepare(folder, threads)            once, in a process of its own: from what export.py left to what it loads
    start(threads)                      imports the runtime, nothing of the model
    load(folder, threads, inputs)       a call that hands over the inputs (NumPy arrays) and returns the outputs as the runtime gives them
    arrays(outputs)                     these as NumPy arrays
"""
import importlib

PEERS = ("onnxruntime", "openvino", "executorch", "ncnn", "aotinductor", "eager")


def peer(name):
    return importlib.import_module(f"peers.with_{name}")
