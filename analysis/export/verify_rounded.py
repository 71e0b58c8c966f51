"""Compare a file in coarser numbers with the model on screen: by its score, not bit by bit."""

from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.bench.baseline import largest
from prunescope.bench.evaluate import Outcome
from prunescope.export.export_report import Check
from prunescope.export.promise import Promise
from prunescope.statistics.paired import paired_interval
from prunescope.text import units
from prunescope.text.numbers import counted


def rounded_outputs(batch: Any, single: Any, promised: Promise, difference: float) -> Check:
    """Return the check of outputs that may differ: of the same shapes, and finite.

    Args:
        batch: The file's outputs for several samples.
        single: Of the first one alone.
        promised: Of the model on screen.
        difference: The largest one from the model on screen, relative; infinite for other shapes.
    """
    pairs = [(promised.outputs, batch), (promised.single, single)]
    shapes = all(_same_shapes(wanted, got) for wanted, got in pairs)
    finite = all(_finite(got) for _, got in pairs)
    return Check(
        "outputs",
        "finite outputs in the shapes of the model on screen, in coarser numbers",
        f"{'finite' if finite else 'outputs that are not finite'}"
        f"{'' if shapes else ', in other shapes'}; the largest difference is "
        f"{units.percent(difference)} of the largest output",
        shapes and finite,
    )


def same_kind(wanted: Any, got: Any) -> bool:
    """Return whether outputs in coarser numbers have the shapes of ``wanted`` and are finite."""
    return _same_shapes(wanted, got) and _finite(got)


def _same_shapes(wanted: Any, got: Any) -> bool:
    pairs = zip(_tensors(wanted), _tensors(got), strict=True)
    return all(one.shape == other.shape for one, other in pairs)


def _finite(tree: Any) -> bool:
    floats = [leaf for leaf in _tensors(tree) if leaf.is_floating_point()]
    return all(bool(torch.isfinite(leaf).all()) for leaf in floats)


def rounded_accuracy(outcome: Outcome, promised: Promise) -> Check:
    """Return the check of a score that may fall by at most ``promised.most_lost``."""
    before, after, words = promised.outcome, outcome, promised.words
    lost = (before.score.double() - after.score.double()).detach()
    samples = len(lost)
    scale = 1.0 if words.metric.is_share else largest(before.score)
    interval = paired_interval(samples, float(lost.sum()), float(lost.square().sum()), scale=scale)
    score = after.score.double().mean().item()
    broken = int((before.finite & ~after.finite).sum())
    gone = f", {counted(broken, 'sample')} not finite" if broken else ""
    return Check(
        "accuracy",
        f"{words.score(before.score.double().mean().item())} on "
        f"{counted(samples, 'validation sample')}, {words.loss_word} at most "
        f"{words.limit(promised.most_lost)}",
        f"{words.score(score)}: {words.loss_word} {words.drop(interval.mean)}, 95 % interval "
        f"{words.span(interval)}{gone}",
        interval.mean <= promised.most_lost and not broken,
        value=score,
        shown=words.score(score),
    )


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in pytree.tree_leaves(tree) if isinstance(leaf, Tensor)]
