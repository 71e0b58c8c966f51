"""The manifest of a study: where model and data come from, and all facts known about them."""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Self

from prunescope.errors import BadValue, DamagedFile, UnknownName
from prunescope.study.bounds import checked_reference
from prunescope.study.computations import PrecisionError
from prunescope.study.cut import Cut
from prunescope.study.method import BLOCK, Method, is_user_criterion
from prunescope.study.metric_summary import SHARE, MetricSummary
from prunescope.study.other_metric import OtherMetric
from prunescope.study.output_summary import OutputSummary
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

KEY_VALUE: Final = "key-value"
HEADS: Final = ("", KEY_VALUE)
"""Which heads are the units of grouped queries."""

LIVE: Final = "live:"
"""Begins the name of what was given as a live object in Python and is kept nowhere."""


@dataclass(frozen=True)
class OwnFile:
    """A file in the study's own folder.

    Attributes:
        name: In the folder itself.
        bytes: Its size.
        sha256: Of its bytes.
    """

    name: str
    bytes: int
    sha256: str

    def __post_init__(self) -> None:
        _require_plain(self.name)

    def within(self, folder: Path) -> Path:
        """Return its path."""
        return folder / self.name


@dataclass(frozen=True)
class Reference:
    """Where model, data and metric come from, as the user wrote them.

    Attributes:
        model: ``KIND:NAME`` such as ``sample:resnet20``, ``file.py:function``,
            ``package.module:function`` or ``file.pt2``; or ``study:FILE``, kept by the study.
        data: ``sample:fashion-mnist``, ``KIND:NAME?options`` such as ``imagefolder:DIR``,
            ``file.npz`` or ``file.py:function``; or ``study:FILE``.
        metric: A name, such as ``top-1``, ``perplexity`` or ``agreement``, or
            ``file.py:function``.
        weights: A safetensors file or a state dict, poured into the model; None for its own.
        random: Whether a model by name keeps random weights.
        loss: What gradients and training are taken of: a name or ``file.py:function``; empty for
            the usual one of the targets.
        outputs: Names of outputs that have to stay; none for all.
        also: Metrics that are stored beside ``metric``, which is drawn. Written as one text they
            follow it, with commas: ``Reference(metric="top-1,macro-f1")``.
        own_network: The captured network with these weights, as the study keeps it, with all of
            its outputs; from then on ``model`` only says where it came from.
        own_data: The samples, as the study keeps them on request.
        cut: The part of the model that is studied, where the whole cannot be captured.
        heads: ``key-value`` where key-value heads are the units of grouped queries; empty for
            those or query heads, whichever are more.
    """

    model: str
    data: str
    metric: str = "top-1"
    weights: str | None = None
    random: bool = False
    loss: str = ""
    outputs: tuple[str, ...] = ()
    own_network: OwnFile | None = None
    own_data: OwnFile | None = None
    also: tuple[str, ...] = ()
    cut: Cut | None = None
    heads: str = ""

    def __post_init__(self) -> None:
        if "," in self.metric:
            first, *others = (name.strip() for name in self.metric.split(","))
            object.__setattr__(self, "metric", first)
            object.__setattr__(self, "also", (*others, *self.also))
        named = [name for name in (self.metric, *self.also) if name]
        if len(set(named)) < len(named) or (self.also and len(named) < 1 + len(self.also)):
            raise BadValue(
                f"Expected different metrics with commas between, but got "
                f"{','.join((self.metric, *self.also))!r}. Name each once."
            )
        texts = (self.model, self.data, self.metric, self.weights, self.loss, *self.also)
        for text in texts:
            checked_reference(text or "")
        if self.heads not in HEADS:
            raise UnknownName.among("heads", self.heads, HEADS[1:])
        for text in (self.model, self.data):
            if text.startswith(KEPT):
                _require_plain(Path(text.removeprefix(KEPT)).name)

    def within(self, folder: Path | None) -> Self:
        """Return the reference with what the study in ``folder`` keeps as paths into it.

        >>> Reference("study:Net.pt2", "images.npz").within(Path("studies/mine")).model
        'studies/mine/Net.pt2'
        """
        if folder is None:
            return self
        located = replace(
            self, model=_located(self.model, folder), data=_located(self.data, folder),
            own_network=None, own_data=None,
        )  # fmt: skip
        if self.own_network is not None:
            model = str(self.own_network.within(folder))
            located = replace(located, model=model, weights=None, random=False)
        if self.own_data is not None:
            located = replace(located, data=str(self.own_data.within(folder)))
        return located

    def data_within(self, folder: Path | None) -> Self:
        """Return what the data are read by: as ``within``, but the model keeps its name.

        Pictures are prepared as the model's own weights want them, which its name tells and a
        network that the study keeps does not.
        """
        return replace(self.within(folder), model=self.model)


_PLAIN: Final = re.compile(r"[\w-][\w .+-]{0,200}\.(pt2|safetensors|npz)")


def _require_plain(name: str) -> None:
    """Refuse what would lead to more than a file of tensors: a study can come from anybody."""
    if not _PLAIN.fullmatch(name):
        raise DamagedFile(
            f"Expected a study to keep files such as network.pt2 or data.safetensors, but it names "
            f"{name[:80]!r}. Restore its manifest."
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
        metric: What scores are; of studies made before that was kept, percent.
        not_kept: Why the study does not keep its captured network; empty where it does, or where
            nothing was tried.
        outputs: What the network returns, and which of it the metric reads.
        free_layers: Layers that reach no output that the metric reads.
        precisions: What lower precisions than single do to the dense model, where any was used.
        other_metrics: What else is stored of every point, beside the metric that is drawn.
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
    metric: MetricSummary = SHARE
    not_kept: str = ""
    outputs: tuple[OutputSummary, ...] = ()
    free_layers: tuple[str, ...] = ()
    precisions: tuple[PrecisionError, ...] = ()
    other_metrics: tuple[OtherMetric, ...] = ()
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
        """Return what can be removed at one granularity; by default channels and heads.

        Those are the groups whose units meet in tensors; blocks leave whole (``leaving``).
        """
        return tuple(
            group
            for group in self.leaving()
            if (group.granularity != BLOCK if granularity is None else
                group.granularity == granularity)
        )  # fmt: skip

    def leaving(self) -> tuple[GroupSummary, ...]:
        """Return the groups whose units can be removed, and the blocks that can."""
        return tuple(group for group in self.groups if group.reason is None)

    @property
    def has_other_outputs(self) -> bool:
        """Whether the network returns more than one tensor: KL then looks at all of them."""
        return len(self.outputs) > 1

    @property
    def scale(self) -> float:
        """How far one sample's score may change: 1 for scores from 0 to 1."""
        return self.baseline.scale if self.baseline else 1.0

    def prunable(self) -> tuple[LayerSummary, ...]:
        """Return the layers whose weights can be pruned, in forward order."""
        return tuple(layer for layer in self.layers if layer.prunable)
