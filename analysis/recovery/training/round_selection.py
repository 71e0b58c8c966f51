"""What one round of a gradual schedule prunes, by scores on the network as it is tuned by then."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, fx, nn

from prunescope.bench.pruned import PruningMasks
from prunescope.bench.workbench import Workbench
from prunescope.capture.graph import Captured
from prunescope.capture.layers import Layer
from prunescope.capture.network import network_of
from prunescope.commands import next_steps
from prunescope.criteria.masks import mask, pattern_mask
from prunescope.criteria.registry import criterion
from prunescope.criteria.scores import Scores
from prunescope.errors import CannotPrune
from prunescope.recovery.training.rounds import share_left
from prunescope.removal import try_groups
from prunescope.study import pattern_of
from prunescope.study.method import BLOCK, UNITS
from prunescope.study.plan import Choice, Plan
from prunescope.study.removed_counts import removed_units


def require_rounds(plan: Plan) -> None:
    """Raise ``CannotPrune`` where ``plan`` cannot be reached little by little."""
    blocks = [name for name, choice in plan.active().items() if choice.granularity == BLOCK]
    if blocks:
        raise CannotPrune(
            f"Expected a plan of weights, channels and heads to reach in rounds, but {blocks[0]} "
            f"leaves as a whole block. Fine-tune it at once: {next_steps.rounds(1)}."
        )


def bench_of(bench: Workbench, student: nn.Module, smaller: bool) -> Workbench:
    """Return a bench on the same data whose network is ``student``.

    Args:
        bench: Of the dense network.
        student: That network, tuned; a copy of its own.
        smaller: Whether units of it are gone: then it has layers and groups of its own.
    """
    network, captured = bench.network, bench.network.captured
    if captured is None or not isinstance(student, fx.GraphModule):
        return replace(bench, network=replace(network, module=student))
    of_student = Captured(student, captured.example, captured.largest, free=captured.free)
    groups = try_groups(of_student).groups if smaller else bench.groups
    return replace(bench, network=network_of(of_student), groups=groups)


def round_selection(
    bench: Workbench,
    plan: Plan,
    number: int,
    rounds: int,
    gone: Mapping[str, tuple[int, ...]],
    zeros: Mapping[str, Tensor],
) -> PruningMasks:
    """Return what stays of the bench's network in round ``number``, from 1, of ``rounds``.

    What left before stays away; in the last round just as much has left as the plan says.

    Args:
        bench: Its network is the tuned one.
        plan: That is reached in the last round.
        number: Of the round.
        rounds: Of the schedule.
        gone: Numbers, in the dense network, of units that left before.
        zeros: Where weights were set to zero before, by parameter: bool like the weight now.

    Raises:
        CannotPrune: A criterion cannot score what is left.
    """
    scores = Scores(bench.network, bench.splits.calibration, bench.groups, bench.loss)
    layers = {layer.name: layer for layer in bench.network.prunable()}
    masks: dict[str, Tensor] = {}
    units: dict[str, Tensor] = {}
    for subject, choice in plan.active().items():
        if choice.granularity in UNITS:
            scored = _unit_scores(scores, choice, subject, plan.seed)
            total = len(scored) + len(gone.get(subject, ()))
            last = total - removed_units(total, choice.sparsity)
            stay = max(round(total * share_left(last / total, number, rounds)), last)
            keep = torch.ones(len(scored), dtype=torch.bool)
            keep[scored.argsort(stable=True)[: len(scored) - stay]] = False
            if not bool(keep.all()):
                units[subject] = keep
        else:
            layer = layers[subject]
            score = scores.by_parameter(choice.criterion, plan.seed)[layer.parameter]
            if layer.parameter in zeros:
                score = score.masked_fill(zeros[layer.parameter], -torch.inf)
            left = _mask(score, layer, choice, number, rounds)
            if left is not None:
                masks[layer.parameter] = left
    return PruningMasks(masks, units)


def _unit_scores(scores: Scores, choice: Choice, subject: str, seed: int) -> Tensor:
    known = scores.by_group(choice.criterion, seed)
    if subject not in known:
        raise CannotPrune(
            f"Expected {choice.criterion} to score the units of {subject} in the network that is "
            "tuned by then, but it finds nothing to read there. Prune at once: "
            f"{next_steps.rounds(1)}."
        )
    return known[subject]


def _mask(score: Tensor, layer: Layer, choice: Choice, number: int, rounds: int) -> Tensor | None:
    pattern = pattern_of(choice.granularity)
    if pattern is not None:
        share = share_left(pattern.kept / pattern.of, number, rounds)
        stay = max(round(pattern.of * share), pattern.kept)
        if stay == pattern.of:
            return None
        return pattern_mask(score, stay, pattern.of, layer.summary.input_dimension)
    removed = (
        1 - share_left(1 - choice.sparsity, number, rounds) if number < rounds else choice.sparsity
    )
    if not criterion(choice.criterion).per_row:
        return mask(score, removed)
    rows = score.movedim(layer.output_dimension, 0)
    return mask(rows, removed, per_row=True).movedim(0, layer.output_dimension)
