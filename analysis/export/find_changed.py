"""Find the validation samples that a pruned model answers otherwise than the dense one."""

import base64
import io
from typing import Final

import torch
from torch import Tensor

from prunescope.bench.device import on_host
from prunescope.bench.evaluate import Outcome, evaluate
from prunescope.bench.workbench import Workbench
from prunescope.export.applied_plan import planned, selection_of
from prunescope.export.changed_samples import MOST_SHOWN, ChangedSample, ChangedSamples
from prunescope.study.plan import Plan
from prunescope.text.scores import words_of

_CHANNELS: Final = (1, 3)
_SIDES: Final = (4, 1024)
"""Inputs of such sizes are shown as pictures."""
_LARGEST: Final = 160
"""Longer sides are shown smaller."""


def measure_changed(bench: Workbench, plan: Plan) -> ChangedSamples:
    """Return the samples that ``plan`` changes; applies and evaluates it."""
    selection = selection_of(bench, plan)
    with planned(bench, plan, selection) as module:
        outcome = evaluate(module, bench.splits.validation, bench.metric, bench.batch)
    return find_changed(bench, plan, outcome, recovered=False)


def find_changed(bench: Workbench, plan: Plan, outcome: Outcome, recovered: bool) -> ChangedSamples:
    """Return the samples whose class differs from the dense model's; without classes, the score.

    Args:
        bench: Of the study; its dense outcome is compared.
        plan: What was pruned.
        outcome: Of the pruned model on the validation split.
        recovered: Whether its weights are the fine-tuned ones.
    """
    dense = bench.dense
    samples = len(dense.score)
    one, two = dense.predicted, outcome.predicted
    by_class = one is not None and two is not None and len(one) == len(two) == samples
    if by_class and one is not None and two is not None:
        differ = one != two
    else:
        differ = (dense.score - outcome.score).abs() > 1e-6 * dense.score.abs().clamp(min=1)
    lost = on_host(differ & (outcome.score < dense.score))
    won = on_host(differ & (outcome.score > dense.score))
    rest = on_host(differ) & ~lost & ~won
    places = [part.nonzero().flatten() for part in (lost, won, rest)]
    share = 2 * MOST_SHOWN // 3  # of what was lost; the rest is filled up with either
    order = torch.cat([places[0][:share], places[1], places[0][share:], places[2]])
    shown = [_sample(bench, outcome, int(index), by_class) for index in order[:MOST_SHOWN]]
    return ChangedSamples(
        plan.digest, recovered, samples, int(differ.sum()), int(lost.sum()), int(won.sum()),
        tuple(shown),
    )  # fmt: skip


def _sample(bench: Workbench, outcome: Outcome, index: int, by_class: bool) -> ChangedSample:
    validation = bench.splits.validation
    names = bench.splits.classes
    inputs = validation.chunk(index, index + 1).inputs
    picture = _picture(inputs[0]) if isinstance(inputs, Tensor) else ""
    one, two = bench.dense.predicted, outcome.predicted
    if not by_class or one is None or two is None:
        words = words_of(bench.manifest)
        if words.metric.over_set:  # one sample has no score of its own
            return ChangedSample(index, "", "", "", picture)
        before, after = (words.score(each.score[index].item()) for each in (bench.dense, outcome))
        return ChangedSample(index, "", before, after, picture)
    targets = validation.targets
    by_label = isinstance(targets, Tensor) and targets.ndim == 1
    target = "" if not by_label else _name(names, int(targets[index]))
    return ChangedSample(
        index, target, _name(names, int(one[index])), _name(names, int(two[index])), picture
    )


def _name(names: tuple[str, ...], place: int) -> str:
    return names[place] if 0 <= place < len(names) else str(place)


def _picture(tensor: Tensor) -> str:
    """A sample that has the shape of an image, from its darkest to its brightest value."""
    if tensor.ndim != 3 or tensor.shape[0] not in _CHANNELS or not tensor.is_floating_point():
        return ""
    if not all(_SIDES[0] <= side <= _SIDES[1] for side in tensor.shape[1:]):
        return ""
    from PIL import Image

    values = on_host(tensor).float()
    low, high = values.min(), values.max()
    grey = ((values - low) / (high - low).clamp(min=1e-9) * 255).round().to(torch.uint8)
    pixels = grey[0].numpy() if len(grey) == 1 else grey.movedim(0, -1).numpy()
    image = Image.fromarray(pixels)
    image.thumbnail((_LARGEST, _LARGEST))
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True)
    return base64.b64encode(written.getvalue()).decode()
