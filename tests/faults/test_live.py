"""Bad live objects in the Python face: one sentence, and Ctrl-C stays Ctrl-C."""

import os
import signal
import sys
import warnings

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

import prunescope as ps
from prunescope.errors import BadReference, BadValue, DataMismatch, OutOfMemory, TookTooLong
from prunescope.progress import Silent

pytestmark = pytest.mark.faults
IMAGES, LABELS = torch.randn(40, 1, 6, 6), torch.arange(40) % 3


def right(outputs, targets):
    return (outputs.argmax(1) == targets).float()


def net(*more):
    return nn.Sequential(nn.Flatten(), nn.Linear(36, 8), *more, nn.Linear(8, 3))


class Does(nn.Module):
    def __init__(self, act):
        super().__init__()
        self.act = act

    def forward(self, x):
        self.act()
        return x


def raises(error):
    def act(*_):
        raise error

    return act


def itself():
    module = net()
    module[1].inner = module
    return module


def quantised():
    warnings.simplefilter("ignore")
    return torch.ao.quantization.quantize_dynamic(net(), {nn.Linear})


def sweep(tmp_path, model=None, data=(IMAGES, LABELS), metric="top-1", **more):
    return ps.sweep(model or net(), data, folder=tmp_path / "study", sparsities="0.5",
                    metric=metric, progress=Silent(), **more)  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*quantization.*:DeprecationWarning")
@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: nn.Sequential(nn.Flatten(), nn.ReLU()), "Sequential to have weights to prune"),
        (lambda: nn.Sequential(nn.Flatten(), nn.LazyLinear(3)), "belongs to a lazy module"),
        (itself, "the model contains itself"),
        (quantised, "1 is a quantised Linear"),
        (lambda: net().to("meta"), "1.weight is on the meta device"),
        (lambda: net(Does(lambda: sys.exit(0))), r"it raised SystemExit: 0 \(.*test_live.py:\d+\)"),
        (lambda: net(Does(raises(KeyboardInterrupt))), r"it raised KeyboardInterrupt \(.*:\d+\)"),
        (lambda: net(Does(lambda: os._exit(0))), r"it called os._exit \(.*test_live.py:\d+\)"),
        (lambda: net(Does(lambda: torch.empty(10**15))), "memory ran out: it raised RuntimeError"),
    ],
)
def test_a_bad_module(make, says, tmp_path):
    with pytest.raises((BadValue, DataMismatch, OutOfMemory), match=says):
        sweep(tmp_path, make())
    assert not (tmp_path / "study").exists()


class Broken(Dataset):
    def __init__(self, act):
        self.act = act

    def __len__(self):
        return 40

    def __getitem__(self, row):
        if row == 7:
            self.act()
        return IMAGES[row], LABELS[row]


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_dataset_that_fails(workers, tmp_path):
    loader = DataLoader(Broken(raises(KeyError("row 7"))), num_workers=workers)
    with pytest.raises(DataMismatch, match="the data split to give its batches.*row 7"):
        sweep(tmp_path, data=loader)


def test_a_dataset_that_leaves_or_hangs(tmp_path, monkeypatch):
    with pytest.raises(DataMismatch, match="it raised SystemExit: 0"):
        sweep(tmp_path, data=Broken(lambda: sys.exit(0)))
    monkeypatch.setenv("PRUNESCOPE_PATIENCE", "0.5s")

    def loop():
        while True:
            pass

    with pytest.raises(TookTooLong, match=r"within 0.5 s, but it was still at .*test_live.py:\d+"):
        sweep(tmp_path, data=Broken(loop))


def test_a_metric_that_is_a_batch_mean(tmp_path):
    def mean(outputs, targets):
        return (outputs.argmax(1) == targets).float().mean().expand(len(targets))

    with pytest.raises(BadValue, match="to score each sample by itself"):
        sweep(tmp_path, metric=mean)
    with pytest.raises(BadReference, match="it raised SystemExit"):
        sweep(tmp_path, metric=lambda outputs, targets: sys.exit())
    sweep(tmp_path, metric=right)


def test_the_users_own_interrupt_passes(tmp_path):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever ran before
    try:
        with pytest.raises(KeyboardInterrupt):
            sweep(tmp_path, net(Does(lambda: signal.raise_signal(signal.SIGINT))))
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
