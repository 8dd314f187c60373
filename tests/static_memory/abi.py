"""etc-inspect --size --abi tells what a build for that ABI says itself. The core is compiled for each and asked.

    abi.py SOURCE_ROOT ETC_COMPILE ETC_INSPECT ABI COMPILER FLAGS... CORE_SOURCES...
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

MODELS = ["convnet", "gru", "kv_index_put", "mlp", "norms", "transformer_encoder", "while_loop"]


def output_of(*command):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True).stdout


def main(root, compile_, inspect, abi, *compiler):
    root = pathlib.Path(root)
    corpus = pathlib.Path(os.environ.get("ETC_CORPUS", root.parent / "shared" / "corpus"))
    models = [root / "examples" / "digits" / "digits.pt2", *(p for m in MODELS for p in [corpus / f"{m}.pt2"] if p.exists())]
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        tool = f"{folder}/needs_of"
        subprocess.run([*compiler, "-O0", "-static", f"-I{root / 'lib'}", root / "tests" / "static_memory" / "needs_of.cc", "-o", tool], check=True)
        for model in models:
            program = f"{folder}/program.etc"
            if subprocess.run([compile_, model, "-o", program, "--pool", "a=1K", "--pool", "b"], stderr=subprocess.DEVNULL).returncode:
                continue  # not yet supported
            told = [m["arena"] for m in json.loads(output_of(inspect, "--size", "--abi", abi, "--format", "json", program))["methods"]]
            asked = [int(line) for line in output_of(tool, program).split()]
            print(f"{model.name}: {told} bytes on {abi}")
            if told != asked:
                faults.append(f"{model.name}: etc-inspect tells {told}, a build for {abi} says {asked}")
    sys.exit("\n".join(faults) or 0)


main(*sys.argv[1:])
