"""The other tools, each used as its documents show: Torch-Pruning, fasterai, ModelOpt FastNAS.

A setting is a line of a list below. Layers whose outputs have to stay are named to every tool.
"""

import contextlib
import importlib
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.peers.subject import CALIBRATED, Subject
from prunescope.bench.evaluate import evaluate
from prunescope.capture.graph import call_arguments

Prune = Callable[[Subject, float, Path], nn.Module]
"""Network, ratio of channels or share of multiply-accumulates, cache → the smaller module."""


@dataclass(frozen=True)
class Setting:
    """One way to ask a tool.

    Attributes:
        tool: As the table names it.
        package: To install.
        module: To import.
        name: Of the setting.
        prune: Prunes a fresh copy of the network.
        labels: Whether it needs labels.
        by_budget: Whether the tool takes the budget itself, instead of a ratio.
        refit: Whether its choice is refit by our least squares too, which takes a while.
    """

    tool: str
    package: str
    module: str
    name: str
    prune: Prune
    labels: bool = False
    by_budget: bool = False
    refit: bool = True

    @property
    def missing(self) -> bool:
        """Whether the tool is not installed."""
        return importlib.util.find_spec(self.module) is None


def _torch_pruning(criterion: str, scope: str) -> Prune:
    return partial(_by_torch_pruning, criterion, scope)


def _by_torch_pruning(
    criterion: str, scope: str, subject: Subject, ratio: float, cache: Path
) -> nn.Module:
    del cache
    tp: Any = importlib.import_module("torch_pruning")
    module = subject.build()
    score = _SCORES[criterion](tp.importance)
    if criterion in _GRADIENTS:
        _set_gradients(subject, module, criterion)
        if criterion == "Hessian":
            score.zero_grad()
            score.accumulate_grad(module)
    args, kwargs = call_arguments(subject.example)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pruner = tp.pruner.BasePruner(
            module, kwargs or args[0], importance=score, global_pruning=scope == "global",
            pruning_ratio=ratio, ignored_layers=[module.get_submodule(n) for n in subject.fixed],
        )  # fmt: skip
        pruner.step()
    return module


_SCORES: Final[dict[str, Callable[[Any], Any]]] = {
    "L2": lambda importance: importance.MagnitudeImportance(p=2),
    "L1": lambda importance: importance.MagnitudeImportance(p=1),
    "Taylor": lambda importance: importance.TaylorImportance(),
    "Hessian": lambda importance: importance.HessianImportance(),
    "LAMP": lambda importance: importance.LAMPImportance(p=2),
    "FPGM": lambda importance: importance.FPGMImportance(p=2),
    "BN scale": lambda importance: importance.BNScaleImportance(),
    "random": lambda importance: importance.RandomImportance(),
}
_GRADIENTS: Final = ("Taylor", "Hessian")
_REFIT: Final = ("L2", "Taylor", "FPGM", "random")
_known: Final[dict[tuple[str, str], dict[str, Tensor]]] = {}


def _set_gradients(subject: Subject, module: nn.Module, criterion: str) -> None:
    """Of the cross-entropy on calibration samples: their mean, or the root of their squares' sum.

    Squares of one backward pass a sample, added up, are what the tool accumulates; one gradient
    with their root makes it accumulate the same at once.
    """
    key = (subject.name, criterion)
    if key not in _known:
        _known[key] = _gradients(subject, criterion == "Hessian")
    for name, parameter in module.named_parameters():
        parameter.grad = _known[key][name].clone()


def _gradients(subject: Subject, squared: bool) -> dict[str, Tensor]:
    module, samples = subject.build().eval(), subject.bench.splits.calibration
    total = {name: torch.zeros_like(p) for name, p in module.named_parameters()}
    count, step = (_HESSIAN, 1) if squared else (CALIBRATED, 128)
    for start in range(0, count, step):
        chunk = samples.chunk(start, start + step)
        args, kwargs = call_arguments(chunk.inputs)
        module.zero_grad()
        loss: Any = functional.cross_entropy(module(*args, **kwargs), chunk.targets)
        loss.backward()
        for name, parameter in module.named_parameters():
            assert parameter.grad is not None
            total[name] += parameter.grad.square() if squared else parameter.grad
    return {name: value.sqrt() if squared else value for name, value in total.items()}


_HESSIAN: Final = 256
"""Samples with a backward pass each."""


def _fasterai(criterion: str, context: str) -> Prune:
    return partial(_by_fasterai, criterion, context)


def _by_fasterai(
    criterion: str, context: str, subject: Subject, ratio: float, cache: Path
) -> nn.Module:
    del cache
    library: Any = importlib.import_module("fasterai.prune.pruner")
    criteria: Any = importlib.import_module("fasterai.core.criteria")
    module = subject.build()
    args, _ = call_arguments(subject.example)
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pruner = library.Pruner(
            module, ratio, context, getattr(criteria, criterion),
            ignored_layers=[module.get_submodule(name) for name in subject.fixed],
            example_inputs=args[0],
        )  # fmt: skip
        pruner.prune_model()
    return module


def _fastnas(subject: Subject, share: float, cache: Path) -> nn.Module:
    """Its search judges subnets on 1,000 validation images, batch norm set by 1,024 others."""
    prune: Any = importlib.import_module("modelopt.torch.prune")
    module, bench = subject.build(), subject.bench
    args, _ = call_arguments(subject.example)
    judged, calibration = bench.splits.validation.chunk(0, 1000), bench.splits.calibration
    loader = [(calibration.chunk(at, at + 128).inputs,) for at in range(0, CALIBRATED, 128)]
    layer = {"*": {"channel_divisor": _DIVISOR}}
    file = cache / f"fastnas-{subject.name}.pth"
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        smaller, _ = prune.prune(
            model=module,
            mode=[("fastnas", prune.fastnas.FastNASConfig(**{
                "nn.Conv2d": layer, "nn.BatchNorm2d": {"*": {"feature_divisor": _DIVISOR}},
                "nn.Linear": {"*": {"feature_divisor": _DIVISOR}},
            }))],
            constraints={"flops": f"{100 * share:g}%"}, dummy_input=args[0][:1],
            config={
                "data_loader": loader, "collect_func": lambda batch: batch[0],
                "score_func": lambda m: float(
                    evaluate(m, judged, bench.metric, 250).score.mean()
                ),
                "checkpoint": str(file),
            },
        )  # fmt: skip
    left: nn.Module = smaller
    return left


_DIVISOR: Final = 4
"""Channels kept are multiples of it; the default of 32 leaves these networks no choice."""

SETTINGS: Final = (
    *(
        Setting("Torch-Pruning", "torch-pruning", "torch_pruning", f"{criterion}, {scope}",
                _torch_pruning(criterion, scope), labels=criterion in _GRADIENTS,
                refit=criterion in _REFIT)
        for scope in ("uniform", "global")
        for criterion in _SCORES
    ),
    *(
        Setting("fasterai", "fasterai", "fasterai", f"{criterion}, {context}",
                _fasterai(criterion, context), refit=criterion == "large_final")
        for context in ("local", "global")
        for criterion in ("large_final", "squared_final")
    ),
    Setting("ModelOpt", "nvidia-modelopt", "modelopt", "FastNAS", _fastnas, by_budget=True),
)  # fmt: skip
