"""Look at a model without measuring it."""

from dataclasses import dataclass, field, replace
from typing import cast

import torch
from torch import nn

from prunescope.bench.describe_manifest import describe
from prunescope.bench.grouped_queries import choose_heads
from prunescope.bench.studied_part import network_or_part
from prunescope.capture.graph import Inputs, take
from prunescope.capture.network import Network
from prunescope.capture.outputs import list_outputs
from prunescope.commands import next_steps
from prunescope.errors import BadReference
from prunescope.html_tables import table
from prunescope.model_kinds.registry import kind_of
from prunescope.removal import try_groups
from prunescope.sources.data import load_data
from prunescope.sources.models import load_model
from prunescope.study import GroupSummary, LayerSummary, Manifest, Reference
from prunescope.study.blocked import Blocked, blocked
from prunescope.study.bounds import parse_shape
from prunescope.study.coupled_groups import Freed, freed
from prunescope.study.cut import Cut
from prunescope.study.output_summary import OutputSummary
from prunescope.study.soundness import Check, concerns
from prunescope.text.blocking import blocking
from prunescope.text.cut import cut_sentence
from prunescope.text.outputs import uncounted
from prunescope.text.units import bytes_, count


@dataclass(frozen=True)
class Inspection:
    """What a model is made of; see ``prunescope.study.Manifest`` for the fields.

    Attributes:
        halves: Removable group → what half of its units free when they leave alone.
        everywhere: What half of the units of every group free together.
        soundness: What was checked of model and data, where there is data.
        unchecked: Why nothing was checked although there is data; else empty.
        blocked: Why outputs of layers stay, the reason that blocks most MACs first.
        outputs: What it returns; which of it counts is known where there is a metric.
        free_layers: Layers that reach no output that counts.
        cut: The part that all this is about, where the whole model cannot be captured.
    """

    model: str
    layers: tuple[LayerSummary, ...]
    groups: tuple[GroupSummary, ...]
    parameters: int
    bytes: int
    macs: int
    activation_bytes: int
    uncounted: tuple[str, ...]
    problem: str | None
    halves: dict[str, Freed] = field(default_factory=dict)
    everywhere: Freed | None = None
    soundness: tuple[Check, ...] = ()
    unchecked: str = ""
    blocked: tuple[Blocked, ...] = ()
    outputs: tuple[OutputSummary, ...] = ()
    free_layers: tuple[str, ...] = ()
    cut: Cut | None = None

    def _repr_html_(self) -> str:
        rows = [
            (layer.name, layer.kind, "×".join(map(str, layer.shape)), count(layer.parameters),
             count(layer.macs), layer.group or "", layer.reason or "")
            for layer in self.layers
        ]  # fmt: skip
        columns = ("layer", "kind", "shape", "parameters", "MACs", "group", "not prunable because")
        notes = [
            self.problem or cut_sentence(self.cut),
            f"{count(self.parameters)} parameters, {bytes_(self.bytes)}, {count(self.macs)} MACs "
            "per sample.",
            f"Not counted in MACs: {', '.join(self.uncounted)}." if self.uncounted else "",
            self.problem or "",
            *map(blocking, self.blocked),
            uncounted(self.outputs, self.free_layers),
            *(check.sentence for check in concerns(self.soundness)),
        ]
        return table(self.model, columns, rows, notes)


def inspect_model(reference: Reference, shape: str | None = None) -> Inspection:
    """Return what the model of ``reference`` is made of.

    Structure does not depend on weights, so a model by name without a weights file is looked at
    with random ones and no weights are downloaded.

    Args:
        reference: Its data may be empty; then ``shape`` or the model's own preprocessing gives
            the input.
        shape: Shape of one input without the batch, such as ``3,224,224``.
    """
    named = kind_of(reference.model)
    if named is not None and named[0].downloads and reference.weights is None:
        reference = replace(reference, random=True)
    return inspect_network(reference, load_model(reference), model_example(reference, shape))


def inspect_network(reference: Reference, model: nn.Module, example: Inputs) -> Inspection:
    """Return what ``model`` is made of.

    Args:
        reference: Names it.
        model: In evaluation mode; becomes the inspection's own.
        example: A batch of two samples, as the model takes them.
    """
    network, cut = network_or_part(model, example, reference.outputs)
    choose_heads(network, reference.heads)
    return inspection_of(replace(reference, cut=cut), network)


def inspection_of(
    reference: Reference, network: Network, described: Manifest | None = None
) -> Inspection:
    """Return what ``network`` is made of.

    Args:
        reference: Names it.
        network: Captured, or not.
        described: Its manifest with groups and costs, where there is one already.
    """
    parameters = {id(p): p for p in network.module.parameters()}.values()
    known = network.cost
    layers = tuple(layer.summary for layer in network.layers)
    groups: tuple[GroupSummary, ...] = ()
    halves: dict[str, Freed] = {}
    everywhere = None
    reasons: tuple[Blocked, ...] = ()
    if network.captured is not None and known is not None:
        if described is None:
            blank = Manifest(reference, "", known.parameters, 0, 0, known.macs, 0, layers)
            described = describe(blank, network.captured, try_groups(network.captured))
        layers, groups = described.layers, described.groups
        half = {group.name: group.units // 2 for group in described.removable()}
        halves = {name: freed(described, {name: units}) for name, units in half.items()}
        everywhere = freed(described, half)
        reasons = blocked(described)
    outputs = described.outputs if described is not None else ()
    if not outputs and network.captured is not None:
        outputs = tuple(
            OutputSummary(each.name, each.shape[1:], True, each.only)
            for each in list_outputs(network.captured, network.layers)
        )
    return Inspection(
        model=reference.model,
        layers=layers,
        groups=groups,
        parameters=sum(p.numel() for p in parameters),
        bytes=sum(t.numel() * t.element_size() for t in network.module.state_dict().values()),
        macs=known.macs if known else 0,
        activation_bytes=known.activation_bytes if known else 0,
        uncounted=known.uncounted if known else (),
        problem=network.problem,
        halves=halves,
        everywhere=everywhere,
        blocked=reasons,
        outputs=outputs,
        free_layers=described.free_layers if described is not None else (),
        cut=reference.cut if described is None else described.reference.cut,
    )


def model_example(reference: Reference, shape: str | None) -> Inputs:
    """Return two samples as the model of ``reference`` takes them, by shape, data or its own.

    Raises:
        BadValue: No such shape.
        BadReference: Nothing says what goes into the model.
    """
    if shape is not None:
        return torch.randn(2, *parse_shape(shape))
    if reference.data:
        return take(load_data(reference).calibration.inputs, slice(0, 2))
    named = kind_of(reference.model)
    if named is not None and (own := named[0].example(named[1])) is not None:
        return cast(Inputs, own)
    raise BadReference(
        f"Expected to know what goes into {reference.model}, but there is neither data nor a "
        f"shape. Add {next_steps.data_or_shape()}."
    )
