"""Does the dense network answer the same twice, alone, in another batch, on other threads?"""

import math
from collections.abc import Callable, Sequence
from typing import Final

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.bench.computing_threads import computing_threads
from prunescope.bench.device import on_host
from prunescope.bench.workbench import Workbench
from prunescope.capture.network import forward
from prunescope.errors import PrunescopeError
from prunescope.replay import choose_engine
from prunescope.sources.splits import Samples
from prunescope.study import Method
from prunescope.study.point import Point
from prunescope.study.soundness import BATCHES, EMPTY_MASK, REPEATED, THREADS, Check
from prunescope.text.numbers import counted

SAMPLES: Final = 32
"""Samples of one batch of a check, at most."""

_ALONE: Final = 4
"""Samples that are also run as batches of one."""


def check_network(bench: Workbench) -> tuple[Check, ...]:
    """Return the checks of the dense network's answers and of the engine, on a few batches.

    Answers count as the same within the square root of their type's precision (for float32 3.5e-4)
    of the largest of them: other batches and threads add up in another order, which is no fault.

    Args:
        bench: Only read; at most five batches of ``SAMPLES`` samples are run.
    """
    few = bench.splits.validation.chunk(0, min(SAMPLES, max(bench.batch, 2)))
    first = _answers(bench, few)
    steps: tuple[Callable[[], Check], ...] = (
        lambda: _repeated(bench, few, first),
        lambda: _batches(bench, few, first),
        lambda: _empty_mask(bench, len(few)),
        lambda: _threads(bench, few, first),
    )
    checks: list[Check] = []
    for step in steps:
        checks.append(step())
        if checks[-1].state == "refused":  # those after it would fail of the same cause
            break
    return tuple(checks)


def _repeated(bench: Workbench, few: Samples, first: Sequence[Tensor]) -> Check:
    apart = _apart(first, _answers(bench, few))
    run = f"The dense network ran twice on {counted(len(few), 'sample')}"
    if apart > _tolerance(first):
        return Check(
            REPEATED, "refused",
            f"{run} and its answers differ by {apart:.2g} of their scale: it draws random numbers, "
            "so no drop can be told from luck. Switch off what is random in evaluation, such as "
            "dropout with training=True.",
        )  # fmt: skip
    return Check(REPEATED, "passed", f"{run}: {_same(apart)}.")


def _batches(bench: Workbench, few: Samples, first: Sequence[Tensor]) -> Check:
    """Alone, and in the reverse order in batches of half the size."""
    run = f"The dense network ran on {counted(len(few), 'sample')} in another batch and alone"
    half = max(len(few) // 2, 1)
    back = torch.arange(len(few)).flip(0)
    try:
        others = [
            _answers(bench, few.picked(back[at : at + half])) for at in range(0, len(few), half)
        ]
        alone = [_answers(bench, few.chunk(at, at + 1)) for at in range(min(_ALONE, len(few)))]
    except PrunescopeError as error:
        return Check(BATCHES, "refused", f"{run}, where it fails: {error}")
    apart = max(
        _apart([leaf.flip(0) for leaf in first], _joined(others)),
        _apart([leaf[: len(alone)] for leaf in first], _joined(alone)),
    )
    if apart > _tolerance(first):
        return Check(
            BATCHES, "refused",
            f"{run}, and its answers differ by {apart:.2g} of their scale: they depend on who else "
            "is in the batch, so the drop at sparsity 0 is not 0. Give normalisations their "
            "running statistics, and put the model into evaluation mode.",
        )  # fmt: skip
    return Check(BATCHES, "passed", f"{run}: {_same(apart)}.")


def _empty_mask(bench: Workbench, count: int) -> Check:
    """A point that removes nothing must give the dense network's score, sample for sample."""
    layers = bench.manifest.prunable()
    if not layers:
        return Check(EMPTY_MASK, "passed", "No layer can be pruned, so no mask was tried.")
    point = Point(layers[0].name, Method("magnitude"), 0.0)
    engine = choose_engine(bench)
    ((_, outcome),) = engine.outcomes(0, count, (point,))
    run = f"A mask that removes nothing from {layers[0].name} went through the engine"
    if isinstance(outcome, Exception):
        return Check(EMPTY_MASK, "refused", f"{run}, which refused it: {outcome}")
    dense = engine.dense("none", 0, count)
    drop = (dense.score.double() - outcome.score.double()).mean().item()
    wrong = abs(drop) / bench.manifest.scale
    tolerance = math.sqrt(torch.finfo(torch.float32).eps)
    if dense.log_probabilities is not None and outcome.log_probabilities is not None:
        theirs, ours = dense.log_probabilities, outcome.log_probabilities
        wrong = _apart([theirs], [ours])  # a tie that falls the other way is no fault
        tolerance = 10 * tolerance  # logarithms stretch small probabilities
    if wrong > tolerance:
        return Check(
            EMPTY_MASK, "refused",
            f"{run}, and on {counted(count, 'sample')} the score drops by {drop:.4g}: the drop at "
            "sparsity 0 must be 0. Compare with the plain loop and report it.",
        )  # fmt: skip
    return Check(
        EMPTY_MASK, "passed", f"{run}: on {counted(count, 'sample')} the drop is {drop:g}."
    )


def _threads(bench: Workbench, few: Samples, first: Sequence[Tensor]) -> Check:
    before = torch.get_num_threads()
    other = 1 if before > 1 else 2
    with computing_threads(other):
        apart = _apart(first, _answers(bench, few))
    run = f"The dense network ran on {counted(before, 'thread')} and on {other}"
    if apart > _tolerance(first):
        return Check(
            THREADS, "marked",
            f"{run}, and its answers differ by {apart:.2g} of their scale: another number of "
            "threads, or another machine, gives other curves.",
        )  # fmt: skip
    return Check(THREADS, "passed", f"{run}: {_same(apart)}.")


def _answers(bench: Workbench, samples: Samples) -> list[Tensor]:
    """Everything that the dense network returns of each sample."""
    with torch.inference_mode():
        outputs = forward(bench.network.module, samples.inputs)
    leaves = [leaf for leaf in pytree.tree_leaves(outputs) if isinstance(leaf, Tensor)]
    count = len(samples)
    return [
        on_host(leaf) for leaf in leaves
        if leaf.is_floating_point() and leaf.ndim and len(leaf) == count
    ]  # fmt: skip


def _joined(parts: Sequence[Sequence[Tensor]]) -> list[Tensor]:
    return [torch.cat(leaves) for leaves in zip(*parts, strict=True)]


def _apart(first: Sequence[Tensor], second: Sequence[Tensor]) -> float:
    """The largest difference relative to the largest answer of the same output; 0 without any."""
    worst = 0.0
    for one, other in zip(first, second, strict=True):
        if one.shape != other.shape:
            return math.inf
        scale = one.double().abs().max().item() or 1.0
        apart = (one.double() - other.double()).abs().max().item() / scale
        worst = max(worst, apart if math.isfinite(apart) else math.inf)
    return worst


def _tolerance(answers: Sequence[Tensor]) -> float:
    return max((math.sqrt(torch.finfo(leaf.dtype).eps) for leaf in answers), default=0.0)


def _same(apart: float) -> str:
    return (
        "the same answers, bit for bit" if apart == 0
        else f"the same answers, within {apart:.1g} of their scale"
    )  # fmt: skip
