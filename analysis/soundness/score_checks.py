"""Does the score mean what its name says: labels, classes, chance, and precision."""

from typing import Final

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.bench.evaluate import evaluate
from prunescope.bench.workbench import Workbench
from prunescope.commands import next_steps
from prunescope.curves.guessing import guessed_score
from prunescope.errors import PrunescopeError
from prunescope.statistics.paired import paired_interval
from prunescope.statistics.proportion import share_interval
from prunescope.study.soundness import CHANCE, CLASSES, LABELS, PRECISION, Check
from prunescope.text.lists import listed
from prunescope.text.numbers import counted, exact
from prunescope.text.scores import words_of
from prunescope.text.units import percent

_ONE_ANSWER: Final = 0.9
"""Share of one answer from which agreement says little."""

_SHUFFLED: Final = 512
"""Samples whose labels are shuffled to see what a metric of one's own gives to guesses."""


def check_score(bench: Workbench, asked: str) -> tuple[Check, ...]:
    """Return the checks of the metric against labels, classes and chance, and of number types.

    Args:
        bench: Only read.
        asked: The metric that the user named, or the usual one; without labels another is taken.
    """
    return (_labels(bench, asked), _classes(bench), _chance(bench), _precision(bench))


def _labels(bench: Workbench, asked: str) -> Check:
    if not bench.metric.relative:
        return Check(LABELS, "passed", f"The score is {bench.metric.name}, against labels.")
    about = "The score is agreement with the dense network's own answers, which starts at 100 %"
    if asked == "agreement":
        return Check(LABELS, "passed", f"{about}, as was asked for.")
    return Check(
        LABELS, "marked",
        f"{about}: the validation split has no labels, so {asked} cannot be measured. Nothing here "
        f"says how often the network is right.",
    )  # fmt: skip


def _classes(bench: Workbench) -> Check:
    table = bench.dense.log_probabilities
    name = bench.metric.name
    if table is None or not name.startswith("top-"):
        return Check(CLASSES, "passed", f"{name} does not count classes.")
    most, classes = int(name.removeprefix("top-").partition("@")[0]), table.shape[1]
    if most >= classes:
        return Check(
            CLASSES, "refused",
            f"{name} of {exact(classes)} classes is right whatever the network answers, so no "
            "pruning can lower it. Measure the share of first answers: "
            f"{next_steps.first_answer()}.",
        )  # fmt: skip
    return Check(CLASSES, "passed", f"{name} chooses among {exact(classes)} classes.")


def _chance(bench: Workbench) -> Check:
    baseline = bench.manifest.baseline
    guess = guessed_score(bench.manifest)
    if baseline is None:
        return Check(CHANCE, "passed", "There is no dense score.")
    if guess is None:
        return _shuffled(bench)
    if bench.metric.relative:
        text = f"The dense network gives one and the same answer to {percent(guess)} of the samples"
        if guess >= _ONE_ANSWER:
            return Check(
                CHANCE, "marked",
                f"{text}: a network that always gives it would agree so often. Check weights and "
                "preprocessing.",
            )  # fmt: skip
        return Check(CHANCE, "passed", f"{text}, at most.")
    words = words_of(bench.manifest)
    low = share_interval(baseline.score * baseline.samples, baseline.samples).low
    text = (
        f"The dense score is {words.score(baseline.score)} on "
        f"{counted(baseline.samples, 'sample')}; "
        f"always answering the most frequent classes gives {words.score(guess)}"
    )
    if low <= guess:
        return Check(
            CHANCE, "marked",
            f"{text}: the network is no better than chance, so nothing can be called safe to "
            "remove. Check weights, labels and preprocessing.",
        )  # fmt: skip
    return Check(CHANCE, "passed", f"{text}.")


def _shuffled(bench: Workbench) -> Check:
    """Compare the score with that against other samples' labels, for metrics of one's own."""
    some = bench.splits.validation.chunk(0, _SHUFFLED)
    skipped = Check(CHANCE, "passed", f"What guessing gives by {bench.metric.name} is not known.")
    if not isinstance(some.targets, Tensor) or len(some) < 2:
        return skipped
    order = torch.randperm(len(some), generator=torch.Generator().manual_seed(0))
    wrong = type(some)(some.inputs, some.targets[order])
    try:
        guesses = evaluate(bench.network.module, wrong, bench.metric, bench.batch).score.double()
    except PrunescopeError:
        return skipped
    gain = bench.dense.score[: len(some)].double() - guesses
    interval = paired_interval(
        len(some), gain.sum().item(), gain.square().sum().item(), scale=bench.manifest.scale
    )
    own, words = bench.dense.score[: len(some)].mean().item(), words_of(bench.manifest)
    text = (
        f"By {words.name} the dense network scores {words.score(own)} "
        f"on {counted(len(some), 'sample')}, and {words.score(guesses.mean().item())} against the "
        "labels of others"
    )
    if interval.low <= 0:
        return Check(
            CHANCE, "marked",
            f"{text}: that is no better than chance, so nothing can be called safe to remove. "
            "Check weights, labels, preprocessing and the metric.",
        )  # fmt: skip
    return Check(CHANCE, "passed", f"{text}.")


def _precision(bench: Workbench) -> Check:
    """Number types of weights and inputs, and what was cast while the data was read."""
    weights = {p.dtype for p in bench.network.module.parameters() if p.is_floating_point()}
    leaves = pytree.tree_leaves(bench.splits.validation.inputs)
    inputs = {x.dtype for x in leaves if isinstance(x, Tensor) and x.is_floating_point()}
    cast = f" Cast while it was read: {listed(bench.splits.casts)}." if bench.splits.casts else ""
    text = f"Weights are {_named(weights)}" + (f", inputs {_named(inputs)}" if inputs else "")
    coarse = {kind for kind in weights if torch.finfo(kind).eps > torch.finfo(torch.float32).eps}
    if coarse:
        return Check(
            PRECISION, "marked",
            f"{text}: in {_named(coarse)} every sum is rounded, and small drops are partly "
            f"rounding. Study the network in float32.{cast}",
        )  # fmt: skip
    return Check(PRECISION, "passed", f"{text}.{cast}")


def _named(kinds: set[torch.dtype]) -> str:
    return listed(sorted(str(kind).removeprefix("torch.") for kind in kinds)) or exact(0)
