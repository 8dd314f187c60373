"""Real networks through etc-compile and etc-run, compared with PyTorch eager. ETC_MODELS_REPORT=FILE appends a line of figures for each."""
import json
import math
import os

import numpy as np
import pytest
import torch

from etc_tools import COMPILE, RUN, run
from models.networks import NETWORKS, cents_of, pitch_network, sentence_encoder, tone

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))


def export(module, inputs, path):
    with torch.no_grad():
        torch.export.save(torch.export.export(module, inputs), path)


def save_inputs(inputs, folder):
    files = []
    for i, x in enumerate(inputs):
        np.save(folder / f"in{i}.npy", x.numpy())
        files.append(folder / f"in{i}.npy")
    return files


@pytest.mark.parametrize("name", NETWORKS)
def test_equals_eager(name, tmp_path):
    spec = NETWORKS[name]
    torch.manual_seed(sum(map(ord, name)))
    module, cases = spec["build"]()
    cases = cases if isinstance(cases, list) else [cases]
    export(module, cases[0], tmp_path / "model.pt2")
    report = json.loads(run(COMPILE, tmp_path / "model.pt2", "-o", tmp_path / "model.etc", "--format", "json").stdout)
    (tmp_path / "model.pt2").unlink()
    worst, state, figures = 0.0, [], {}
    for case, inputs in enumerate(cases):
        with torch.no_grad():
            expected = module(*inputs)
        np.savez(tmp_path / "expected.npz", output_0=expected.numpy())
        files = save_inputs(inputs, tmp_path)
        load = ["--load-state", state[-1]] if state else []
        state.append(tmp_path / f"state{case}.npz")
        done = run(RUN, tmp_path / "model.etc", *files, *load, "--save-state", state[-1], "-o", tmp_path / "out.npz", "--expect",
                   tmp_path / "expected.npz", "--rtol", spec["rtol"], "--atol", spec["atol"])
        outputs = np.load(tmp_path / "out.npz")
        worst = max(worst, float(np.abs(outputs[outputs.files[0]] - expected.numpy()).max()))
        if os.environ.get("ETC_MODELS_REPORT") and case == 0:
            figures = json.loads(run(RUN, tmp_path / "model.etc", *files, "--repeat", 3, "--format", "json").stdout)
    if report_file := os.environ.get("ETC_MODELS_REPORT"):
        with open(report_file, "a") as f:
            f.write(json.dumps({"model": name, "worst": worst, "compile": report, "run": figures}) + "\n")
    (tmp_path / "model.etc").unlink()


def test_sentences_that_mean_the_same_are_nearest(tmp_path):
    module, tokenize = sentence_encoder()
    sentences = ["A man is eating food.", "Someone is having a meal.", "The stock market fell sharply today."]
    export(module, tokenize(sentences[0]), tmp_path / "minilm.pt2")
    run(COMPILE, tmp_path / "minilm.pt2", "-o", tmp_path / "minilm.etc")
    vectors = []
    for sentence in sentences:
        files = save_inputs(tokenize(sentence), tmp_path)
        run(RUN, tmp_path / "minilm.etc", *files, "-o", tmp_path / "out.npz")
        outputs = np.load(tmp_path / "out.npz")
        vectors.append(outputs[outputs.files[0]][0])
    similar = {(i, j): float(vectors[i] @ vectors[j]) for i, j in ((0, 1), (0, 2), (1, 2))}
    assert max(similar, key=similar.get) == (0, 1), similar


def test_the_pitch_of_a_tone(tmp_path):
    export(pitch_network(), (tone(440.0),), tmp_path / "crepe.pt2")
    run(COMPILE, tmp_path / "crepe.pt2", "-o", tmp_path / "crepe.etc")
    files = save_inputs((tone(440.0),), tmp_path)
    run(RUN, tmp_path / "crepe.etc", *files, "-o", tmp_path / "out.npz")
    outputs = np.load(tmp_path / "out.npz")
    cents = cents_of(torch.from_numpy(outputs[outputs.files[0]]))
    assert abs(cents - 1200 * math.log2(440.0 / 10)) <= 20, cents
