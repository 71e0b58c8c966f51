"""The manifest of a study: where model and data come from, and all facts known about them."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Self

from prunescope.errors import UnknownName
from prunescope.study.bounds import checked_reference
from prunescope.study.method import Method, is_user_criterion
from prunescope.study.soundness import Check
from prunescope.study.summaries import (
    Baseline,
    GraphSummary,
    GroupSummary,
    LayerSummary,
    MacTerm,
    MethodSummary,
    TensorSummary,
)

SCHEMA: Final = 1
MEASUREMENT_VERSION: Final = 2
"""Part of every measurement's key; raised whenever a change to the engine changes measurements.

A change to one recovery alone raises its ``study.recoveries.REVISIONS`` instead.
"""

KEPT: Final = "study:"
"""Begins a reference to a file that the study's own folder keeps, wherever the folder is moved."""

LIVE: Final = "live:"
"""Begins the name of what was given as a live object in Python and is kept nowhere."""


@dataclass(frozen=True)
class Reference:
    """Where model, data and metric come from, as the user wrote them.

    Attributes:
        model: ``sample:resnet20``, ``torchvision:resnet50``, ``file.py:function``,
            ``package.module:function`` or ``file.pt2``; or ``study:FILE``, kept by the study.
        data: ``sample:fashion-mnist``, ``imagefolder:DIR``, ``file.npz`` or ``file.py:function``;
            or ``study:FILE``.
        metric: ``top-1``, ``agreement`` or ``file.py:function``.
        weights: A safetensors file or a state dict, poured into the model; None for its own.
        random: Whether a torchvision model keeps random weights.
        outputs: Names of outputs that have to stay; none for all. A program that the study keeps
            has these alone.
    """

    model: str
    data: str
    metric: str = "top-1"
    weights: str | None = None
    random: bool = False
    outputs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for text in (self.model, self.data, self.metric, self.weights):
            checked_reference(text or "")

    def within(self, folder: Path | None) -> Self:
        """Return the reference with what the study in ``folder`` keeps as paths into it.

        >>> Reference("study:Net.pt2", "images.npz").within(Path("studies/mine")).model
        'studies/mine/Net.pt2'
        """
        if folder is None:
            return self
        return replace(
            self,
            model=_located(self.model, folder),
            data=_located(self.data, folder),
            outputs=() if self.model.startswith(KEPT) else self.outputs,
        )


def _located(text: str, folder: Path) -> str:
    """The path of a kept file; a name that leads out of the folder is cut to its last part."""
    if not text.startswith(KEPT):
        return text
    return str(folder / Path(text.removeprefix(KEPT)).name)


@dataclass(frozen=True)
class Manifest:
    """Model, data and metric of a study, with all facts that pages need without the model.

    Attributes:
        fingerprint: Hash of weights, graph, data and metric: a measurement's identity.
        parameters: Elements of all parameters.
        buffers: Elements of all buffers (running means and the like).
        bytes: Bytes of all parameters and buffers, dense.
        macs: Multiply-accumulates for one sample.
        activation_bytes: Largest sum of tensors alive at once for one sample.
        capture_problem: Why the model has no graph, else None.
        splits: Samples per split.
        environment: Versions and machine on which the study was made.
        methods: Every method the engine knows, with what keeps it from this model, if anything.
        tensors: Every parameter and saved buffer, shared ones once.
        mac_terms: What the multiply-accumulates are made of.
        graph: Shapes of everything that the graph computes; None without a graph.
        parts: The fingerprint's parts by name (weights, graph, data, metric), to say what differs.
        soundness: What was checked before the study was made, and how it came out.
        left_out: Points that sweeps could not measure, each with the reason.
    """

    reference: Reference
    fingerprint: str
    parameters: int
    buffers: int
    bytes: int
    macs: int
    activation_bytes: int
    layers: tuple[LayerSummary, ...]
    groups: tuple[GroupSummary, ...] = ()
    capture_problem: str | None = None
    splits: dict[str, int] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    baseline: Baseline | None = None
    environment: dict[str, str] = field(default_factory=dict)
    methods: tuple[MethodSummary, ...] = ()
    tensors: tuple[TensorSummary, ...] = ()
    mac_terms: tuple[MacTerm, ...] = ()
    graph: GraphSummary | None = None
    parts: dict[str, str] = field(default_factory=dict)
    soundness: tuple[Check, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)
    schema: int = SCHEMA

    def omissions(self) -> tuple[str, ...]:
        """Return what sweeps left out although it was offered, with the reason each.

        A group whose removal failed the check on this model's own samples, or a point whose
        network does not run.
        """
        groups = {g.name: g.reason for g in self.groups if g.reason is not None and g.units}
        return tuple(f"{name}: {reason}" for name, reason in (groups | self.left_out).items())

    def layer(self, name: str) -> LayerSummary:
        """Return the layer ``name``, or raise ``UnknownName`` with the closest names."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise UnknownName.among("layer", name, [layer.name for layer in self.layers])

    def group(self, name: str) -> GroupSummary:
        """Return the group ``name``, or raise ``UnknownName`` with the closest names."""
        for group in self.groups:
            if group.name == name:
                return group
        raise UnknownName.among("group", name, [group.name for group in self.groups])

    def named(self, method: Method) -> Method:
        """Return ``method`` as measurements name it: a function of the user's with its hash.

        ``mine.py:score`` is the last measured version of that function; every other method, and
        one that was never measured, is returned as it is.
        """
        if not is_user_criterion(method.criterion) or "#" in method.criterion:
            return method
        versions = [
            (summary.reason is None, version)
            for summary in self.methods
            if summary.name.startswith(f"{method.criterion}#")
            and (version := Method.parse(summary.name)).granularity == method.granularity
        ]
        usable = [version for is_usable, version in versions if is_usable]
        return [method, *(version for _, version in versions), *usable][-1]

    def removable(self, granularity: str | None = None) -> tuple[GroupSummary, ...]:
        """Return the groups whose units can be removed, of one granularity or of all."""
        return tuple(
            group
            for group in self.groups
            if group.reason is None and granularity in (None, group.granularity)
        )

    @property
    def scale(self) -> float:
        """How far one sample's score may change: 1 for scores from 0 to 1."""
        return self.baseline.scale if self.baseline else 1.0

    def prunable(self) -> tuple[LayerSummary, ...]:
        """Return the layers whose weights can be pruned, in forward order."""
        return tuple(layer for layer in self.layers if layer.prunable)
