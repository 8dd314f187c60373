"""The parts of the comparison that need no runtime: counting, judging answers, making tables, processes that end."""
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).parent))
import answers
import runtimes
import tables
from flops import flops_of_program


class Mixed(torch.nn.Module):
    """Plain, grouped and transposed convolutions and a linear layer."""

    def __init__(self):
        super().__init__()
        self.convs = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, 2, 1), torch.nn.Conv2d(8, 8, 3, padding=1, groups=8), torch.nn.ReLU(),
                                         torch.nn.ConvTranspose2d(8, 4, 3, 2))
        self.linear = torch.nn.Linear(33, 5)

    def forward(self, x):
        return self.linear(self.convs(x))


def flops_of(module, *inputs):
    return flops_of_program(torch.export.export(module.eval(), inputs))


def test_flops_agree_with_the_counter_of_torch():
    module, x = Mixed(), torch.randn(1, 3, 32, 32)
    with FlopCounterMode(display=False) as counter:
        module(x)
    assert flops_of(module, x) == counter.get_total_flops()


def test_attention_counts_both_products():
    class Attention(torch.nn.Module):
        def forward(self, q, k):
            return F.scaled_dot_product_attention(q, k, k)

    assert flops_of(Attention(), torch.randn(1, 2, 7, 4), torch.randn(1, 2, 9, 4)) == 2 * (2 * 7 * 9 * 4) * 2


def test_an_lstm_counts_as_its_products():
    assert flops_of(torch.nn.LSTM(6, 4, batch_first=True), torch.randn(1, 10, 6)) == 2 * 10 * (6 + 4) * 4 * 4


def test_elementwise_ops_are_free():
    assert flops_of(torch.nn.GELU(), torch.randn(100)) == 0


def test_an_answer_without_axes_of_one_is_right():
    expected = np.linspace(-1, 3, 10, dtype=np.float32)
    assert answers.check([expected.reshape(10) * (1 + 1e-6)], [expected.reshape(1, 10, 1)]) < 1e-5


def test_an_offset_does_not_hide_an_error():
    expected = 1000 + np.linspace(0, 1, 10)
    with pytest.raises(answers.Wrong):
        answers.check([expected[::-1]], [expected])
    with pytest.raises(answers.Wrong):
        answers.check([np.full(10, expected.mean())], [expected])


@pytest.mark.parametrize("given", [[], [np.zeros(3)], [np.full(4, np.nan)]])
def test_what_does_not_fit_is_wrong(given):
    with pytest.raises(answers.Wrong):
        answers.check(given, [np.arange(4.0)])


def cell(ms):
    return {"min_ns": ms * 1e6, "median_ns": ms * 2e6, "load_ns": 1e6, "first_ns": 2e6, "peak_kib": 2048, "before_kib": 1024, "error": 1e-6, "cores": 1.0}


def result(**cells):
    return {"title": "net", "flops": 2e9, "bytes": 1e6, "is_bound_by_memory": False, "threads": {1: cells}}


TITLES = {"etc": "etc", "a": "A", "b": "B"}
LIMITS = {"gflops": 1000.0, "gbytes": 10.0}


def test_a_row_shows_the_ratio_to_the_best_peer():
    row = tables.times([result(etc=cell(10), a=cell(20), b=cell(5))], 1, LIMITS, TITLES).splitlines()[2]
    assert row == "| net | 2 | 0.50x | B | 20 | 40 | 10 / 20 | 20 / 40 | **5 / 10** |"


def test_a_wrong_answer_has_no_time_and_no_rank():
    text = tables.times([result(etc=cell(10), a={"failed": "wrong"}, b=cell(20))], 1, LIMITS, TITLES)
    assert "| net | 2 | 2.00x | B | 20 | 10 | 10 / 20 | fails | **20 / 40** |" in text
    assert "1 of 1 rows" in text


def test_a_row_without_etc_has_no_ratio():
    text = tables.times([result(etc={"failed": "no kernel"}, a=cell(10))], 1, LIMITS, TITLES)
    assert "| net | 2 | - | A | - | 20 | fails | **10 / 20** | - |" in text
    assert "No row" in text


def test_memory_is_the_limit_of_a_model_that_waits_for_its_weights():
    assert tables.share_of_limit({**result(), "is_bound_by_memory": True}, LIMITS, 0.2e6) == "50 m"


def test_the_document_says_why_something_failed():
    report = {"machine": {"date": "today"}, "versions": {"a": "A 1"}, "titles": TITLES, "limits": {1: LIMITS},
              "results": [result(etc=cell(1), a={"failed": "wrong: differs by 1"}, b={**cell(2), "cores": 1.9})]}
    text = tables.document(report)
    assert "- net, A: wrong: differs by 1" in text
    assert "- net, B: 1.9 cores instead of 1" in text


@pytest.mark.parametrize("ends", ["closed", "with a code", "with an error"])
def test_a_process_leaves_no_pipe_behind(ends, tmp_path):
    """A whole comparison starts more of them than select() has descriptors for."""
    answer = {"closed": "", "with a code": "sys.exit(3)", "with an error": "print('{\"error\": \"no\"}', flush=True)"}[ends]
    worker = f"import sys; print('{{\"peak_kib\": 1}}', flush=True); sys.stdin.readline(); {answer}"
    process = runtimes.Process([sys.executable, "-c", worker], 1, tmp_path / "log", 60)
    if ends == "closed":
        process.close()
    else:
        with pytest.raises(runtimes.Failed, match="exit code 3" if ends == "with a code" else "no"):
            process.ask("time", 1, 1)
    assert process.pipe.stdin.closed and process.pipe.stdout.closed and process.pipe.poll() is not None
