"""A network to prune, with the data and the scale on which everybody's result is judged."""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks._images import first_images
from prunescope.bench.evaluate import evaluate
from prunescope.bench.workbench import Workbench, prepare
from prunescope.capture.graph import Inputs, call_arguments, take
from prunescope.sources.models import load_model
from prunescope.statistics.paired import Interval, paired_interval
from prunescope.study import Reference

IMAGES: Final = {"calibration": 8000, "validation": 2000, "test": 10_000}
CALIBRATED: Final = 1024
"""Calibration samples that scores of gradients are taken of, as ``bn`` and ``ls`` take them."""
NAMES: Final = ("resnet20", "mobilenet", "lenet5", "vit", "efficientnet-lite1")


@dataclass(frozen=True)
class Subject:
    """One network of the table.

    Attributes:
        name: In the table.
        bench: This project's workbench of it, for the test split and for recoveries.
        build: Returns a fresh copy as a plain module, as its author wrote it.
        fixed: Names of layers whose outputs must stay, such as the classifier.
        labels: Whether there are labels, for criteria that need gradients of a loss.
        why_fixed: Why other layers than the classifier are among ``fixed``; a sentence, or empty.
        tested: Test samples that results are judged on, the first ones.
    """

    name: str
    bench: Workbench
    build: Callable[[], nn.Module]
    fixed: tuple[str, ...]
    labels: bool = True
    why_fixed: str = ""
    tested: int = IMAGES["test"]
    dense: Tensor = field(init=False, repr=False)
    macs: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "dense", self._scores(self.bench.network.module))
        object.__setattr__(self, "macs", self.macs_of(self.bench.network.module))

    @property
    def example(self) -> Inputs:
        """Two samples."""
        return self.bench.splits.validation.chunk(0, 2).inputs

    def lost(self, module: nn.Module) -> Interval:
        """Return what ``module`` loses on the test split, paired, with its 95 % interval."""
        change = (self.dense - self._scores(module)).double()
        return paired_interval(len(change), float(change.sum()), float(change.square().sum()))

    def macs_of(self, module: nn.Module) -> float:
        """Return multiply-accumulates of one sample: convolutions, products, attention."""
        args, kwargs = call_arguments(take(self.example, slice(0, 2)))
        counter = FlopCounterMode(display=False, custom_mapping=_ATTENTION)
        with counter, torch.no_grad():
            module(*args, **kwargs)
        return float(counter.get_total_flops()) / 4

    def _scores(self, module: nn.Module) -> Tensor:
        found = evaluate(
            module, self.bench.splits.test.chunk(0, self.tested), self.bench.metric, 250
        )
        return found.score.detach()


def subject(name: str, cache: Path, tested: int) -> Subject:
    """Return the subject ``name``, judged on the first ``tested`` test samples."""
    if name == "efficientnet-lite1":
        from benchmarks import imagenet_network

        bench = imagenet_network.network_bench({"calibration": 64, "validation": 96, "test": 256})
        return Subject(name, bench, imagenet_network.lite1, ("_fc",), False, tested=tested)
    data = first_images(cache / "images.npz", IMAGES)
    reference = Reference(f"sample:{name}", str(data))
    model = load_model(reference).eval()
    return Subject(
        name, prepare(reference), lambda: copy.deepcopy(model).requires_grad_(True),
        _classifier(model), why_fixed=_WIDTH if name == "vit" else "", tested=tested,
    )  # fmt: skip


def timed(job: Callable[[], Any]) -> tuple[Any, float]:
    """Return what ``job`` gives, and how many seconds of the processor it took.

    Everybody computes on one thread, and other work on the machine then takes nothing from a line.
    """
    begun = time.process_time()
    done = job()
    return done, round(time.process_time() - begun, 1)


def _classifier(model: nn.Module) -> tuple[str, ...]:
    layers = [n for n, m in model.named_modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    if not any(name.endswith("qkv") for name in layers):
        return (layers[-1],)
    wide = ("stem2", "qkv", "proj", "fc2", "head")
    return tuple(name for name in layers if name.rpartition(".")[2] in wide)


def _attention(
    query: tuple[int, ...], key: tuple[int, ...], value: tuple[int, ...], *_: object, **__: object
) -> int:
    batch, heads, queries, width = query
    return 2 * batch * heads * queries * key[2] * (width + value[3])


_ATTENTION: Final[Any] = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention,
}
_WIDTH: Final = (
    "Its forward computes the size of a head from the width, so tools that edit modules in place "
    "can only narrow what lies between a block's two linear layers, and the first convolution."
)
