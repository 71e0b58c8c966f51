"""A part of a model in its place, where only the part can be captured.

The part's inputs are recorded while the user's model runs on the user's data; what follows the
part stays as it is. With targets, scores are the whole model's: the rest runs behind the part.
Without, they say how much of the part's own outputs is left (``prunescope.bench.fidelity``).
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from prunescope.bench.device import device_of, move, on_host
from prunescope.bench.fidelity import FIDELITY, fidelity
from prunescope.capture.fresh_copy import fresh_copy
from prunescope.capture.graph import Inputs, call_arguments, copy_inputs
from prunescope.capture.largest_part import instead, part_inputs, parts
from prunescope.capture.network import Network, build_network
from prunescope.errors import BadValue, DataMismatch
from prunescope.removal import try_groups
from prunescope.sources.functions import is_function
from prunescope.sources.metrics import AGREEMENT, Metric, live_metric, load_metric, with_others
from prunescope.sources.models import load_model
from prunescope.sources.splits import Samples, Splits, split_by
from prunescope.store.trust import require_vouched
from prunescope.study import Reference
from prunescope.study.cut import Cut
from prunescope.user_code.guard import guarded

_BATCH: Final = 4
"""Samples that the user's model runs on at once while inputs are recorded."""

MetricLike = str | Callable[[Any, Any], Tensor]
"""A metric's name or reference, or a function ``(outputs, targets)`` → one score per sample."""

INPUTS: Final = "inputs"
TARGETS: Final = "targets"


def network_or_part(
    model: nn.Module, example: Inputs, outputs: tuple[str, ...] = ()
) -> tuple[Network, Cut | None]:
    """Return the network of ``model``, or that of its largest part that can be captured.

    A part stands in only where the capture of the whole stopped at a value that hangs on data, and
    where units can leave the part: weights of a model without a graph are pruned as they are.

    Args:
        model: In evaluation mode.
        example: Two samples, as the model takes them.
        outputs: Names of outputs that have to stay; of the whole model, so no part will do.
    """
    if outputs:
        return build_network(model, example, outputs), None
    network = build_network(model, example)
    if not network.stopped:
        return network, None
    whole = sum(parameter.numel() for parameter in model.parameters())
    for part in parts(model, example):
        try:
            own = build_network(part.module, part.example)
        except DataMismatch:
            continue
        if own.captured is not None and try_groups(own.captured).groups:
            size = sum(parameter.numel() for parameter in part.module.parameters())
            return own, Cut(part.name, network.stopped, size, whole)
    return network, None


def part_splits(model: nn.Module, cut: Cut, splits: Splits) -> Splits:
    """Return what the part is called with when ``model`` runs on ``splits``.

    Targets, where there are any, stand beside the model's own inputs: the rest of it needs both.

    Raises:
        DataMismatch: Batches give the part other sizes.
    """
    model = fresh_copy(model)
    device = device_of(model)

    def recorded(name: str) -> Samples:
        samples = splits.named(name)
        chunks = [samples.chunk(i, i + _BATCH) for i in range(0, len(samples), _BATCH)]
        batches = [
            _on_host(part_inputs(model, cut.part, move(chunk.inputs, device))) for chunk in chunks
        ]
        targets = {INPUTS: samples.inputs, TARGETS: samples.targets}
        return Samples(_joined(batches, cut.part), targets if cut.scores_whole else None)

    return split_by(recorded, splits.classes)


def scored(
    reference: Reference,
    network: Network,
    cut: Cut | None,
    model: nn.Module,
    splits: Splits,
    metric: MetricLike | None = None,
) -> tuple[Reference, Splits, Metric]:
    """Return reference, samples and metric of a network, or of the part that stands in for it.

    Args:
        reference: As the user wrote it.
        network: Of the model, or of its part.
        cut: Where it was cut, if it was.
        model: The user's.
        splits: The user's.
        metric: A name, a reference or a live function; None for that of the reference.
    """
    asked = reference.metric if metric is None else metric
    labelled = splits.validation.targets is not None
    if cut is None:
        metric = with_others(_loaded(asked, labelled), reference.also, labelled)
        return reference, splits, metric
    if reference.also:
        raise BadValue(
            f"Expected one metric for the part {cut.part} of a model that is not captured whole, "
            f"but got {','.join((reference.metric, *reference.also))}. Name one."
        )
    own = not isinstance(asked, str) or is_function(asked)
    cut = replace(cut, scores_whole=own or (labelled and asked not in (AGREEMENT, FIDELITY)))
    splits = part_splits(model, cut, splits)
    reference = replace(reference, cut=cut)
    return reference, splits, part_metric(asked, cut, network, model, splits)


def _loaded(metric: MetricLike, labelled: bool) -> Metric:
    if isinstance(metric, str):
        return load_metric(metric, labelled)
    return live_metric(metric, labelled)


def part_metric(
    metric: MetricLike, cut: Cut, network: Network, model: nn.Module, splits: Splits
) -> Metric:
    """Return the metric of the part ``cut``: of the whole model's outputs, or of the part's own.

    Args:
        metric: Of the whole.
        cut: Says which of the two.
        network: Of the part.
        model: The whole one, where its outputs are scored.
        splits: As the part takes them.
    """
    if not cut.scores_whole:
        return fidelity(network, splits.calibration)
    targets = splits.validation.targets[TARGETS]
    return of_whole_model(_loaded(metric, targets is not None), model, cut)


def whole_model(reference: Reference, folder: Path) -> nn.Module:
    """Return the user's model, of which the study in ``folder`` keeps only a part.

    Raises:
        NotTrusted: Nobody here vouched for its code.
        BadReference: It is not here.
    """
    named = replace(reference, own_network=None)
    return load_model(require_vouched(named, folder).within(folder))


def of_whole_model(metric: Metric, model: nn.Module, cut: Cut) -> Metric:
    """Return ``metric`` of what ``model`` returns, where its part gave the outputs at hand.

    Args:
        metric: Of the whole model's outputs and targets.
        model: The user's.
        cut: Names the part.
    """
    model = fresh_copy(model)
    part, device = part_of(model, cut), device_of(model)

    def whole(outputs: Any, inputs: Inputs) -> Any:
        args, kwargs = call_arguments(copy_inputs(move(inputs, device)))
        with (
            instead(part, lambda *_, **__: outputs),
            torch.no_grad(),
            guarded(f"the model to run behind {cut.part}", "Check its forward().", DataMismatch),
        ):
            return model(*args, **kwargs)

    def behind(score: Callable[[Any, Any], Tensor]) -> Callable[[Any, Any], Tensor]:
        return lambda outputs, targets: score(whole(outputs, targets[INPUTS]), targets[TARGETS])

    return replace(
        metric,
        score=behind(metric.score),
        states=None if metric.states is None else behind(metric.states),
        identity=f"{metric.identity} behind {cut.part}",
        has_classes=False,
    )


def _joined(batches: list[Inputs], part: str) -> Inputs:
    """The inputs of all batches as one."""
    leaves = [pytree.tree_leaves(batch) for batch in batches]
    spec = pytree.tree_structure(batches[0])
    if len({tuple(_shape(leaf) for leaf in batch) for batch in leaves}) > 1:
        raise DataMismatch(
            f"Expected every batch to reach {part} with the same sizes, but they differ. Give "
            "samples of one size."
        )
    columns = [
        torch.cat(column) if isinstance(column[0], Tensor) else column[0]
        for column in zip(*leaves, strict=True)
    ]
    joined: Inputs = pytree.tree_unflatten(columns, spec)
    return joined


def _on_host(inputs: Inputs) -> Inputs:
    moved: Inputs = pytree.tree_map(lambda x: on_host(x) if isinstance(x, Tensor) else x, inputs)
    return moved


def _shape(leaf: object) -> object:
    return tuple(leaf.shape[1:]) if isinstance(leaf, Tensor) else leaf


def part_of(model: nn.Module, cut: Cut) -> nn.Module:
    """Return the part of ``model`` that a study is about.

    Raises:
        BadValue: The model has no such part.
    """
    try:
        return model.get_submodule(cut.part)
    except AttributeError as error:
        raise BadValue(
            f"Expected a model with the part {cut.part}, but {type(model).__name__} has none. "
            "Give the model that the study was made with."
        ) from error
